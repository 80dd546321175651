#include "client/bulk_stream.h"

#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/error.h"
#include "client/wire.h"

namespace docstore::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

// An item from Add until its answer.
struct Pending {
  uint64_t index = 0;  // as Add counted it
  std::string id;
  size_t bytes = 0;
  bool resendable = false;
  bool was_sent = false;  // on a stream that broke
  v1::BulkItem wire;      // kept after sending only when resendable
};

// The codes after which MarkAmbiguous marks a write; an item without an answer is always unknown.
absl::Status Unanswered(const std::string& endpoint, const absl::Status& stream) {
  absl::StatusCode code = stream.code();
  if (code != absl::StatusCode::kUnavailable && code != absl::StatusCode::kCancelled &&
      code != absl::StatusCode::kDeadlineExceeded && code != absl::StatusCode::kInternal) {
    code = absl::StatusCode::kUnknown;
  }
  return MarkAmbiguous(absl::Status(code, absl::StrCat(endpoint, ": ", stream.message())));
}

bool IsIdempotent(const BulkItem& item) {
  return !item.deletes && !item.id.empty() && item.condition.kind == Condition::Kind::kNone;
}

// One RPC: a write and a read may be under way at once.
class Call {
 public:
  enum class Event { kWrote, kRead, kBroken, kStalled };

  Call(Stub* stub, int64_t stall_timeout_ms) : stub_(stub), stall_timeout_ms_(stall_timeout_ms) {
    stream_ = stub->documents()->AsyncBulkWrite(&context_, &queue_, &start_tag_);
    void* tag = nullptr;
    bool ok = false;
    while (!Next(&tag, &ok)) {
      context_.TryCancel();
      stalled_ = true;
    }
    broken_ = !ok;
    if (ok) StartRead();
  }

  // Cancels what is under way.
  ~Call() {
    if (!finished_) {
      context_.TryCancel();
      Finish([](v1::BulkWriteResponse*) {}).IgnoreError();
    }
  }

  bool writing() const { return writing_; }
  bool broken() const { return broken_; }
  v1::BulkWriteResponse* response() { return &response_; }

  void StartWrite(const v1::BulkWriteRequest& request, bool last) {
    writing_ = true;
    if (last) {
      stream_->WriteLast(request, grpc::WriteOptions(), &write_tag_);
    } else {
      stream_->Write(request, &write_tag_);
    }
  }

  void StartRead() {
    reading_ = true;
    stream_->Read(&response_, &read_tag_);
  }

  // The next thing that happens; something must be under way.
  Event Await() {
    void* tag = nullptr;
    bool ok = false;
    if (!Next(&tag, &ok)) {
      context_.TryCancel();
      stalled_ = true;
      return Event::kStalled;
    }
    const bool wrote = tag == &write_tag_;
    (wrote ? writing_ : reading_) = false;
    if (!ok) {
      broken_ = true;
      return Event::kBroken;
    }
    return wrote ? Event::kWrote : Event::kRead;
  }

  // Ends the call and says how; answers that still arrive go to `take`.
  template <typename Take>
  absl::Status Finish(const Take& take) {
    while (reading_ || writing_) {
      if (Await() == Event::kRead) {
        take(&response_);
        StartRead();
      }
    }
    grpc::Status status;
    stream_->Finish(&status, &finish_tag_);
    void* tag = nullptr;
    bool ok = false;
    while (!Next(&tag, &ok)) context_.TryCancel();
    finished_ = true;
    if (stalled_) {
      return absl::DeadlineExceededError(
          absl::StrCat("no answer within ", stall_timeout_ms_, " ms"));
    }
    return StatusOf(status);
  }

 private:
  bool Next(void** tag, bool* ok) {
    return AwaitEvent(&queue_, &context_, stub_->interrupted(),
                      system_clock::now() + milliseconds(stall_timeout_ms_), tag, ok);
  }

  Stub* const stub_;
  const int64_t stall_timeout_ms_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::BulkWriteRequest, v1::BulkWriteResponse>>
      stream_;
  v1::BulkWriteResponse response_;
  bool reading_ = false;
  bool writing_ = false;
  bool broken_ = false;
  bool stalled_ = false;
  bool finished_ = false;
  // Only their addresses matter.
  char start_tag_ = 0, write_tag_ = 0, read_tag_ = 0, finish_tag_ = 0;
};

