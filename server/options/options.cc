#include "server/options/options.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "server/base/status_macros.h"

namespace docstore::options {
namespace {

// Reads settings one by one; the error of each says which key it is and where its value stands.
class Checker {
 public:
  explicit Checker(const CommandLine& line) : line_(line) {}

  const std::string& Text(const char* key) const { return line_.settings.at(key).value; }

  absl::Status Invalid(const char* key, absl::string_view why) const {
    return absl::InvalidArgumentError(
        absl::StrCat(key, " (from ", line_.settings.at(key).source, "): ", why));
  }

  absl::StatusOr<Address> RequiredAddress(const char* key) const {
    absl::StatusOr<Address> address = ParseAddress(Text(key));
    if (!address.ok()) return Invalid(key, address.status().message());
    return address;
  }

  absl::StatusOr<std::optional<Address>> OptionalAddress(const char* key) const {
    if (Text(key).empty()) return std::optional<Address>();
    ASSIGN_OR_RETURN(Address address, RequiredAddress(key));
    if (address.is_wildcard()) {
      return Invalid(key, "others cannot reach a wildcard address; give a host name or address");
    }
    return std::optional<Address>(std::move(address));
  }

  absl::StatusOr<std::string> Name(const char* key, absl::string_view fallback) const {
    const std::string name(Text(key).empty() ? fallback : absl::string_view(Text(key)));
    const bool fits = !name.empty() && name.size() <= kNameBytesMax &&
                      std::all_of(name.begin(), name.end(), [](unsigned char c) {
                        return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
                      });
    if (fits) return name;
    return Invalid(key, absl::StrCat("\"", name, "\" is not 1 to ", kNameBytesMax,
                                     " letters, digits, '_', '.' or '-'; choose another"));
  }

