#include "server/rpc/document_service.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "docstore/raw/v1/document.pb.h"
#include "server/base/status_macros.h"
#include "server/rpc/batch_get.h"
#include "server/rpc/bulk_write.h"
#include "server/rpc/document_reply.h"
#include "server/rpc/error.h"
#include "server/rpc/listing.h"
#include "server/rpc/message_bytes.h"
#include "server/rpc/request_key.h"
#include "server/rpc/status_mapping.h"
#include "server/rpc/write_request.h"

namespace docstore::rpc {
namespace {

absl::Status GetDocument(const ServiceEnv& env, const raw::v1::GetRequest& request,
                         raw::v1::GetResponse* reply) {
  RETURN_IF_ERROR(CheckKey(request.collection(), request.id()));
  ASSIGN_OR_RETURN(node::Node * node, env.node->Ready());
  const core::DocumentKey key{request.collection(), request.id()};
  ASSIGN_OR_RETURN(const core::Document document, node->view()->snapshot->ReadDocument(key));
  return FillDocument(env, key, document, request.include_siblings(), reply);
}

absl::Status GetOneVersion(const ServiceEnv& env, const raw::v1::GetVersionRequest& request,
                           raw::v1::GetVersionResponse* reply) {
  RETURN_IF_ERROR(CheckKey(request.collection(), request.id()));
  ASSIGN_OR_RETURN(node::Node * node, env.node->Ready());
  const core::DocumentKey key{request.collection(), request.id()};
  ASSIGN_OR_RETURN(const core::Token token, env.tokens->Verify(request.version(), key, "version"));
  const auto* named = std::get_if<core::VersionToken>(&token);
  if (named == nullptr) {
    return InvalidField(reason::kBadContext, "version",
                        "version is a resolve_context, which names no single version; send one of "
                        "sibling_versions");
  }
  ASSIGN_OR_RETURN(const core::Document document, node->view()->snapshot->ReadDocument(key));
  const core::Version* version = document.Find(named->dot);
  if (version == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kNotFound,
                 absl::StrCat("this node holds no such version of ", KeyText(key),
                              " now; read the document again"));
  }
  FillVersion(env, key, *version, /*with_json=*/true, reply->mutable_version());
  reply->set_served_by(env.node_name);
  return absl::OkStatus();
}

// Runs `answer(env, request, &reply)` and ends the call with its outcome.
template <typename Request, typename Reply>
grpc::ServerUnaryReactor* Answer(const ServiceEnv& env, grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer& bytes, grpc::ByteBuffer* response,
                                 absl::Status (*answer)(const ServiceEnv&, const Request&,
                                                        Reply*)) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Request request;
  Reply reply;
  absl::Status status = ParseMessage(bytes, &request);
  if (status.ok()) status = answer(env, request, &reply);
  if (status.ok()) *response = SerializeMessage(reply);
  reactor->Finish(ToGrpc(status));
  return reactor;
}

void FillWritten(const ServiceEnv& env, const core::DocumentKey& key,
                 const core::WriteResult& result, raw::v1::PutResponse* reply) {
  reply->set_id(key.id);
  reply->set_version(env.tokens->Sign(result.version, key));
  reply->set_superseded_siblings(static_cast<uint32_t>(result.superseded));
  reply->set_sibling_count(static_cast<uint32_t>(result.sibling_count));
  reply->set_served_by(env.node_name);
}

void FillWritten(const ServiceEnv& env, const core::DocumentKey& key,
                 const core::WriteResult& result, raw::v1::DeleteResponse* reply) {
  reply->set_version(env.tokens->Sign(result.version, key));
  reply->set_superseded_siblings(static_cast<uint32_t>(result.superseded));
  reply->set_sibling_count(static_cast<uint32_t>(result.sibling_count));
  reply->set_served_by(env.node_name);
}

// Hands `write` to the node; the call ends when it is durable or refused.
template <typename Reply>
absl::Status Submit(const ServiceEnv& env, absl::StatusOr<core::ClientWrite> write,
                    grpc::ServerUnaryReactor* reactor, grpc::ByteBuffer* response) {
  RETURN_IF_ERROR(write.status());
  ASSIGN_OR_RETURN(node::Node * node, env.node->Ready());
  env.store->Warm(write->key);
  core::DocumentKey key = write->key;
  node->Write(*std::move(write), [&env, reactor, response,
                                  key = std::move(key)](absl::StatusOr<core::WriteResult> result) {
    absl::Status status =
        result.ok() ? VerdictStatus(env, key, *result) : RefusedWrite(result.status());
    if (status.ok()) {
      Reply reply;
      FillWritten(env, key, *result, &reply);
      *response = SerializeMessage(reply);
    }
    reactor->Finish(ToGrpc(status));
  });
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* DocumentService::Get(grpc::CallbackServerContext* context,
                                               const grpc::ByteBuffer* request,
                                               grpc::ByteBuffer* response) {
  return Answer(env_, context, *request, response, GetDocument);
}

grpc::ServerUnaryReactor* DocumentService::GetVersion(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) {
  return Answer(env_, context, *request, response, GetOneVersion);
}

grpc::ServerUnaryReactor* DocumentService::Put(grpc::CallbackServerContext* context,
                                               const grpc::ByteBuffer* bytes,
                                               grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  raw::v1::PutRequest request;
  absl::Status status = ParseMessage(*bytes, &request);
  if (status.ok()) {
    status = Submit<raw::v1::PutResponse>(
        env_, MakePut(env_, WaitUntilMs(*env_.clock, context->deadline()), &request), reactor,
        response);
  }
  if (!status.ok()) reactor->Finish(ToGrpc(status));
  return reactor;
}

grpc::ServerUnaryReactor* DocumentService::Delete(grpc::CallbackServerContext* context,
                                                  const grpc::ByteBuffer* bytes,
                                                  grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  raw::v1::DeleteRequest request;
  absl::Status status = ParseMessage(*bytes, &request);
  if (status.ok()) {
    status = Submit<raw::v1::DeleteResponse>(
        env_, MakeDelete(env_, WaitUntilMs(*env_.clock, context->deadline()), request), reactor,
        response);
  }
  if (!status.ok()) reactor->Finish(ToGrpc(status));
  return reactor;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* DocumentService::BatchGet(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return StartBatchGet(env_, *request);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* DocumentService::BulkWrite(
    grpc::CallbackServerContext* context) {
  return StartBulkWrite(env_, context);
}

grpc::ServerUnaryReactor* DocumentService::List(grpc::CallbackServerContext* context,
                                                const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return Answer(env_, context, *request, response, ListDocuments);
}

grpc::ServerUnaryReactor* DocumentService::ListConflicts(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  return Answer(env_, context, *request, response, rpc::ListConflicts);
}

}  // namespace docstore::rpc