class BulkStream final : public BulkWriter {
 public:
  BulkStream(EndpointRing* ring, const BulkStreamOptions& options, BulkCallback callback)
      : ring_(ring), options_(options), callback_(std::move(callback)), next_(ring->first()) {}

  absl::Status Add(BulkItem item) override {
    Pending pending;
    pending.index = added_++;
    if (!dead_.ok()) {
      callback_(pending.index, dead_);
      return dead_;
    }
    pending.id = item.id;
    pending.bytes = item.json.size() + item.id.size() + item.collection.size() + 32;
    pending.resendable = options_.resend_unanswered && IsIdempotent(item);
    ToWire(std::move(item), &pending.wire);
    queued_bytes_ += pending.bytes;
    queue_.push_back(std::move(pending));
    while (dead_.ok() && (queue_.size() >= kMessageItems || queued_bytes_ >= kMessageBytes)) {
      SendMessage();
    }
    return dead_;
  }

  absl::Status Finish() override {
    while (dead_.ok() && (!queue_.empty() || !sent_.empty())) {
      if (!queue_.empty()) {
        SendMessage();
      } else {
        EndStream();
      }
    }
    if (dead_.ok() && call_ != nullptr) EndStream();
    return dead_.ok() ? broken_ : dead_;
  }

 private:
  // Opens a stream to the next endpoint that can be reached, when there is none.
  bool Open() {
    if (call_ != nullptr) return true;
    const Deadline deadline = system_clock::now() + milliseconds(options_.connect_deadline_ms);
    const absl::StatusOr<size_t> connected = ring_->ConnectFrom(next_, deadline);
    if (!connected.ok()) {
      Die(connected.status());
      return false;
    }
    next_ = *connected;
    stream_items_ = 0;
    call_ = std::make_unique<Call>(ring_->at(next_), options_.stall_timeout_ms);
    return true;
  }

  // Writes one message from the queue, after waiting for room.
  void SendMessage() {
    if (!Open()) return;
    while (call_->writing() || sent_.size() >= kWindowItems || sent_bytes_ >= kWindowBytes) {
      if (!Step()) return;
    }
    if (call_->broken()) {
      Break();
      return;
    }
    v1::BulkWriteRequest request;
    size_t bytes = 0;
    for (size_t items = 0; !queue_.empty() && items < kMessageItems; ++items) {
      Pending& pending = queue_.front();
      if (items > 0 && bytes + pending.bytes > kMessageBytes) break;
      bytes += pending.bytes;
      v1::BulkItem* wire = request.mutable_items()->add_items();
      if (pending.resendable) {
        *wire = pending.wire;
      } else {
        wire->Swap(&pending.wire);
      }
      if (pending.resendable) sent_keys_.emplace(KeyOf(pending.wire.put()), stream_items_);
      sent_.emplace(stream_items_++, std::move(pending));
      queue_.pop_front();
    }
    queued_bytes_ -= bytes;
    sent_bytes_ += bytes;
    call_->StartWrite(request, false);
  }

  // Says how many items were sent and takes the remaining answers.
  void EndStream() {
    while (call_->writing()) {
      if (!Step()) return;
    }
    v1::BulkWriteRequest request;
    request.set_end(stream_items_);
    if (!call_->broken()) call_->StartWrite(request, true);
    while (!call_->broken()) {
      if (call_->Await() != Call::Event::kRead) continue;
      Take(call_->response());
      call_->StartRead();
    }
    Break();
  }

  // Takes one event; false when the stream broke and is gone.
  bool Step() {
    switch (call_->Await()) {
      case Call::Event::kWrote:
        return true;
      case Call::Event::kRead:
        Take(call_->response());
        call_->StartRead();
        return true;
      case Call::Event::kStalled:
      case Call::Event::kBroken:
        Break();
        return false;
    }
    return false;
  }

