// CollectionService of docstore/v1/collection.proto over one node.
//
// Reads the last committed view on the thread that brought the call. Thread-safe.

#ifndef DOCSTORE_SERVER_RPC_COLLECTION_SERVICE_H_
#define DOCSTORE_SERVER_RPC_COLLECTION_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "docstore/v1/collection.grpc.pb.h"
#include "server/rpc/service_env.h"

namespace docstore::rpc {

class CollectionService final : public docstore::v1::CollectionService::CallbackService {
 public:
  // `env` must outlive the service.
  explicit CollectionService(const ServiceEnv* env) : env_(*env) {}

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const docstore::v1::CollectionServiceListRequest* request,
                                 docstore::v1::CollectionServiceListResponse* response) override;

 private:
  const ServiceEnv& env_;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_COLLECTION_SERVICE_H_
