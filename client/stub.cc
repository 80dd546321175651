#include "client/stub.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/error.h"

namespace docstore::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

// A reply holds at most 3 MiB, or one document of at most 8 MiB with its siblings' tokens.
constexpr int kReceiveBytesMax = 32 << 20;
// A node that comes back is found within a second.
constexpr int kReconnectBackoffMinMs = 100;
constexpr int kReconnectBackoffMaxMs = 1000;
// How long a call waits for a new try at an address that refused before.
constexpr int64_t kRetryRefusedMs = 250;
// How long finding the reason of a refusal may take.
constexpr int64_t kReasonMs = 200;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectBackoffMinMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectBackoffMaxMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectBackoffMaxMs);
  // Nodes are reached directly, whatever http_proxy says.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

// The last part of gRPC's nested message: "...: Connection refused".
std::string Reason(const std::string& message) {
  const size_t colon = message.rfind(": ");
  return colon == std::string::npos ? message : message.substr(colon + 2);
}

}  // namespace

bool Interrupted(const std::atomic<bool>* flag) { return flag != nullptr && flag->load(); }

bool AwaitEvent(grpc::CompletionQueue* queue, grpc::ClientContext* context,
                const std::atomic<bool>* interrupted, Deadline give_up, void** tag, bool* ok) {
  for (;;) {
    const auto now = system_clock::now();
    const auto slice = interrupted == nullptr ? give_up : now + milliseconds(kPollMs);
    const auto got = queue->AsyncNext(tag, ok, std::min(slice, give_up));
    if (got == grpc::CompletionQueue::GOT_EVENT) return true;
    if (got == grpc::CompletionQueue::SHUTDOWN) return false;
    if (Interrupted(interrupted)) context->TryCancel();
    if (system_clock::now() >= give_up) return false;
  }
}

absl::Status StatusOf(const grpc::Status& status) {
  return StatusFromCall(status.error_code(), status.error_message(), status.error_details());
}

Stub::Stub(std::string endpoint, const std::atomic<bool>* interrupted)
    : endpoint_(std::move(endpoint)),
      interrupted_(interrupted),
      channel_(MakeChannel(endpoint_)),
      documents_(v1::DocumentService::NewStub(channel_)),
      collections_(v1::CollectionService::NewStub(channel_)),
      cluster_(v1::ClusterService::NewStub(channel_)) {}

absl::Status Stub::Connect(Deadline deadline) {
  grpc_connectivity_state state = channel_->GetState(true);
  if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) {
    grpc::experimental::ChannelResetConnectionBackoff(channel_.get());
    channel_->WaitForStateChange(
        state, std::min(deadline, system_clock::now() + milliseconds(kRetryRefusedMs)));
  }
  for (;;) {
    state = channel_->GetState(true);
    if (state == GRPC_CHANNEL_READY) return absl::OkStatus();
    if (Interrupted(interrupted_)) return absl::CancelledError("interrupted before it was sent");
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) return WhyUnreachable();
    const auto now = system_clock::now();
    if (now >= deadline) {
      return absl::UnavailableError(absl::StrCat("cannot connect to ", endpoint_, " in time"));
    }
    channel_->WaitForStateChange(state, std::min(deadline, now + milliseconds(kPollMs)));
  }
}

// Only a call that fails says why the channel does; this one reads and so may not do harm.
absl::Status Stub::WhyUnreachable() {
  v1::GetStatusResponse response;
  const absl::Status status =
      Call(cluster_.get(), &v1::ClusterService::Stub::AsyncGetStatus, v1::GetStatusRequest(),
           system_clock::now() + milliseconds(kReasonMs), &response);
  if (status.ok()) return status;
  return absl::UnavailableError(
      absl::StrCat("cannot connect to ", endpoint_, ": ", Reason(std::string(status.message()))));
}

bool Stub::AwaitOnly(grpc::CompletionQueue* queue, grpc::ClientContext* context) {
  void* tag = nullptr;
  bool ok = false;
  // The call's own deadline ends the wait, so this has none.
  AwaitEvent(queue, context, interrupted_, Deadline::max(), &tag, &ok);
  return ok;
}

bool Stub::AwaitProgress(grpc::CompletionQueue* queue, grpc::ClientContext* context,
                         int64_t stall_ms, bool* stalled) {
  void* tag = nullptr;
  bool ok = false;
  const Deadline give_up =
      stall_ms == 0 ? Deadline::max() : system_clock::now() + milliseconds(stall_ms);
  if (AwaitEvent(queue, context, interrupted_, give_up, &tag, &ok)) return ok;
  *stalled = true;
  context->TryCancel();
  return AwaitOnly(queue, context);
}

absl::Status Stub::StalledError(int64_t stall_ms) const {
  return absl::DeadlineExceededError(
      absl::StrCat(endpoint_, " sent nothing for ", stall_ms / 1000, " s"));
}

}  // namespace docstore::client
