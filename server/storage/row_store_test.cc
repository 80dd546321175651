// What RowStore does when its engine fails; what it does otherwise is in store_test.cc.

#include "server/storage/row_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/node/env.h"
#include "server/storage/engine.h"
#include "server/storage/memory_store.h"
#include "server/storage/store_model.h"

namespace docstore::storage {
namespace {

// Fails its next write when told to, and then works again.
class FailingEngine : public Engine {
 public:
  std::unique_ptr<Batch> NewBatch() const override { return target_->NewBatch(); }
  absl::Status Write(Batch* batch) override {
    const absl::Status failure = std::exchange(failure_, absl::OkStatus());
    return failure.ok() ? target_->Write(batch) : failure;
  }
  std::unique_ptr<EngineSnapshot> TakeSnapshot() const override { return target_->TakeSnapshot(); }
  uint64_t BytesOnDisk() const override { return target_->BytesOnDisk(); }
  std::string location() const override { return "data directory d"; }
  bool needs_check() const override { return target_->needs_check(); }
  absl::Status MarkChecked() override { return target_->MarkChecked(); }

  void FailNextWrite(absl::Status failure) { failure_ = std::move(failure); }

 private:
  const std::shared_ptr<Engine> target_ = NewMemoryEngine(std::make_shared<MemoryDisk>());
  absl::Status failure_;
};

core::Rows OneDocument(uint64_t seq) {
  core::Rows rows;
  rows.documents.push_back({{"c", "a"}, MakeDocument({core::Origin{1}, seq}, seq, "{}"), {}});
  return rows;
}

TEST(RowStore, CommitsNothingAfterAFailure) {
  const auto engine = std::make_shared<FailingEngine>();
  const std::unique_ptr<node::Store> store = OpenRowStore(engine).value();
  ASSERT_EQ(store->Commit(OneDocument(1)), absl::OkStatus());
  const absl::Status full = absl::ResourceExhaustedError("the disk is full");
  engine->FailNextWrite(full);
  EXPECT_EQ(store->Commit(OneDocument(2)), full);
  EXPECT_EQ(store->Commit(OneDocument(3)), full);
  EXPECT_EQ(store->TakeSnapshot()->ReadDocument({"c", "a"})->ToString(), "{1:1@1} ctx {1:1}");
}

TEST(RowStore, SaysWhereAndWhatToDoWhenRowsAreDamaged) {
  const auto engine = std::make_shared<FailingEngine>();
  const std::unique_ptr<node::Store> store = OpenRowStore(engine).value();
  engine->FailNextWrite(absl::DataLossError("bad block"));
  EXPECT_EQ(store->Commit(OneDocument(1)),
            absl::DataLossError(
                "data directory d is damaged: bad block. Stop this node, move the directory away "
                "(keep it: it may hold writes that no other node has), and start the node again "
                "with an empty one: it refills from its peers"));
}

TEST(RowStore, DoesNotOpenWhenItsSchemaCannotBeWritten) {
  const auto engine = std::make_shared<FailingEngine>();
  engine->FailNextWrite(absl::InternalError("no"));
  EXPECT_EQ(OpenRowStore(engine).status(), absl::InternalError("no"));
}

}  // namespace
}  // namespace docstore::storage
