// Machine: one computer of a simulated cluster: its clock, its disk, and the process that runs on
// it now and then.
//
// The disk outlives the process. Between the node and its store sits a watch, which shows every
// commit to the machine's owner, and which can end the process while a commit is under way: with
// the rows on disk and nobody told, or without them. Not thread-safe.

#ifndef DOCSTORE_TESTS_SIM_MACHINE_H_
#define DOCSTORE_TESTS_SIM_MACHINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/core/effects.h"
#include "server/core/replica.h"
#include "server/node/env.h"
#include "server/node/node.h"
#include "server/node/virtual_cluster.h"
#include "server/node/virtual_network.h"
#include "server/node/virtual_time.h"
#include "server/storage/memory_store.h"
#include "server/storage/persistent_map.h"
#include "tests/sim/invariants.h"

namespace docstore::sim {

class Machine {
 public:
  // Hears what happens on its machines, in the midst of it.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnRecovered(Machine* machine, const core::Recovered& recovered) = 0;
    // `rows` are on disk; `before` shows the disk without them.
    virtual void OnCommitted(Machine* machine, const core::Rows& rows,
                             const node::Snapshot& before) = 0;
    // The process has ended by itself; an OK status when a commit fault was the cause.
    virtual void OnEnded(Machine* machine, const absl::Status& why) = 0;
  };
  enum class CommitFault {
    kNone,
    kLost,   // the process ends, the rows are not on disk
    kKept,   // the process ends, the rows are on disk
    kError,  // the disk says that it cannot write
  };

  // `owner`, `time` and `network` must outlive the machine.
  Machine(int index, node::NodeOptions options, uint64_t seed, Owner* owner,
          node::VirtualTime* time, node::VirtualNetwork* network);

  int index() const { return index_; }
  const node::NodeOptions& options() const { return options_; }
  const std::string& name() const { return options_.name; }
  const std::string& address() const { return options_.peer_address; }
  bool running() const { return process_ != nullptr && !ended_; }
  // Requires running().
  node::Node& node() { return process_->node(); }
  node::VirtualProcess& process() { return *process_; }
  node::VirtualClock& clock() { return clock_; }
  storage::MemoryDisk& disk() { return *disk_; }
  const Stored& stored() const { return stored_; }
  Stored& stored() { return stored_; }

  // Requires that it does not run. A node that refuses to open ends at once (OnEnded).
  void Start();
  // The power goes: everything that is not on disk is gone.
  void Kill();
  // Keeps an image of the disk as it is.
  void SaveImage();
  // Puts the disk back to the last image, or an empty one in its place. Requires that it does not
  // run.
  void RestoreImage();
  void LoseDisk();
  // Puts a copy of what `other` has on disk in place of this disk, with all that is known of it.
  void CopyDisk(const Machine& other);
  // Of the next commit. Ends with the process.
  void SetCommitFault(CommitFault fault) { commit_fault_ = fault; }
  bool paused() const { return paused_; }
  void SetPaused(bool paused);

 private:
  class WatchedStore;

  // The process ends from within one of its own tasks.
  void End(const absl::Status& why);

  const int index_;
  node::NodeOptions options_;
  Owner* const owner_;
  node::VirtualTime* const time_;
  node::VirtualNetwork* const network_;
  node::VirtualClock clock_;
  node::VirtualRandom random_;
  std::shared_ptr<storage::MemoryDisk> disk_ = std::make_shared<storage::MemoryDisk>();
  CommitFault commit_fault_ = CommitFault::kNone;
  bool ended_ = false;
  bool paused_ = false;
  Stored stored_;
  storage::PersistentMap image_;
  Stored image_stored_;
  std::unique_ptr<node::VirtualProcess> process_;
};

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_MACHINE_H_
