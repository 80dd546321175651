// ClusterService of docstore/v1/cluster.proto over one node. Thread-safe.
//
// It answers while the node still catches up, so that one can see why; only audits wait until then.

#ifndef DOCSTORE_SERVER_RPC_CLUSTER_SERVICE_H_
#define DOCSTORE_SERVER_RPC_CLUSTER_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>

#include "docstore/v1/cluster.grpc.pb.h"
#include "server/rpc/audit/content_audit.h"
#include "server/rpc/service_env.h"

namespace docstore::rpc {

inline constexpr uint32_t kConvergeTimeoutMsDefault = 30'000;
inline constexpr uint32_t kConvergeTimeoutMsMax = 3'600'000;

class ClusterService final : public docstore::v1::ClusterService::CallbackService {
 public:
  // `env` must outlive the service.
  explicit ClusterService(const ServiceEnv* env) : env_(*env), audit_(env) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const docstore::v1::GetStatusRequest* request,
                                      docstore::v1::GetStatusResponse* response) override;
  grpc::ServerUnaryReactor* WaitConverged(grpc::CallbackServerContext* context,
                                          const docstore::v1::WaitConvergedRequest* request,
                                          docstore::v1::WaitConvergedResponse* response) override;
  grpc::ServerWriteReactor<docstore::v1::GetContentDigestResponse>* GetContentDigest(
      grpc::CallbackServerContext* context,
      const docstore::v1::GetContentDigestRequest* request) override {
    return audit_.GetContentDigest(context, *request);
  }
  grpc::ServerWriteReactor<docstore::v1::ListContentResponse>* ListContent(
      grpc::CallbackServerContext* context,
      const docstore::v1::ListContentRequest* request) override {
    return audit_.ListContent(context, *request);
  }

 private:
  const ServiceEnv& env_;
  ContentAudit audit_;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_CLUSTER_SERVICE_H_
