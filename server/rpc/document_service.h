// DocumentService of docstore/v1/document.proto over one node.
//
// Reads run on the gRPC thread that brought the call, straight from the last committed view; they
// never wait behind the core. Writes are checked there, handed to the node and answered when they
// are durable. Messages are raw bytes; see server/rpc/raw for why. Thread-safe.

#ifndef DOCSTORE_SERVER_RPC_DOCUMENT_SERVICE_H_
#define DOCSTORE_SERVER_RPC_DOCUMENT_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "docstore/v1/document.grpc.pb.h"
#include "server/rpc/service_env.h"

namespace docstore::rpc {

// Every method of the service, with raw bytes in and out.
using RawDocumentService = docstore::v1::DocumentService::WithRawCallbackMethod_Get<
    docstore::v1::DocumentService::WithRawCallbackMethod_GetVersion<
        docstore::v1::DocumentService::WithRawCallbackMethod_Put<
            docstore::v1::DocumentService::WithRawCallbackMethod_Delete<
                docstore::v1::DocumentService::WithRawCallbackMethod_BatchGet<
                    docstore::v1::DocumentService::WithRawCallbackMethod_BulkWrite<
                        docstore::v1::DocumentService::WithRawCallbackMethod_List<
                            docstore::v1::DocumentService::WithRawCallbackMethod_ListConflicts<
                                docstore::v1::DocumentService::Service>>>>>>>>;

class DocumentService final : public RawDocumentService {
 public:
  // `env` must outlive the service.
  explicit DocumentService(const ServiceEnv* env) : env_(*env) {}

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                const grpc::ByteBuffer* request,
                                grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetVersion(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Put(grpc::CallbackServerContext* context,
                                const grpc::ByteBuffer* request,
                                grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* BatchGet(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* BulkWrite(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListConflicts(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;

 private:
  const ServiceEnv& env_;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_DOCUMENT_SERVICE_H_
