#include "server/node/node.h"

#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/byte_order.h"
#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/base/mutant.h"
#include "server/base/status_macros.h"

namespace docstore::node {
namespace {

constexpr size_t kUuidBytes = 16;

absl::Status CheckIdentity(const NodeOptions& options, const core::Recovered& recovered) {
  if (recovered.cluster_name != options.cluster_name) {
    return absl::FailedPreconditionError(
        absl::StrCat("this data directory belongs to cluster \"", recovered.cluster_name,
                     "\", not \"", options.cluster_name, "\": give --cluster ",
                     recovered.cluster_name, " or another --data directory"));
  }
  for (const core::Member& member : recovered.members) {
    if (member.node_uuid == recovered.node_uuid && member.name != options.name) {
      return absl::FailedPreconditionError(absl::StrCat(
          "this data directory belongs to node \"", member.name, "\", not \"", options.name,
          "\": give --name ", member.name, " or another --data directory"));
    }
  }
  return absl::OkStatus();
}

core::Member Self(const NodeOptions& options, const core::Recovered& recovered) {
  return {.name = options.name,
          .node_uuid = recovered.node_uuid,
          .peer_address = options.peer_address,
          .client_address = options.client_address};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Node>> Node::Open(NodeOptions options, NodeEnv env) {
  ASSIGN_OR_RETURN(core::Recovered recovered, env.store->Recover());
  if (recovered.node_uuid.empty()) {
    AppendBigEndian64(env.random->Next(), &recovered.node_uuid);
    AppendBigEndian64(env.random->Next(), &recovered.node_uuid);
    recovered.cluster_name = options.cluster_name;
    RETURN_IF_ERROR(env.store->Initialize(recovered.node_uuid, recovered.cluster_name));
  }
  CHECK(recovered.node_uuid.size() == kUuidBytes);
  RETURN_IF_ERROR(CheckIdentity(options, recovered));
  return std::unique_ptr<Node>(new Node(std::move(options), std::move(env), std::move(recovered)));
}

Node::Node(NodeOptions options, NodeEnv env, core::Recovered recovered)
    : options_(std::move(options)), env_(std::move(env)) {
  // Every link may find the same reason to end; it is told once.
  env_.fatal = [fatal = std::move(env_.fatal),
                ended = std::make_shared<std::atomic<bool>>(false)](const absl::Status& why) {
    if (!ended->exchange(true)) fatal(why);
  };
  core::Origin origin{env_.random->Next()};
  if (MUTANT("reuse-origin")) origin = core::Origin{HashBytes64(recovered.node_uuid)};
  identity_ = {.cluster_name = options_.cluster_name,
               .name = options_.name,
               .node_uuid = recovered.node_uuid,
               .origin = origin};
  const core::Member self = Self(options_, recovered);
  disk_reserve_ = std::make_unique<DiskReserve>(env_.disk_space, options_.min_free_disk_bytes);
  disk_reserve_->Check(env_.clock->MonotonicUs());
  pipeline_ = std::make_unique<Pipeline>(
      core::Replica(origin, recovered),
      Pipeline::Env{.clock = env_.clock,
                    .store = env_.store,
                    .core_executor = env_.core_executor,
                    .commit_executor = env_.commit_executor,
                    .on_commit =
                        [this](CommitNotice notice) {
                          env_.link_executor->Post([this, notice = std::move(notice)]() mutable {
                            mesh_->OnCommitted(std::move(notice));
                          });
                        },
                    .fatal = env_.fatal});
  mesh_ = std::make_unique<Mesh>(Mesh::Options{.self = self,
                                               .cluster_name = options_.cluster_name,
                                               .origin = origin,
                                               .key_proof = options_.key_proof,
                                               .seeds = options_.seeds,
                                               .members = std::move(recovered.members),
                                               .floor = options_.floor},
                                 Mesh::Env{.clock = env_.clock,
                                           .random = env_.random,
                                           .log = env_.log,
                                           .network = env_.network,
                                           .executor = env_.link_executor,
                                           .pipeline = pipeline_.get(),
                                           .disk_reserve = disk_reserve_.get(),
                                           .verify_key = options_.verify_key,
                                           .fatal = env_.fatal});
  // This node's own row: which name the disk belongs to.
  pipeline_->Submit(core::MemberMet{self});
}

Node::~Node() = default;

void Node::Start() {
  env_.link_executor->Post([this] { mesh_->Start(); });
}

void Node::Shutdown(absl::AnyInvocable<void()> done) {
  pipeline_->Close([this, done = std::move(done)]() mutable {
    env_.link_executor->Post(
        [this, done = std::move(done)]() mutable { mesh_->Stop(std::move(done)); });
  });
}

void Node::Write(core::ClientWrite write, WriteDone done) {
  if (disk_reserve_->low()) {
    done(absl::ResourceExhaustedError(disk_reserve_->Describe()));
    return;
  }
  if (mesh_->repairing()) {
    done(absl::UnavailableError("the node is being repaired by its peers"));
    return;
  }
  pipeline_->Write(std::move(write), std::move(done));
}

std::shared_ptr<const View> Node::view() const { return pipeline_->view(); }

void Node::GetStatus(absl::AnyInvocable<void(ClusterStatus)> done) {
  env_.link_executor->Post([this, done = std::move(done)]() mutable {
    const std::shared_ptr<const View> now = view();
    ClusterStatus status{.cluster_name = options_.cluster_name,
                         .asked = options_.name,
                         .wall_ms = env_.clock->WallMs(),
                         .bytes_on_disk = env_.store->BytesOnDisk(),
                         .origins = now->clock->origins().size()};
    mesh_->FillStatus(&status);
    absl::StatusOr<std::vector<core::CollectionRow>> collections = now->snapshot->ListCollections();
    if (collections.ok()) {
      status.collections = collections->size();
      for (const core::CollectionRow& row : *collections) {
        status.documents += row.documents;
        status.conflicts += row.conflicts;
      }
    } else {
      status.alarms.push_back(std::string(collections.status().message()));
    }
    done(std::move(status));
  });
}

void Node::WaitConverged(int64_t timeout_ms, absl::AnyInvocable<void(Convergence)> done) {
  env_.link_executor->Post([this, timeout_ms, done = std::move(done)]() mutable {
    mesh_->WaitConverged(timeout_ms, std::move(done));
  });
}

PeerStreamEvents* Node::AcceptStream(std::unique_ptr<PeerStream> stream) {
  return mesh_->Accept(std::move(stream));
}

PeerNetwork::Identity Node::identity() const { return identity_; }

bool Node::ready() const { return mesh_->ready(); }

}  // namespace docstore::node
