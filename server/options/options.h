// Options: what an operator asks of one docstored process, checked.
//
// settings.h gathers the texts from flags, environment and file; here they become values, and what
// cannot work is refused before anything starts.

#ifndef DOCSTORE_SERVER_OPTIONS_OPTIONS_H_
#define DOCSTORE_SERVER_OPTIONS_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/options/address.h"
#include "server/options/settings.h"

namespace docstore::options {

inline constexpr uint64_t kDocumentBytesCap = 8 << 20;
// Of a node's or a cluster's name.
inline constexpr size_t kNameBytesMax = 128;
inline constexpr size_t kSeedsMax = 1000;

struct Options {
  std::string name;
  std::string cluster;
  std::string data;
  Address listen;
  Address peer_listen;
  Address http_listen;
  std::optional<Address> advertise;
  std::optional<Address> peer_advertise;
  std::vector<std::string> seeds;  // host:port each, none twice
  bool insecure = false;
  std::string secret_file;  // empty: none
  uint64_t document_bytes_max = 0;
  uint64_t min_free_disk_bytes = 0;  // 0: any
  uint64_t dot_index_max = 0;

  // Listens on an address that is not loopback.
  bool exposed() const;
};

// INVALID_ARGUMENT names the key, where its value came from and what to do. `host_name` stands in
// for a missing name.
absl::StatusOr<Options> MakeOptions(const CommandLine& line, absl::string_view host_name);

// Every key with its value and source, one a line; itself a valid configuration file.
std::string FormatSettings(const CommandLine& line, absl::string_view host_name);

// What others are told to reach an address that is really listened on: `advertised` if given, with
// `real_port` where it says 0; else `listen` with the real port, and with `host_name` for a
// wildcard.
std::string AdvertisedAddress(const std::optional<Address>& advertised, const Address& listen,
                              uint16_t real_port, absl::string_view host_name);

}  // namespace docstore::options

#endif  // DOCSTORE_SERVER_OPTIONS_OPTIONS_H_
