// VirtualCluster: whole nodes in one process, on virtual time, in-memory disks and a network that a
// test can break. The same seed gives the same run.
//
// A node's disk outlives it: Crash ends the process between two of its tasks, so what was stepped
// and not committed is lost; Start brings it back on the same disk, Wipe takes the disk. Tests
// assert on Dump, the text of what clients could see of a node, and on Residue, what its store
// holds besides. Not thread-safe.

#ifndef DOCSTORE_SERVER_NODE_VIRTUAL_CLUSTER_H_
#define DOCSTORE_SERVER_NODE_VIRTUAL_CLUSTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/document.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/node/env.h"
#include "server/node/floor_keeper.h"
#include "server/node/node.h"
#include "server/node/status.h"
#include "server/node/view.h"
#include "server/node/virtual_network.h"
#include "server/node/virtual_time.h"
#include "server/storage/memory_store.h"

namespace docstore::node {

constexpr int64_t kSecondUs = 1'000'000;
constexpr uint64_t kMinFreeDiskBytes = 1000;

// Keeps every line.
class VirtualLog : public Log {
 public:
  void Write(LogLevel level, absl::string_view line) override {
    lines_.emplace_back(line);
    if (level != LogLevel::kInfo) complaints_.emplace_back(line);
  }
  const std::vector<std::string>& lines() const { return lines_; }
  // Those above kInfo.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  std::vector<std::string> lines_;
  std::vector<std::string> complaints_;
};

// Says what the test has set.
class VirtualDiskSpace : public DiskSpace {
 public:
  absl::StatusOr<uint64_t> FreeBytes() const override { return bytes_; }
  void Set(uint64_t bytes) { bytes_ = bytes; }

 private:
  uint64_t bytes_ = uint64_t{1} << 40;
};

// What a process runs on, where it differs from the usual.
struct VirtualMachine {
  Clock* clock = nullptr;    // null: true time
  Random* random = nullptr;  // null: that of the time
  // Puts something between the node and its store.
  std::function<std::unique_ptr<Store>(std::unique_ptr<Store>)> wrap_store;
  std::function<void(const absl::Status&)> on_fatal;
};

// One process, from start to crash.
class VirtualProcess {
 public:
  // `time`, `network` and what `machine` points to must outlive the process.
  VirtualProcess(NodeOptions options, VirtualTime* time, VirtualNetwork* network,
                 std::shared_ptr<storage::MemoryDisk> disk, VirtualMachine machine = {});
  ~VirtualProcess();

  // Why the node could not be opened.
  const absl::Status& status() const { return status_; }
  Node& node() { return *node_; }
  const NodeOptions& options() const { return options_; }
  const VirtualLog& log() const { return log_; }
  // What the node called fatal with.
  const std::vector<absl::Status>& fatal() const { return fatal_; }
  // Nothing of the process runs any more. Needed only where it cannot be destroyed, as in one of
  // its own tasks.
  void Kill();
  // The process stands still, its connections stay open.
  void SetPaused(bool paused);
  // Only what commits stands still: a disk that hangs.
  void SetDiskPaused(bool paused) { commit_executor_.SetPaused(paused); }
  // Of commits from now on.
  void SetCommitLatency(int64_t us_max) { commit_executor_.SetLatency(us_max); }
  // The node keeps kMinFreeDiskBytes free.
  void SetFreeDisk(uint64_t bytes) { disk_space_.Set(bytes); }

 private:
  const NodeOptions options_;
  VirtualNetwork* const network_;
  VirtualLog log_;
  std::vector<absl::Status> fatal_;
  VirtualDiskSpace disk_space_;
  VirtualExecutor core_executor_;
  VirtualExecutor commit_executor_;
  VirtualExecutor link_executor_;
  VirtualNetwork::Host host_;
  std::unique_ptr<PeerNetwork> port_;
  std::unique_ptr<Store> store_;
  absl::Status status_;
  std::unique_ptr<Node> node_;
};

class VirtualCluster {
 public:
  explicit VirtualCluster(uint64_t seed = 1);
  ~VirtualCluster();

  // Options of a node called `name` at address "name:1" of cluster "test".
  static NodeOptions MakeOptions(const std::string& name, std::vector<std::string> seeds);
  static std::string AddressOf(const std::string& name) { return name + ":1"; }

  // Starts a process on the disk called as the node, new or not. `seeds` are names of nodes.
  VirtualProcess& Start(const std::string& name, const std::vector<std::string>& seeds);
  // As above; `disk` names the disk and the process, the node's name is in `options`.
  VirtualProcess& StartOn(const std::string& disk, NodeOptions options);
  // Starts it again with the options it had last.
  VirtualProcess& Restart(const std::string& name);
  void Crash(const std::string& name);
  // Takes the disk of a node that does not run.
  void Wipe(const std::string& name);
  bool running(const std::string& name) const { return processes_.contains(name); }
  VirtualProcess& process(const std::string& name) { return *processes_.at(name); }
  Node& node(const std::string& name) { return process(name).node(); }
  std::vector<std::string> names() const;  // of the processes that run

  // For processes that start from now on.
  FloorOptions& floor_options() { return floor_options_; }
  VirtualTime& time() { return time_; }
  VirtualNetwork& network() { return network_; }
  void RunFor(int64_t duration_us) { time_.RunFor(duration_us); }
  bool RunUntil(const std::function<bool()>& done, int64_t limit_us = 60 * kSecondUs) {
    return time_.RunUntil(done, limit_us);
  }

  // Runs until the write is answered.
  absl::StatusOr<core::WriteResult> Write(const std::string& name, core::ClientWrite write);
  // Puts `body`, unguarded; must be applied.
  core::WriteResult Put(const std::string& name, const std::string& id, const std::string& body);
  core::Document Read(const std::string& name, const core::DocumentKey& key);
  // Runs until the barrier at `name` is over.
  Convergence WaitConverged(const std::string& name, int64_t timeout_ms);
  ClusterStatus Status(const std::string& name);
  // Clock, and all live versions with bodies, as text: equal on all nodes that have converged.
  std::string Dump(const std::string& name);
  // Contexts, tombstones and rows of the dot index, as text: "" once all is reclaimed.
  std::string Residue(const std::string& name);
  // All running nodes have stored the same.
  bool AllEqual();
  // Runs until AllEqual.
  bool Settle(int64_t limit_us = 60 * kSecondUs);
  void CutAll(const std::string& name);

 private:
  static void VisitDocuments(
      const View& view,
      const std::function<void(const core::DocumentKey&, const core::Document&)>& visit);

  VirtualTime time_;
  VirtualNetwork network_;
  FloorOptions floor_options_;
  std::map<std::string, std::shared_ptr<storage::MemoryDisk>> disks_;
  std::map<std::string, NodeOptions> options_;
  std::map<std::string, std::unique_ptr<VirtualProcess>> processes_;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_VIRTUAL_CLUSTER_H_