 private:
  const CommandLine& line_;
};

absl::StatusOr<std::vector<std::string>> ReadSeeds(const Checker& check) {
  std::vector<std::string> seeds;
  for (absl::string_view text : absl::StrSplit(check.Text("seeds"), ',', absl::SkipWhitespace())) {
    const absl::StatusOr<Address> address = ParseAddress(absl::StripAsciiWhitespace(text));
    if (!address.ok()) return check.Invalid("seeds", address.status().message());
    if (address->port == 0) {
      return check.Invalid("seeds", absl::StrCat("\"", text, "\" has no port; name the peer port"));
    }
    const std::string seed = address->ToString();
    if (std::find(seeds.begin(), seeds.end(), seed) == seeds.end()) seeds.push_back(seed);
  }
  if (seeds.size() > kSeedsMax) {
    return check.Invalid("seeds", absl::StrCat(seeds.size(), " seeds, more than ", kSeedsMax,
                                               "; a few are enough, the rest is learnt"));
  }
  return seeds;
}

absl::Status CheckRole(const Checker& check) {
  const std::string& role = check.Text("role");
  if (role == "master") return absl::OkStatus();
  if (role == "replica") {
    return check.Invalid("role", "this release has masters only; leave --role out, or say master");
  }
  return check.Invalid("role", absl::StrCat("\"", role, "\" is no role; say master"));
}

absl::Status CheckExposure(const Checker& check, const Options& options) {
  if (options.insecure) return absl::OkStatus();
  const std::pair<const char*, const Address*> listeners[] = {
      {"listen", &options.listen},
      {"peer-listen", &options.peer_listen},
      {"http-listen", &options.http_listen}};
  for (const auto& [key, address] : listeners) {
    if (address->is_loopback()) continue;
    return check.Invalid(
        key, absl::StrCat(address->ToString(),
                          " is not a loopback address, and without TLS and authentication anybody "
                          "who reaches it can read and write everything; listen on 127.0.0.1, or "
                          "give --insecure if the network is closed to others"));
  }
  return absl::OkStatus();
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

}  // namespace

bool Options::exposed() const {
  return !listen.is_loopback() || !peer_listen.is_loopback() || !http_listen.is_loopback();
}

absl::StatusOr<Options> MakeOptions(const CommandLine& line, absl::string_view host_name) {
  const Checker check(line);
  Options options;
  ASSIGN_OR_RETURN(options.name, check.Name("name", host_name));
  ASSIGN_OR_RETURN(options.cluster, check.Name("cluster", ""));
  options.data = check.Text("data");
  if (options.data.empty()) return check.Invalid("data", "is empty; name a directory");
  ASSIGN_OR_RETURN(options.listen, check.RequiredAddress("listen"));
  ASSIGN_OR_RETURN(options.peer_listen, check.RequiredAddress("peer-listen"));
  ASSIGN_OR_RETURN(options.http_listen, check.RequiredAddress("http-listen"));
  ASSIGN_OR_RETURN(options.advertise, check.OptionalAddress("advertise"));
  ASSIGN_OR_RETURN(options.peer_advertise, check.OptionalAddress("peer-advertise"));
  ASSIGN_OR_RETURN(options.seeds, ReadSeeds(check));
  RETURN_IF_ERROR(CheckRole(check));
  options.insecure = check.Text("insecure") == "true";
  options.secret_file = check.Text("secret-file");
  if (!absl::SimpleAtoi(check.Text("document-bytes-max"), &options.document_bytes_max) ||
      options.document_bytes_max < 2 || options.document_bytes_max > kDocumentBytesCap) {
    return check.Invalid("document-bytes-max",
                         absl::StrCat("\"", check.Text("document-bytes-max"),
                                      "\" is not a number of bytes from 2 to ", kDocumentBytesCap,
                                      "; choose one of these"));
  }
  if (!absl::SimpleAtoi(check.Text("min-free-disk"), &options.min_free_disk_bytes)) {
    return check.Invalid("min-free-disk",
                         absl::StrCat("\"", check.Text("min-free-disk"),
                                      "\" is not a number of bytes; 0 switches the limit off"));
  }
  if (!absl::SimpleAtoi(check.Text("dot-index-max"), &options.dot_index_max)) {
    return check.Invalid("dot-index-max", absl::StrCat("\"", check.Text("dot-index-max"),
                                                       "\" is not a number of writes"));
  }
  RETURN_IF_ERROR(CheckExposure(check, options));
  return options;
}

std::string FormatSettings(const CommandLine& line, absl::string_view host_name) {
  std::string text;
  for (const Key& key : Keys()) {
    Setting setting = line.settings.at(key.name);
    // `config` cannot stand in the file that it names.
    if (key.name == absl::string_view("config")) {
      if (!setting.value.empty()) {
        absl::StrAppend(&text, "# config = ", Quoted(setting.value), "  # ", setting.source, "\n");
      }
      continue;
    }
    if (key.name == absl::string_view("name") && setting.value.empty()) {
      setting = {std::string(host_name), "default: host name"};
    }
    std::string value = setting.value;
    if (key.kind == Kind::kText) value = Quoted(value);
    if (key.kind == Kind::kList) {
      const std::vector<std::string> items = absl::StrSplit(value, ',', absl::SkipEmpty());
      value = absl::StrCat("[",
                           absl::StrJoin(items, ", ",
                                         [](std::string* out, const auto& item) {
                                           absl::StrAppend(out, Quoted(item));
                                         }),
                           "]");
    }
    absl::StrAppend(&text, key.name, " = ", value, "  # ", setting.source, "\n");
  }
  return text;
}

std::string AdvertisedAddress(const std::optional<Address>& advertised, const Address& listen,
                              uint16_t real_port, absl::string_view host_name) {
  Address address = advertised.value_or(listen);
  if (!advertised.has_value() || address.port == 0) address.port = real_port;
  if (address.is_wildcard()) address.host = std::string(host_name);
  return address.ToString();
}

}  // namespace docstore::options
