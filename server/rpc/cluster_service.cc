#include "server/rpc/cluster_service.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/base/mutex.h"
#include "server/node/status.h"
#include "server/rpc/error.h"
#include "server/rpc/status_mapping.h"

namespace docstore::rpc {
namespace {

docstore::v1::NodeState StateOf(node::MemberState state) {
  switch (state) {
    case node::MemberState::kSelf:
      return docstore::v1::NODE_STATE_SELF;
    case node::MemberState::kConnected:
      return docstore::v1::NODE_STATE_CONNECTED;
    case node::MemberState::kUnreachable:
      return docstore::v1::NODE_STATE_UNREACHABLE;
  }
  return docstore::v1::NODE_STATE_UNSPECIFIED;
}

void FillNode(const node::MemberStatus& status, docstore::v1::Node* reply) {
  reply->set_name(status.member.name);
  reply->set_state(StateOf(status.state));
  reply->set_role(docstore::v1::NODE_ROLE_MASTER);
  reply->set_client_address(status.member.client_address);
  reply->set_peer_address(status.member.peer_address);
  reply->set_node_uuid(absl::BytesToHexString(status.member.node_uuid));
  reply->set_behind(status.behind);
  reply->set_ahead(status.ahead);
  reply->set_last_heard_ms(status.last_heard_ms);
  reply->set_sent_frames(status.sent_frames);
  reply->set_sent_bytes(status.sent_bytes);
  reply->set_received_frames(status.received_frames);
  reply->set_received_bytes(status.received_bytes);
  reply->set_last_error(status.last_error);
}

void FillStatus(const ServiceEnv& env, const node::ClusterStatus& status,
                docstore::v1::GetStatusResponse* reply) {
  reply->set_cluster_name(status.cluster_name);
  reply->set_seen_by(status.asked);
  reply->set_seen_at_ms(status.wall_ms);
  for (const node::MemberStatus& member : status.members) FillNode(member, reply->add_nodes());
  reply->set_converged(status.converged);
  reply->set_ready(status.ready);
  reply->set_collection_count(status.collections);
  reply->set_document_count(status.documents);
  reply->set_conflict_count(status.conflicts);
  reply->set_bytes_on_disk(status.bytes_on_disk);
  for (const std::string& alarm : status.alarms) reply->add_alarms(alarm);
  reply->set_server_version(env.server_version);
  reply->set_insecure(env.exposed);
}

// Milliseconds to wait: what is asked, but no longer than the caller listens.
absl::StatusOr<int64_t> TimeoutMs(const grpc::CallbackServerContext& context, uint32_t asked) {
  if (asked > kConvergeTimeoutMsMax) {
    return InvalidField(reason::kBadRequest, "timeout_ms",
                        absl::StrCat("timeout_ms: ", asked, " is over the limit of ",
                                     kConvergeTimeoutMsMax, "; ask for less, and again"));
  }
  const int64_t left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                              context.deadline() - std::chrono::system_clock::now())
                              .count();
  const int64_t timeout_ms = asked == 0 ? kConvergeTimeoutMsDefault : asked;
  return std::clamp<int64_t>(timeout_ms, 0, std::max<int64_t>(left_ms, 0));
}

// A call that may last: it ends with the node's answer or, when the caller leaves or the port shuts
// down, at once. Whoever comes second finds it ended.
class WaitReactor final : public grpc::ServerUnaryReactor {
 public:
  WaitReactor(const ServiceEnv& env, docstore::v1::WaitConvergedResponse* response)
      : env_(env), open_(std::make_shared<OpenCall>()) {
    MutexLock lock(&open_->mutex);
    open_->reactor = this;
    open_->response = response;
  }

  void Start(node::Node* node, int64_t timeout_ms) {
    // The answer may come after the call is gone.
    node->WaitConverged(timeout_ms, [open = open_, &env = env_](node::Convergence outcome) {
      MutexLock lock(&open->mutex);
      if (open->reactor == nullptr) return;
      Fill(env, outcome, open->response);
      std::exchange(open->reactor, nullptr)->Finish(grpc::Status::OK);
    });
  }

  void OnCancel() override {
    const std::shared_ptr<OpenCall> open = open_;
    MutexLock lock(&open->mutex);
    if (open->reactor == nullptr) return;
    std::exchange(open->reactor, nullptr)
        ->Finish(ToGrpc(absl::CancelledError("the call was given up")));
  }

  void OnDone() override { delete this; }

 private:
  struct OpenCall {
    Mutex mutex;
    WaitReactor* reactor ABSL_GUARDED_BY(mutex) = nullptr;  // null once ended
    docstore::v1::WaitConvergedResponse* response ABSL_GUARDED_BY(mutex) = nullptr;
  };

  static void Fill(const ServiceEnv& env, const node::Convergence& outcome,
                   docstore::v1::WaitConvergedResponse* response) {
    response->set_converged(outcome.converged);
    response->set_waited_ms(outcome.waited_ms);
    response->set_served_by(env.node_name);
    for (const node::Convergence::Behind& behind : outcome.behind) {
      auto* entry = response->add_behind();
      entry->set_name(behind.name);
      entry->set_reachable(behind.reachable);
      entry->set_missing(behind.missing);
    }
  }

  const ServiceEnv& env_;
  const std::shared_ptr<OpenCall> open_;
};

}  // namespace

grpc::ServerUnaryReactor* ClusterService::GetStatus(grpc::CallbackServerContext* context,
                                                    const docstore::v1::GetStatusRequest* request,
                                                    docstore::v1::GetStatusResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<node::Node*> node = env_.node->Any();
  if (!node.ok()) {
    reactor->Finish(ToGrpc(node.status()));
    return reactor;
  }
  (*node)->GetStatus([this, reactor, response](node::ClusterStatus status) {
    FillStatus(env_, status, response);
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

grpc::ServerUnaryReactor* ClusterService::WaitConverged(
    grpc::CallbackServerContext* context, const docstore::v1::WaitConvergedRequest* request,
    docstore::v1::WaitConvergedResponse* response) {
  const absl::StatusOr<int64_t> timeout_ms = TimeoutMs(*context, request->timeout_ms());
  const absl::StatusOr<node::Node*> node = env_.node->Any();
  if (!timeout_ms.ok() || !node.ok()) {
    grpc::ServerUnaryReactor* refused = context->DefaultReactor();
    refused->Finish(ToGrpc(timeout_ms.ok() ? node.status() : timeout_ms.status()));
    return refused;
  }
  auto* reactor = new WaitReactor(env_, response);
  reactor->Start(*node, *timeout_ms);
  return reactor;
}

}  // namespace docstore::rpc
