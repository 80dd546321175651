// Stub: one node at one address, and what may be asked of it.
//
// A call runs on its own completion queue and looks at the interrupt flag while it waits, so that
// Ctrl-C ends any call within kPollMs. Connecting is a step of its own: a caller that connects
// first knows that a failure to connect had no effect, and that a later failure may have had one.
// Thread-safe.

#ifndef DOCSTORE_CLIENT_STUB_H_
#define DOCSTORE_CLIENT_STUB_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "docstore/v1/cluster.grpc.pb.h"
#include "docstore/v1/collection.grpc.pb.h"
#include "docstore/v1/document.grpc.pb.h"

namespace docstore::client {

using Deadline = std::chrono::system_clock::time_point;

// How often a waiting call looks at the interrupt flag, in milliseconds.
inline constexpr int64_t kPollMs = 20;

// True once the user asked to stop; a null flag never does.
bool Interrupted(const std::atomic<bool>* flag);

// Waits for the next event of `queue`, cancelling `context` when `interrupted` becomes true.
// False when `give_up` passed first: no event was taken.
bool AwaitEvent(grpc::CompletionQueue* queue, grpc::ClientContext* context,
                const std::atomic<bool>* interrupted, Deadline give_up, void** tag, bool* ok);

// absl status of what a call ended with, details included.
absl::Status StatusOf(const grpc::Status& status);

class Stub {
 public:
  // `interrupted` may be null and must outlive the stub. Nothing is connected yet.
  Stub(std::string endpoint, const std::atomic<bool>* interrupted);

  const std::string& endpoint() const { return endpoint_; }
  const std::atomic<bool>* interrupted() const { return interrupted_; }

  // OK when there is a connection. UNAVAILABLE with the reason when the address refuses or does not
  // answer by `deadline`, CANCELLED when interrupted; neither had any effect.
  absl::Status Connect(Deadline deadline);

  // One call of one request and one response, by a generated Async method, for example
  //   stub.Call(stub.documents(), &v1::DocumentService::Stub::AsyncGet, request, deadline, &reply)
  template <typename Service, typename Request, typename Response>
  absl::Status Call(Service* service,
                    std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Service::*method)(
                        grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
                    const Request& request, Deadline deadline, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(deadline);
    grpc::CompletionQueue queue;
    grpc::Status status;
    auto reader = (service->*method)(&context, request, &queue);
    reader->Finish(response, &status, &queue);
    AwaitOnly(&queue, &context);
    return StatusOf(status);
  }

  // The same for a call of many responses, which `take` sees in order. DEADLINE_EXCEEDED when none
  // comes for `stall_ms`, unless that is 0.
  template <typename Service, typename Request, typename Response>
  absl::Status CallStream(Service* service,
                          std::unique_ptr<grpc::ClientAsyncReader<Response>> (Service::*method)(
                              grpc::ClientContext*, const Request&, grpc::CompletionQueue*, void*),
                          const Request& request, Deadline deadline, int64_t stall_ms,
                          const std::function<void(Response*)>& take) {
    grpc::ClientContext context;
    context.set_deadline(deadline);
    grpc::CompletionQueue queue;
    auto reader = (service->*method)(&context, request, &queue, nullptr);
    bool stalled = false;
    bool more = AwaitProgress(&queue, &context, stall_ms, &stalled);
    while (more) {
      Response response;
      reader->Read(&response, nullptr);
      more = AwaitProgress(&queue, &context, stall_ms, &stalled);
      if (more) take(&response);
    }
    grpc::Status status;
    reader->Finish(&status, nullptr);
    AwaitOnly(&queue, &context);
    return stalled ? StalledError(stall_ms) : StatusOf(status);
  }

  v1::DocumentService::Stub* documents() { return documents_.get(); }
  v1::CollectionService::Stub* collections() { return collections_.get(); }
  v1::ClusterService::Stub* cluster() { return cluster_.get(); }

 private:
  // Waits for the one event that is under way; true when it succeeded.
  bool AwaitOnly(grpc::CompletionQueue* queue, grpc::ClientContext* context);
  // The same; when it takes over `stall_ms`, if not 0, the call is cancelled and `stalled` set.
  bool AwaitProgress(grpc::CompletionQueue* queue, grpc::ClientContext* context, int64_t stall_ms,
                     bool* stalled);
  absl::Status StalledError(int64_t stall_ms) const;
  absl::Status WhyUnreachable();

  const std::string endpoint_;
  const std::atomic<bool>* const interrupted_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::DocumentService::Stub> documents_;
  const std::unique_ptr<v1::CollectionService::Stub> collections_;
  const std::unique_ptr<v1::ClusterService::Stub> cluster_;
};

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_STUB_H_