  void Take(v1::BulkWriteResponse* response) {
    for (v1::BulkResult& result : *response->mutable_results()) {
      const auto found = sent_.find(result.index());
      if (found == sent_.end()) continue;
      const Pending pending = std::move(found->second);
      sent_bytes_ -= pending.bytes;
      sent_.erase(found);
      fruitless_ = 0;
      if (pending.resendable) KeepOrder(pending.wire.put(), result.index());
      const absl::Status status = StatusOf(result.status());
      if (!status.ok()) {
        callback_(pending.index, status);
        continue;
      }
      Written written;
      written.id = result.id().empty() ? pending.id : result.id();
      written.version = result.version();
      written.superseded_siblings = result.superseded_siblings();
      written.served_by = response->served_by();
      callback_(pending.index, written);
    }
  }

  static std::string KeyOf(const v1::PutRequest& put) {
    return absl::StrCat(put.collection(), "/", put.id());
  }

  // After the answer to item `position`: an earlier unanswered put of the same key must not be sent
  // again, it would undo this one.
  void KeepOrder(const v1::PutRequest& put, uint64_t position) {
    const std::string key = KeyOf(put);
    for (auto it = sent_keys_.lower_bound({key, 0});
         it != sent_keys_.end() && it->first == key && it->second <= position;
         it = sent_keys_.erase(it)) {
      const auto earlier = sent_.find(it->second);
      if (earlier != sent_.end()) earlier->second.resendable = false;
    }
  }

  // The stream has ended, in order or not: what is unanswered is sent again or given up.
  void Break() {
    absl::Status status =
        call_->Finish([this](v1::BulkWriteResponse* response) { Take(response); });
    call_.reset();
    if (status.ok()) ring_->Prefer(next_);
    if (sent_.empty() && (status.ok() || queue_.empty())) return;
    if (status.ok()) status = absl::UnknownError("the node ended the stream without an answer");
    const bool go_on =
        status.code() == absl::StatusCode::kUnavailable && fruitless_++ < 2 * ring_->size();
    const absl::Status unanswered = Unanswered(ring_->at(next_)->endpoint(), status);
    std::map<uint64_t, Pending> sent = std::move(sent_);
    sent_.clear();
    sent_keys_.clear();
    sent_bytes_ = 0;
    std::deque<Pending> again;
    for (auto& [position, pending] : sent) {
      if (go_on && pending.resendable) {
        pending.was_sent = true;
        queued_bytes_ += pending.bytes;
        again.push_back(std::move(pending));
      } else {
        broken_ = unanswered;
        callback_(pending.index, unanswered);
      }
    }
    queue_.insert(queue_.begin(), std::make_move_iterator(again.begin()),
                  std::make_move_iterator(again.end()));
    next_ = ring_->After(next_);
    if (!go_on) Die(status);
  }

  // No more can be sent. What was never sent had no effect; what waited to be sent again may have.
  void Die(const absl::Status& status) {
    dead_ = status;
    const absl::Status unanswered = Unanswered("after the connection broke", status);
    for (const Pending& pending : queue_) {
      callback_(pending.index, pending.was_sent ? unanswered : dead_);
    }
    queue_.clear();
    queued_bytes_ = 0;
  }

  EndpointRing* const ring_;
  const BulkStreamOptions options_;
  const BulkCallback callback_;
  size_t next_;  // endpoint of this stream, or to try first
  std::unique_ptr<Call> call_;
  uint64_t added_ = 0;
  uint64_t stream_items_ = 0;  // sent on this stream
  std::deque<Pending> queue_;  // not sent, in order
  size_t queued_bytes_ = 0;
  std::map<uint64_t, Pending> sent_;                      // by position in this stream
  std::set<std::pair<std::string, uint64_t>> sent_keys_;  // (key, position) of resendable ones
  size_t sent_bytes_ = 0;
  size_t fruitless_ = 0;  // streams that broke since the last answer
  absl::Status dead_;     // why nothing more is sent
  absl::Status broken_;   // why some item has no answer
};

}  // namespace

std::unique_ptr<BulkWriter> MakeBulkStream(EndpointRing* ring, const BulkStreamOptions& options,
                                           BulkCallback callback) {
  return std::make_unique<BulkStream>(ring, options, std::move(callback));
}

}  // namespace docstore::client
