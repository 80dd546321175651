#include "client/cluster_connection.h"

#include <chrono>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/bulk_stream.h"
#include "client/endpoint_ring.h"
#include "client/error.h"
#include "client/wire.h"

namespace docstore::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

// Time for the answer of WaitConverged to arrive after the server's own timeout.
constexpr int64_t kBarrierMarginMs = 10'000;
// For one call of an audit, which reads a node's whole store; nodes allow an hour.
constexpr int64_t kAuditDeadlineMs = 1'800'000;

enum class Effect { kRead, kWrite };

// Whether the next endpoint may be asked after a call that was sent ended with `status`.
bool MayGoOn(Effect effect, const absl::Status& status) {
  if (status.code() != absl::StatusCode::kUnavailable) return false;
  return effect == Effect::kRead || !DetailOf(status).reason.empty();
}

class ClusterConnection final : public Connection {
 public:
  ClusterConnection(const std::vector<std::string>& endpoints, const ConnectionOptions& options)
      : options_(options), ring_(endpoints, options.connect_timeout_ms, options.interrupted) {}

  absl::StatusOr<Document> Get(const std::string& collection, const std::string& id,
                               bool include_siblings) override {
    v1::GetRequest request;
    request.set_collection(collection);
    request.set_id(id);
    request.set_include_siblings(include_siblings);
    return Unary<Document>(&Stub::documents, &v1::DocumentService::Stub::AsyncGet, request);
  }

  absl::StatusOr<Version> GetVersion(const std::string& collection, const std::string& id,
                                     const std::string& version) override {
    v1::GetVersionRequest request;
    request.set_collection(collection);
    request.set_id(id);
    request.set_version(version);
    v1::GetVersionResponse response;
    const absl::Status status = Call(
        Effect::kRead, options_.deadline_ms, [&request, &response](Stub* stub, Deadline deadline) {
          return stub->Call(stub->documents(), &v1::DocumentService::Stub::AsyncGetVersion, request,
                            deadline, &response);
        });
    if (!status.ok()) return status;
    return FromWire(std::move(*response.mutable_version()));
  }

  absl::StatusOr<Written> Put(const std::string& collection, const std::string& id,
                              const std::string& json, const Condition& condition) override {
    v1::PutRequest request;
    request.set_collection(collection);
    request.set_id(id);
    request.set_json(json);
    if (condition.kind != Condition::Kind::kNone) ToWire(condition, request.mutable_condition());
    return Unary<Written>(&Stub::documents, &v1::DocumentService::Stub::AsyncPut, request,
                          Effect::kWrite);
  }

  absl::StatusOr<Written> Delete(const std::string& collection, const std::string& id,
                                 const Condition& condition) override {
    v1::DeleteRequest request;
    request.set_collection(collection);
    request.set_id(id);
    if (condition.kind != Condition::Kind::kNone) ToWire(condition, request.mutable_condition());
    auto written = Unary<Written>(&Stub::documents, &v1::DocumentService::Stub::AsyncDelete,
                                  request, Effect::kWrite);
    if (written.ok()) written->id = id;
    return written;
  }

  absl::StatusOr<std::vector<absl::StatusOr<Document>>> BatchGet(
      const std::string& collection, const std::vector<std::string>& ids,
      bool include_siblings) override;

  std::unique_ptr<BulkWriter> BulkWrite(const BulkOptions& options,
                                        BulkCallback callback) override {
    BulkStreamOptions stream;
    stream.resend_unanswered = options.resend_unanswered;
    stream.connect_deadline_ms = options_.deadline_ms;
    stream.stall_timeout_ms = options_.stall_timeout_ms;
    return MakeBulkStream(&ring_, stream, std::move(callback));
  }

  absl::StatusOr<ListPage> List(const ListQuery& query, const std::string& page_token) override;
  absl::StatusOr<ConflictPage> ListConflicts(const std::string& collection, uint32_t page_size,
                                             const std::string& page_token) override;
  absl::StatusOr<std::vector<Collection>> ListCollections() override;

  absl::StatusOr<ClusterStatus> GetStatus(int64_t deadline_ms) override {
    return Unary<ClusterStatus>(&Stub::cluster, &v1::ClusterService::Stub::AsyncGetStatus,
                                v1::GetStatusRequest(), Effect::kRead, deadline_ms);
  }

