// CuttableNetwork: the wires between nodes on one machine, so that they can be cut.
//
// Each node has a front: a loopback port that the other nodes dial instead of the node's own peer
// port. A front knows who dials (socket_owner.h), so a cut works in both directions. One thread
// moves the bytes; it shares atomics with the callers and no lock.
// Thread-safe; the destructor ends all connections.

#ifndef DOCSTORE_CLIENT_DEMO_CUTTABLE_NETWORK_H_
#define DOCSTORE_CLIENT_DEMO_CUTTABLE_NETWORK_H_

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

namespace docstore::client::demo {

class CuttableNetwork {
 public:
  static constexpr size_t kNodesMax = 8;
  // Connections at once; more are closed at once.
  static constexpr size_t kLinesMax = 64;

  // Fronts for nodes 0 to `nodes` - 1 (1 to kNodesMax). UNAVAILABLE when the machine has no port or
  // thread to give.
  static absl::StatusOr<std::unique_ptr<CuttableNetwork>> Start(size_t nodes);
  ~CuttableNetwork();

  // Where the others reach `node`: "127.0.0.1:PORT", for as long as the network lives.
  std::string address(size_t node) const;

  // The process that dials as `node`; 0: none. Connections of unknown processes are closed.
  void SetProcess(size_t node, pid_t pid) { pids_[node] = pid; }
  // Where `node` itself listens; 0: nowhere, and those who dial it are closed.
  void SetPort(size_t node, uint16_t port) { ports_[node] = port; }

  // Cuts `node` from all others, or ends that. When it returns, no connection across a cut is left.
  void SetCut(size_t node, bool cut);
  bool cut(size_t node) const { return (cuts_.load() >> node & 1) != 0; }

 private:
  // One direction of a line: what was read from one end and not yet taken by the other.
  struct Flow {
    int from = -1;
    int to = -1;
    std::string pending;
    bool ended = false;  // `from` will say no more
  };
  // A connection from node `dialler` to node `dialled`.
  struct Line {
    size_t dialler;
    size_t dialled;
    Flow forth;
    Flow back;
  };

  explicit CuttableNetwork(size_t nodes) : nodes_(nodes) {}
  absl::Status Open();
  void Run();
  void DropCutLines();
  void Accept(size_t node);
  bool Passes(const Line& line) const;
  static void Close(const Line& line);
  // Moves what can be moved; false when the line is over.
  static bool Move(Line* line);

  const size_t nodes_;
  std::vector<int> fronts_;  // listening sockets, by node
  std::vector<uint16_t> front_ports_;
  int wake_ = -1;  // an eventfd

  std::array<std::atomic<pid_t>, kNodesMax> pids_ = {};
  std::array<std::atomic<uint16_t>, kNodesMax> ports_ = {};
  std::atomic<uint32_t> cuts_ = 0;     // one bit a node
  std::atomic<uint32_t> asked_ = 0;    // changes of cuts_
  std::atomic<uint32_t> applied_ = 0;  // as many of them are in effect
  std::atomic<bool> stopping_ = false;

  std::list<Line> lines_;  // of the thread
  std::thread thread_;
};

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_CUTTABLE_NETWORK_H_
