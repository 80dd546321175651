#include "server/rpc/collection_service.h"

#include <vector>

#include "absl/status/statusor.h"
#include "server/base/status_macros.h"
#include "server/rpc/status_mapping.h"

namespace docstore::rpc {
namespace {

absl::Status FillCollections(const ServiceEnv& env,
                             docstore::v1::CollectionServiceListResponse* response) {
  ASSIGN_OR_RETURN(node::Node * node, env.node->Ready());
  ASSIGN_OR_RETURN(const std::vector<core::CollectionRow> rows,
                   node->view()->snapshot->ListCollections());
  response->set_served_by(env.node_name);
  for (const core::CollectionRow& row : rows) {
    auto* collection = response->add_collections();
    collection->set_name(row.name);
    collection->set_document_count(row.documents);
    collection->set_conflict_count(row.conflicts);
    collection->set_json_bytes(row.body_bytes);
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* CollectionService::List(
    grpc::CallbackServerContext* context, const docstore::v1::CollectionServiceListRequest* request,
    docstore::v1::CollectionServiceListResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(FillCollections(env_, response)));
  return reactor;
}

}  // namespace docstore::rpc
