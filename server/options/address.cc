#include "server/options/address.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace docstore::options {
namespace {

// Of a whole host name, RFC 1035.
constexpr size_t kHostBytesMax = 253;

bool IsHostCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
}

bool IsHost(absl::string_view host, bool bracketed) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  for (const char c : host) {
    // In brackets an IPv6 address, which may name its zone: fe80::1%eth0.
    if (!IsHostCharacter(c) && !(bracketed && (c == ':' || c == '%'))) return false;
  }
  return true;
}

bool IsLoopbackV4(absl::string_view host) {
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (const absl::string_view part : parts) {
    uint32_t value;
    if (!absl::SimpleAtoi(part, &value) || value > 255) return false;
  }
  return true;
}

}  // namespace

std::string Address::ToString() const {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port)
                                      : absl::StrCat(host, ":", port);
}

bool Address::is_loopback() const {
  return host == "localhost" || host == "::1" || IsLoopbackV4(host);
}

bool Address::is_wildcard() const { return host == "0.0.0.0" || host == "::"; }

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  const auto invalid = [text] {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not HOST:PORT with a port of 0 to 65535"));
  };
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return invalid();
  absl::string_view host = text.substr(0, colon);
  const absl::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!IsHost(host, bracketed)) return invalid();
  uint32_t number;
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == absl::string_view::npos;
  if (!digits || !absl::SimpleAtoi(port, &number) || number > 65535) return invalid();
  return Address{.host = std::string(host), .port = static_cast<uint16_t>(number)};
}

}  // namespace docstore::options