  absl::StatusOr<Convergence> WaitConverged(int64_t timeout_ms) override {
    v1::WaitConvergedRequest request;
    request.set_timeout_ms(static_cast<uint32_t>(timeout_ms));
    return Unary<Convergence>(&Stub::cluster, &v1::ClusterService::Stub::AsyncWaitConverged,
                              request, Effect::kRead, timeout_ms + kBarrierMarginMs);
  }

  absl::StatusOr<ContentDigest> GetContentDigest(const std::string& collection) override {
    v1::GetContentDigestRequest request;
    request.set_collection(collection);
    return Joined<ContentDigest, v1::GetContentDigestRequest, v1::GetContentDigestResponse>(
        &v1::ClusterService::Stub::AsyncGetContentDigest, request);
  }

  absl::StatusOr<Content> ListContent(const ContentQuery& query) override {
    v1::ListContentRequest request;
    ToWire(query, &request);
    return Joined<Content, v1::ListContentRequest, v1::ListContentResponse>(
        &v1::ClusterService::Stub::AsyncListContent, request);
  }

 private:
  // Runs `attempt(stub, deadline) -> absl::Status` at one endpoint after the other, as the head of
  // cluster_connection.h says.
  template <typename Attempt>
  absl::Status Call(Effect effect, int64_t deadline_ms, const Attempt& attempt) {
    const Deadline deadline =
        system_clock::now() + milliseconds(deadline_ms > 0 ? deadline_ms : options_.deadline_ms);
    Failures failures;
    const size_t first = ring_.first();
    for (size_t tried = 0, index = first; tried < ring_.size();
         ++tried, index = ring_.After(index)) {
      absl::Status status = ring_.Connect(index, deadline);
      if (status.ok()) {
        status = attempt(ring_.at(index), deadline);
        if (!MayGoOn(effect, status)) {
          ring_.Prefer(index);
          return effect == Effect::kWrite ? MarkAmbiguous(std::move(status)) : status;
        }
      } else if (status.code() == absl::StatusCode::kCancelled) {
        return status;
      }
      failures.Add(ring_.at(index)->endpoint(), std::move(status));
    }
    return failures.Join();
  }

  // One generated call whose response FromWire turns into a Result.
  template <typename Result, typename Service, typename Request, typename Response>
  absl::StatusOr<Result> Unary(Service* (Stub::*service)(),
                               std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (
                                   Service::*method)(grpc::ClientContext*, const Request&,
                                                     grpc::CompletionQueue*),
                               const Request& request, Effect effect = Effect::kRead,
                               int64_t deadline_ms = 0) {
    Response response;
    const absl::Status status = Call(effect, deadline_ms, [&](Stub* stub, Deadline deadline) {
      return stub->Call((stub->*service)(), method, request, deadline, &response);
    });
    if (!status.ok()) return status;
    return FromWire(std::move(response));
  }

  // One call of an audit, whose parts are joined.
  template <typename Result, typename Request, typename Response>
  absl::StatusOr<Result> Joined(
      std::unique_ptr<grpc::ClientAsyncReader<Response>> (v1::ClusterService::Stub::*method)(
          grpc::ClientContext*, const Request&, grpc::CompletionQueue*, void*),
      const Request& request) {
    Response joined;
    const absl::Status status =
        Call(Effect::kRead, options_.deadline_ms, [&](Stub* stub, Deadline) {
          joined.Clear();
          return stub->CallStream<v1::ClusterService::Stub, Request, Response>(
              stub->cluster(), method, request,
              system_clock::now() + milliseconds(kAuditDeadlineMs), options_.stall_timeout_ms,
              [&joined](Response* part) { joined.MergeFrom(*part); });
        });
    if (!status.ok()) return status;
    return FromWire(std::move(joined));
  }

  const ConnectionOptions options_;
  EndpointRing ring_;
};

