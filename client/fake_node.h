// FakeNode: a node in this process, for tests of the client: the public API over gRPC, on loopback.
//
// It keeps documents in a map, numbers its versions "v1", "v2", ... and fails on demand. It knows
// no replication: siblings are put in by hand. Thread-safe.

#ifndef DOCSTORE_CLIENT_FAKE_NODE_H_
#define DOCSTORE_CLIENT_FAKE_NODE_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "docstore/v1/cluster.grpc.pb.h"
#include "docstore/v1/collection.grpc.pb.h"
#include "docstore/v1/document.grpc.pb.h"

namespace docstore::client {

// `code` with an ErrorInfo of domain "docstore" and, unless empty, a field and an offset.
grpc::Status RefusalOf(grpc::StatusCode code, const std::string& reason, const std::string& message,
                       const std::string& field = "", int64_t offset = -1);

class FakeNode final : public v1::DocumentService::Service,
                       public v1::CollectionService::Service,
                       public v1::ClusterService::Service {
 public:
  explicit FakeNode(std::string name = "fake");
  ~FakeNode() override;

  // "127.0.0.1:PORT".
  const std::string& address() const { return address_; }
  // From now on its address refuses connections.
  void Stop();

  // All later calls end so, OK to serve again. Writes are not applied.
  void FailWith(const grpc::Status& status);
  // Writes are applied before they fail.
  void ApplyBeforeFailing();
  // Calls wait until they are cancelled.
  void Hang();
  // Bulk streams end with UNAVAILABLE after so many items were applied but the last not answered.
  void BreakBulkAfter(uint64_t items);
  // Bulk streams apply this item, counted from 0, and do not answer it.
  void WithholdAnswerTo(uint64_t index);
  // GetVersion finds none, as if the document had changed, so many times.
  void LoseVersions(int times);
  // Puts a version beside the others of a document; empty `json`: a tombstone.
  void AddSibling(const std::string& collection, const std::string& id, const std::string& json);
  // What GetStatus says; the name is added.
  void SetStatus(const v1::GetStatusResponse& status);
  void SetConvergence(const v1::WaitConvergedResponse& response);
  // What it holds, as the calls of an audit see it one after the other; the last stays.
  void SetContent(std::vector<v1::ListContentResponse> instants);

  uint64_t calls() const;
  // The winner's text; empty when there is no document.
  std::string JsonOf(const std::string& collection, const std::string& id) const;

  grpc::Status Get(grpc::ServerContext* context, const v1::GetRequest* request,
                   v1::GetResponse* response) override;
  grpc::Status GetVersion(grpc::ServerContext* context, const v1::GetVersionRequest* request,
                          v1::GetVersionResponse* response) override;
  grpc::Status Put(grpc::ServerContext* context, const v1::PutRequest* request,
                   v1::PutResponse* response) override;
  grpc::Status Delete(grpc::ServerContext* context, const v1::DeleteRequest* request,
                      v1::DeleteResponse* response) override;
  grpc::Status BatchGet(grpc::ServerContext* context, const v1::BatchGetRequest* request,
                        grpc::ServerWriter<v1::BatchGetResponse>* writer) override;
  grpc::Status BulkWrite(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::BulkWriteResponse, v1::BulkWriteRequest>* stream) override;
  grpc::Status List(grpc::ServerContext* context, const v1::ListRequest* request,
                    v1::ListResponse* response) override;
  grpc::Status ListConflicts(grpc::ServerContext* context, const v1::ListConflictsRequest* request,
                             v1::ListConflictsResponse* response) override;
  grpc::Status List(grpc::ServerContext* context, const v1::CollectionServiceListRequest* request,
                    v1::CollectionServiceListResponse* response) override;
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status WaitConverged(grpc::ServerContext* context, const v1::WaitConvergedRequest* request,
                             v1::WaitConvergedResponse* response) override;
  grpc::Status GetContentDigest(grpc::ServerContext* context,
                                const v1::GetContentDigestRequest* request,
                                grpc::ServerWriter<v1::GetContentDigestResponse>* writer) override;
  grpc::Status ListContent(grpc::ServerContext* context, const v1::ListContentRequest* request,
                           grpc::ServerWriter<v1::ListContentResponse>* writer) override;

 private:
  using Versions = std::vector<v1::Version>;  // the winner first

  // Counts a call and fails it if so ordered.
  grpc::Status Enter(grpc::ServerContext* context);
  grpc::Status PutLocked(const v1::PutRequest& request, v1::PutResponse* response);
  grpc::Status DeleteLocked(const v1::DeleteRequest& request, v1::DeleteResponse* response);
  void AnswerItem(const v1::BulkItem& item, uint64_t index, v1::BulkResult* result);
  v1::ListContentResponse TakeContent();
  Versions* FindLocked(const std::string& collection, const std::string& id);

  const std::string name_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, std::map<std::string, Versions>> documents_;
  uint64_t calls_ = 0;
  uint64_t versions_ = 0;
  uint64_t break_after_ = 0;
  uint64_t withheld_ = UINT64_MAX;
  int lost_versions_ = 0;
  bool hang_ = false;
  bool apply_first_ = false;
  grpc::Status failure_;
  v1::GetStatusResponse status_;
  v1::WaitConvergedResponse convergence_;
  std::vector<v1::ListContentResponse> contents_;
};

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_FAKE_NODE_H_
