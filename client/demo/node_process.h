// NodeProcess: one docstored of the demo: its directory and, while it runs, its process.
//
// The process is in a group of its own, so that Ctrl-C on the terminal is not for it, and the
// kernel kills it when the thread that launched it ends in whatever way. One thread.

#ifndef DOCSTORE_CLIENT_DEMO_NODE_PROCESS_H_
#define DOCSTORE_CLIENT_DEMO_NODE_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace docstore::client::demo {

struct NodeProcessOptions {
  std::string program;  // path of docstored
  std::string name;
  std::string folder;        // holds the data directory and the log
  std::string peer_address;  // what the node tells others about itself
  std::vector<std::string> seeds;
};

class NodeProcess {
 public:
  explicit NodeProcess(NodeProcessOptions options) : options_(std::move(options)) {}
  NodeProcess(const NodeProcess&) = delete;
  ~NodeProcess() { Kill(); }

  // Starts the process and returns at once. The client port of the last time is taken again when it
  // is free. UNAVAILABLE when the system has no process to give.
  absl::Status Launch();

  // Whether it serves by now; client_address() and peer_port() hold from then on.
  // FAILED_PRECONDITION with the end of its log when the process has ended.
  absl::StatusOr<bool> Serves();

  // Ends the process by SIGKILL and waits for its end; does nothing when it does not run.
  void Kill();

  // Notices when the process has ended by itself.
  bool Running();

  const std::string& name() const { return options_.name; }
  pid_t pid() const { return pid_; }                                     // 0: does not run
  const std::string& client_address() const { return client_address_; }  // of the last start
  uint16_t peer_port() const { return peer_port_; }

 private:
  std::string InFolder(const char* suffix) const;
  bool ReadAddresses();
  std::string LogTail() const;

  const NodeProcessOptions options_;
  pid_t pid_ = 0;
  std::string client_address_;
  bool keeps_port_ = false;  // this launch asked for the port of the last one
  uint16_t peer_port_ = 0;
};

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_NODE_PROCESS_H_
