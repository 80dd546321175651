// SocketOwner: which of some processes holds the other end of a connection on this machine.
//
// An accepted loopback connection says from which port it came; /proc says which socket has that
// port, and whose file descriptor that socket is. Works for processes of the same user. Stateless.

#ifndef DOCSTORE_CLIENT_DEMO_SOCKET_OWNER_H_
#define DOCSTORE_CLIENT_DEMO_SOCKET_OWNER_H_

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace docstore::client::demo {

// Reads `table`, the text of /proc/net/tcp or tcp6:
//
//   sl  local_address rem_address   st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ...
//   0: 0100007F:9C40 0100007F:1CFE 01 00000000:00000000 00:00000000 00000000  1000 0 424242 ...
//
// Returns the inodes of sockets from `local_port` to `remote_port`; lines it cannot read are
// skipped.
std::set<std::string> SocketInodes(absl::string_view table, uint16_t local_port,
                                   uint16_t remote_port);

// The first of `pids` that holds a TCP socket from `local_port` to `remote_port`; 0 when none does.
pid_t FindSocketOwner(uint16_t local_port, uint16_t remote_port, const std::vector<pid_t>& pids);

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_SOCKET_OWNER_H_
