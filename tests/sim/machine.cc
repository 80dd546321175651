#include "tests/sim/machine.h"

#include <utility>

#include "server/base/check.h"

namespace docstore::sim {

class Machine::WatchedStore : public node::Store {
 public:
  WatchedStore(Machine* machine, std::unique_ptr<node::Store> store)
      : machine_(*machine), store_(std::move(store)) {}

  absl::StatusOr<core::Recovered> Recover() override {
    absl::StatusOr<core::Recovered> recovered = store_->Recover();
    if (recovered.ok()) machine_.owner_->OnRecovered(&machine_, *recovered);
    return recovered;
  }
  absl::Status Initialize(absl::string_view node_uuid, absl::string_view cluster_name) override {
    return store_->Initialize(node_uuid, cluster_name);
  }
  absl::Status Commit(const core::Rows& rows) override;
  std::shared_ptr<const node::Snapshot> TakeSnapshot() const override {
    return store_->TakeSnapshot();
  }
  void Warm(const core::DocumentKey& key) const override { store_->Warm(key); }
  uint64_t BytesOnDisk() const override { return store_->BytesOnDisk(); }

 private:
  Machine& machine_;
  const std::unique_ptr<node::Store> store_;
};

absl::Status Machine::WatchedStore::Commit(const core::Rows& rows) {
  const CommitFault fault = std::exchange(machine_.commit_fault_, CommitFault::kNone);
  if (fault == CommitFault::kError) return absl::UnavailableError("the disk cannot write");
  if (fault == CommitFault::kLost) {
    // Of what was handed to the disk its last batch is missing; there should be only one.
    machine_.disk_->set_sync_on_commit(false);
    CHECK_OK(store_->Commit(rows));
    machine_.disk_->LoseUnsynced(machine_.disk_->unsynced() - 1);
    machine_.disk_->set_sync_on_commit(true);
  } else {
    const std::shared_ptr<const node::Snapshot> before = store_->TakeSnapshot();
    const absl::Status status = store_->Commit(rows);
    if (!status.ok()) return status;
    machine_.owner_->OnCommitted(&machine_, rows, *before);
  }
  if (fault == CommitFault::kNone) return absl::OkStatus();
  machine_.End(absl::OkStatus());
  return absl::AbortedError("the process has ended");  // nobody hears it
}

Machine::Machine(int index, node::NodeOptions options, uint64_t seed, Owner* owner,
                 node::VirtualTime* time, node::VirtualNetwork* network)
    : index_(index),
      options_(std::move(options)),
      owner_(owner),
      time_(time),
      network_(network),
      clock_(time),
      random_(seed) {
  stored_.name = options_.name;
  image_stored_ = stored_;
}

void Machine::Start() {
  CHECK(!running());
  process_.reset();
  ended_ = false;
  paused_ = false;
  commit_fault_ = CommitFault::kNone;
  process_ = std::make_unique<node::VirtualProcess>(
      options_, time_, network_, disk_,
      node::VirtualMachine{.clock = &clock_,
                           .random = &random_,
                           .wrap_store =
                               [this](std::unique_ptr<node::Store> store) {
                                 return std::make_unique<WatchedStore>(this, std::move(store));
                               },
                           .on_fatal = [this](const absl::Status& why) { End(why); }});
  if (!process_->status().ok()) {
    End(process_->status());
    return;
  }
  stored_.origin = process_->node().identity().origin;
}

void Machine::Kill() {
  CHECK(process_ != nullptr);
  process_.reset();
  ended_ = false;
  paused_ = false;
  disk_->LoseUnsynced();
}

void Machine::SaveImage() {
  image_ = disk_->rows();
  image_stored_ = stored_;
}

void Machine::RestoreImage() {
  CHECK(!running());
  process_.reset();
  disk_ = std::make_shared<storage::MemoryDisk>(image_);
  stored_ = image_stored_;
}

void Machine::LoseDisk() {
  CHECK(!running());
  process_.reset();
  disk_ = std::make_shared<storage::MemoryDisk>();
  stored_ = Stored{.name = stored_.name};
}

void Machine::CopyDisk(const Machine& other) {
  CHECK(!running());
  disk_ = std::make_shared<storage::MemoryDisk>(other.disk_->rows());
  stored_ = other.stored_;
}

void Machine::SetPaused(bool paused) {
  paused_ = paused;
  process_->SetPaused(paused);
}

void Machine::End(const absl::Status& why) {
  if (ended_) return;
  ended_ = true;
  process_->Kill();
  owner_->OnEnded(this, why);
}

}  // namespace docstore::sim
