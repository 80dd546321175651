#include "server/rpc/bulk_write.h"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "docstore/raw/v1/document.pb.h"
#include "server/base/mutex.h"
#include "server/rpc/document_reply.h"
#include "server/rpc/error.h"
#include "server/rpc/message_bytes.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/write_request.h"

namespace docstore::rpc {
namespace {

// The collection and id that `item` names; empty ones when it names none.
core::DocumentKey KeyOf(const raw::v1::BulkItem& item) {
  if (item.has_put()) return {item.put().collection(), item.put().id()};
  return {item.delete_().collection(), item.delete_().id()};
}

// It names a version, and may wait for that while later items go on.
bool MayWait(const raw::v1::BulkItem& item) {
  const raw::v1::Condition& condition =
      item.has_put() ? item.put().condition() : item.delete_().condition();
  return condition.has_if_version() || condition.has_context();
}

class BulkWriteReactor final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  BulkWriteReactor(const ServiceEnv& env, const grpc::CallbackServerContext* context)
      : env_(env), deadline_(context->deadline()) {
    const absl::StatusOr<node::Node*> node = env.node->Ready();
    if (!node.ok()) {
      Finish(ToGrpc(node.status()));
      return;
    }
    node_ = *node;
    {
      MutexLock lock(&mutex_);
      reading_ = true;
    }
    StartRead(&read_buffer_);
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      TakeMessage();
    } else {
      EndInput(InvalidField(reason::kBadCount, "end",
                            "the stream ended without end; send the number of items as the last "
                            "message"));
    }
    Advance();
  }

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(&mutex_);
      writing_ = false;
      open_items_ -= std::exchange(written_items_, 0);
      open_bytes_ -= std::exchange(written_bytes_, 0);
      if (!ok) caller_left_ = true;
    }
    Advance();
  }

  void OnCancel() override {
    {
      MutexLock lock(&mutex_);
      caller_left_ = true;
    }
    Advance();
  }

  void OnDone() override { delete this; }

 private:
  // What a thread that changed the state has to begin once it has let go of the mutex.
  enum class Action { kNothing, kWrite, kFinish };

  // An item between the stream and its result.
  struct Open {
    uint64_t index = 0;
    size_t bytes = 0;
    bool may_wait = false;
    core::DocumentKey key;  // as sent; the id may be empty
  };

  // Makes the message just read the current one.
  void TakeMessage() {
    raw::v1::BulkWriteRequest message;
    if (absl::Status status = ParseMessage(read_buffer_, &message); !status.ok()) {
      EndInput(std::move(status));
      return;
    }
    switch (message.part_case()) {
      case raw::v1::BulkWriteRequest::kItem: {
        raw::v1::BulkItems items;
        items.add_items()->Swap(message.mutable_item());
        TakeItems(&items);
        return;
      }
      case raw::v1::BulkWriteRequest::kItems:
        TakeItems(message.mutable_items());
        return;
      case raw::v1::BulkWriteRequest::kEnd:
        EndInput(CheckCount(message.end()));
        return;
      case raw::v1::BulkWriteRequest::PART_NOT_SET:
        EndInput(InvalidField(reason::kBadRequest, "part",
                              "a message without item, items and end; send one of them"));
    }
  }

  void TakeItems(raw::v1::BulkItems* items) {
    MutexLock lock(&mutex_);
    items_.Swap(items);
    next_item_ = 0;
    reading_ = false;
  }

  absl::Status CheckCount(uint64_t announced) {
    MutexLock lock(&mutex_);
    if (announced == taken_) return absl::OkStatus();
    return InvalidField(reason::kBadCount, "end",
                        absl::StrCat("end says ", announced, " items, but ", taken_,
                                     " arrived; send again what has no result"));
  }

  void EndInput(absl::Status outcome) {
    MutexLock lock(&mutex_);
    input_ended_ = true;
    outcome_ = std::move(outcome);
    reading_ = false;
  }

  // Submits what the window takes, then reads on, writes or finishes. One thread at a time: another
  // one leaves its part to the first.
  void Advance() {
    {
      MutexLock lock(&mutex_);
      advance_again_ = true;
      if (advancing_) return;
      advancing_ = true;
    }
    while (true) {
      Open open;
      raw::v1::BulkItem item;
      if (TakeNextItem(&open, &item)) {
        Submit(std::move(open), &item);
        continue;
      }
      bool read = false;
      Action action;
      {
        MutexLock lock(&mutex_);
        if (std::exchange(advance_again_, false)) continue;
        advancing_ = false;
        read = MayRead();
        if (read) reading_ = true;
        action = NextAction();
      }
      if (read) StartRead(&read_buffer_);
      Begin(action);
      return;
    }
  }

  bool HasItem() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return next_item_ < items_.items_size();
  }
  bool WindowIsFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return open_items_ >= kBulkItemsOpenMax || open_bytes_ >= kBulkBytesOpenMax;
  }
  bool MayRead() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !input_ended_ && !caller_left_ && !reading_ && !HasItem() && !WindowIsFull();
  }

  // The next item of the current message, unless it has to wait for room or for an item of its key.
  bool TakeNextItem(Open* open, raw::v1::BulkItem* item) {
    MutexLock lock(&mutex_);
    if (!HasItem() || WindowIsFull() || caller_left_) return false;
    raw::v1::BulkItem* next = items_.mutable_items(next_item_);
    open->key = KeyOf(*next);
    if (waiting_keys_.contains(open->key)) return false;
    open->index = taken_++;
    open->bytes = next->ByteSizeLong();
    open->may_wait = MayWait(*next);
    item->Swap(next);
    ++next_item_;
    ++open_items_;
    ++unanswered_;
    open_bytes_ += open->bytes;
    if (open->may_wait) waiting_keys_.insert(open->key);
    return true;
  }

  void Submit(Open open, raw::v1::BulkItem* item) {
    absl::StatusOr<core::ClientWrite> write = MakeWrite(item);
    if (!write.ok()) {
      Answer(open, "", write.status(), {});
      return;
    }
    env_.store->Warm(write->key);
    core::DocumentKey key = write->key;
    node_->Write(*std::move(write), [this, open = std::move(open), key = std::move(key)](
                                        absl::StatusOr<core::WriteResult> result) {
      if (!result.ok()) {
        Answer(open, "", RefusedWrite(result.status()), {});
        return;
      }
      const absl::Status status = VerdictStatus(env_, key, *result);
      Answer(open, key.id, status, status.ok() ? env_.tokens->Sign(result->version, key) : "",
             result->superseded);
    });
  }

  absl::StatusOr<core::ClientWrite> MakeWrite(raw::v1::BulkItem* item) {
    const int64_t wait_until_ms = WaitUntilMs(*env_.clock, deadline_);
    switch (item->operation_case()) {
      case raw::v1::BulkItem::kPut:
        return MakePut(env_, wait_until_ms, item->mutable_put());
      case raw::v1::BulkItem::kDelete:
        return MakeDelete(env_, wait_until_ms, item->delete_());
      case raw::v1::BulkItem::OPERATION_NOT_SET:
        break;
    }
    return InvalidField(reason::kBadRequest, "operation",
                        "an item with neither put nor delete; send one of them");
  }

  void Answer(const Open& open, const std::string& id, const absl::Status& status,
              std::string version, uint64_t superseded = 0) {
    raw::v1::BulkResult result;
    result.set_index(open.index);
    FillItemStatus(status, result.mutable_status());
    if (status.ok()) {
      result.set_id(id);
      result.set_version(std::move(version));
      result.set_superseded_siblings(static_cast<uint32_t>(superseded));
    }
    Action action;
    {
      MutexLock lock(&mutex_);
      results_.add_results()->Swap(&result);
      result_bytes_ += open.bytes;
      --unanswered_;
      if (open.may_wait) waiting_keys_.erase(open.key);
      action = NextAction();
    }
    Begin(action);
  }

  // Marks what it returns as begun.
  Action NextAction() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (caller_left_) {
      input_ended_ = true;
      results_.clear_results();
      items_.clear_items();
      next_item_ = 0;
    }
    if (!writing_ && results_.results_size() > 0) {
      writing_ = true;
      written_items_ = static_cast<size_t>(results_.results_size());
      written_bytes_ = std::exchange(result_bytes_, 0);
      results_.set_served_by(env_.node_name);
      write_buffer_ = SerializeMessage(results_);
      results_.clear_results();
      return Action::kWrite;
    }
    const bool at_rest = !advancing_ && !reading_ && !writing_ && unanswered_ == 0;
    if (!at_rest || !input_ended_ || HasItem() || finished_) return Action::kNothing;
    finished_ = true;
    return Action::kFinish;
  }

  // Nothing of this object may be touched after kFinish.
  void Begin(Action action) {
    if (action == Action::kWrite) StartWrite(&write_buffer_);
    if (action != Action::kFinish) return;
    absl::Status outcome;
    {
      MutexLock lock(&mutex_);
      outcome = caller_left_ ? absl::CancelledError("the caller went away") : outcome_;
    }
    Finish(ToGrpc(outcome));
  }

  const ServiceEnv& env_;
  const std::chrono::system_clock::time_point deadline_;
  node::Node* node_ = nullptr;
  grpc::ByteBuffer read_buffer_;   // owned by the read while reading_
  grpc::ByteBuffer write_buffer_;  // owned by the write while writing_

  Mutex mutex_;
  raw::v1::BulkItems items_ ABSL_GUARDED_BY(mutex_);  // the current message
  int next_item_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;       // items so far; index of the next
  size_t unanswered_ ABSL_GUARDED_BY(mutex_) = 0;    // items taken, without a result yet
  size_t open_items_ ABSL_GUARDED_BY(mutex_) = 0;    // items taken whose result has not left
  size_t open_bytes_ ABSL_GUARDED_BY(mutex_) = 0;    // of these
  size_t result_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // of the items in results_
  raw::v1::BulkWriteResponse results_ ABSL_GUARDED_BY(mutex_);
  size_t written_items_ ABSL_GUARDED_BY(mutex_) = 0;  // in the write under way
  size_t written_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Keys of items that may wait: a later item of such a key must not overtake.
  std::set<core::DocumentKey> waiting_keys_ ABSL_GUARDED_BY(mutex_);
  absl::Status outcome_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool advancing_ ABSL_GUARDED_BY(mutex_) = false;
  bool advance_again_ ABSL_GUARDED_BY(mutex_) = false;
  bool input_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool caller_left_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartBulkWrite(
    const ServiceEnv& env, const grpc::CallbackServerContext* context) {
  return new BulkWriteReactor(env, context);
}

}  // namespace docstore::rpc
