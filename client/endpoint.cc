#include "client/endpoint.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace docstore::client {
namespace {

bool IsEndpoint(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || colon == 0) return false;
  const absl::string_view host = text.substr(0, colon);
  const absl::string_view port = text.substr(colon + 1);
  const bool bracketed = host.front() == '[' && host.back() == ']' && host.size() > 2;
  if (!bracketed && host.find_first_of(":[]") != absl::string_view::npos) return false;
  if (host.find_first_of(" /\t\n\"") != absl::string_view::npos) return false;
  int number = 0;
  if (port.empty() || port.find_first_not_of("0123456789") != absl::string_view::npos) return false;
  return absl::SimpleAtoi(port, &number) && number >= 1 && number <= 65535;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseEndpoints(absl::string_view list) {
  std::vector<std::string> endpoints;
  for (absl::string_view entry : absl::StrSplit(list, ',')) {
    entry = absl::StripAsciiWhitespace(entry);
    if (!IsEndpoint(entry)) {
      return absl::InvalidArgumentError(
          absl::StrCat("not a server address: \"", entry,
                       "\"; write HOST:PORT, several with commas: 127.0.0.1:7421,127.0.0.1:7431"));
    }
    if (endpoints.size() == kEndpointsMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("more than ", kEndpointsMax, " server addresses"));
    }
    endpoints.emplace_back(entry);
  }
  return endpoints;
}

}  // namespace docstore::client