absl::StatusOr<std::vector<absl::StatusOr<Document>>> ClusterConnection::BatchGet(
    const std::string& collection, const std::vector<std::string>& ids, bool include_siblings) {
  v1::BatchGetRequest request;
  request.set_collection(collection);
  for (const std::string& id : ids) request.add_ids(id);
  request.set_include_siblings(include_siblings);
  std::vector<absl::StatusOr<Document>> documents;
  const auto take = [&documents](v1::BatchGetResponse* response) {
    absl::Status status = StatusOf(response->status());
    if (status.ok()) {
      documents.push_back(FromWire(std::move(*response->mutable_document())));
    } else {
      documents.push_back(std::move(status));
    }
  };
  const absl::Status status =
      Call(Effect::kRead, options_.deadline_ms, [&](Stub* stub, Deadline deadline) {
        documents.clear();
        return stub
            ->CallStream<v1::DocumentService::Stub, v1::BatchGetRequest, v1::BatchGetResponse>(
                stub->documents(), &v1::DocumentService::Stub::AsyncBatchGet, request, deadline, 0,
                take);
      });
  if (!status.ok()) return status;
  if (documents.size() != ids.size()) {
    return absl::InternalError(absl::StrCat("BatchGet of ", ids.size(), " ids was answered by ",
                                            documents.size(), " documents"));
  }
  return documents;
}

absl::StatusOr<ListPage> ClusterConnection::List(const ListQuery& query,
                                                 const std::string& page_token) {
  v1::ListRequest request;
  request.set_collection(query.collection);
  request.set_from_id(query.from_id);
  request.set_to_id(query.to_id);
  request.set_prefix(query.prefix);
  request.set_page_size(query.page_size);
  request.set_page_token(page_token);
  request.set_ids_only(query.ids_only);
  v1::ListResponse response;
  const absl::Status status =
      Call(Effect::kRead, options_.deadline_ms, [&](Stub* stub, Deadline deadline) {
        return stub->Call(stub->documents(), &v1::DocumentService::Stub::AsyncList, request,
                          deadline, &response);
      });
  if (!status.ok()) return status;
  ListPage page;
  page.next_page_token = std::move(*response.mutable_next_page_token());
  for (v1::ListedDocument& document : *response.mutable_documents()) {
    page.documents.push_back(FromWire(std::move(document)));
  }
  return page;
}

// A page token is for the node that gave it, so ours names that endpoint: "<index>:<token>".
absl::StatusOr<ConflictPage> ClusterConnection::ListConflicts(const std::string& collection,
                                                              uint32_t page_size,
                                                              const std::string& page_token) {
  v1::ListConflictsRequest request;
  request.set_collection(collection);
  request.set_page_size(page_size);
  size_t index = 0;
  if (!page_token.empty()) {
    const size_t colon = page_token.find(':');
    if (colon == std::string::npos || !absl::SimpleAtoi(page_token.substr(0, colon), &index) ||
        index >= ring_.size()) {
      return absl::InvalidArgumentError("not a page token of this connection");
    }
    request.set_page_token(page_token.substr(colon + 1));
  }
  v1::ListConflictsResponse response;
  const auto attempt = [&](Stub* stub, Deadline deadline) {
    return stub->Call(stub->documents(), &v1::DocumentService::Stub::AsyncListConflicts, request,
                      deadline, &response);
  };
  absl::Status status;
  if (page_token.empty()) {
    status = Call(Effect::kRead, options_.deadline_ms, attempt);
    index = ring_.first();
  } else {
    const Deadline deadline = system_clock::now() + milliseconds(options_.deadline_ms);
    status = ring_.Connect(index, deadline);
    if (status.ok()) status = attempt(ring_.at(index), deadline);
  }
  if (!status.ok()) return status;
  ConflictPage page;
  if (!response.next_page_token().empty()) {
    page.next_page_token = absl::StrCat(index, ":", response.next_page_token());
  }
  for (v1::Conflict& conflict : *response.mutable_conflicts()) {
    page.conflicts.push_back(FromWire(std::move(conflict)));
  }
  return page;
}

absl::StatusOr<std::vector<Collection>> ClusterConnection::ListCollections() {
  v1::CollectionServiceListRequest request;
  v1::CollectionServiceListResponse response;
  const absl::Status status =
      Call(Effect::kRead, options_.deadline_ms, [&](Stub* stub, Deadline deadline) {
        return stub->Call(stub->collections(), &v1::CollectionService::Stub::AsyncList, request,
                          deadline, &response);
      });
  if (!status.ok()) return status;
  std::vector<Collection> collections;
  for (v1::Collection& collection : *response.mutable_collections()) {
    collections.push_back(FromWire(std::move(collection)));
  }
  return collections;
}

}  // namespace

std::unique_ptr<Connection> MakeClusterConnection(const std::vector<std::string>& endpoints,
                                                  const ConnectionOptions& options) {
  return std::make_unique<ClusterConnection>(endpoints, options);
}

}  // namespace docstore::client
