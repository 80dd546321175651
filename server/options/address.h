// Address: host and port as operators write them, "host:port", with IPv6 hosts in brackets.
//
// Nothing is looked up: whether a host is loopback is decided by its text. Value type.

#ifndef DOCSTORE_SERVER_OPTIONS_ADDRESS_H_
#define DOCSTORE_SERVER_OPTIONS_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace docstore::options {

struct Address {
  std::string host;   // without brackets, not empty
  uint16_t port = 0;  // 0: any free port

  // "127.0.0.1:7421", "[::1]:7421"
  std::string ToString() const;
  // localhost, 127.0.0.0/8 or ::1.
  bool is_loopback() const;
  // 0.0.0.0 or ::, every interface: good to listen on, not to tell others.
  bool is_wildcard() const;
  friend bool operator==(const Address&, const Address&) = default;
};

// INVALID_ARGUMENT unless `text` is HOST:PORT with a port of 0 to 65535.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

}  // namespace docstore::options

#endif  // DOCSTORE_SERVER_OPTIONS_ADDRESS_H_
