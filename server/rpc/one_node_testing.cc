#include "server/rpc/one_node_testing.h"

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/core/document.h"
#include "server/core/effects.h"
#include "server/core/version_vector.h"
#include "server/storage/memory_store.h"

namespace docstore::rpc {

void HeldExecutor::Post(Task task) {
  MutexLock lock(&mutex_);
  if (holding_) {
    tasks_.push_back(std::move(task));
    changed_.SignalAll();
  } else {
    thread_.Post(std::move(task));
  }
}

void HeldExecutor::PostAfter(int64_t delay_us, Task task) {
  thread_.PostAfter(delay_us, std::move(task));
}

void HeldExecutor::Hold() {
  MutexLock lock(&mutex_);
  holding_ = true;
}

void HeldExecutor::Release() {
  MutexLock lock(&mutex_);
  holding_ = false;
  for (Task& task : tasks_) thread_.Post(std::move(task));
  tasks_.clear();
}

void HeldExecutor::AwaitHeldTask(size_t count) {
  MutexLock lock(&mutex_);
  while (tasks_.size() < count) changed_.Wait(&mutex_);
}

std::unique_ptr<node::PeerStream> EmptyNetwork::Dial(const std::string& address,
                                                     node::PeerStreamEvents* events) {
  class ClosedStream final : public node::PeerStream {
   public:
    void Send(core::Frame frame) override {}
    void Close() override {}
  };
  executor_->Post([events] { events->OnClosed(absl::UnavailableError("nobody there")); });
  return std::make_unique<ClosedStream>();
}

void EmptyNetwork::Identify(const std::string& address, int64_t timeout_ms,
                            absl::AnyInvocable<void(absl::StatusOr<Identity>)> done) {
  executor_->Post([done = std::move(done)]() mutable { done(absl::UnavailableError("nobody")); });
}

OneNode::OneNode(OneNodeOptions options) {
  auto store = storage::OpenMemoryStore(
      options.disk != nullptr ? options.disk : std::make_shared<storage::MemoryDisk>());
  CHECK_OK(store.status());
  store_ = *std::move(store);
  env_ = {.node = &serving_,
          .store = store_.get(),
          .tokens = &tokens_,
          .clock = &clock_,
          .random = &random_,
          .audit_executor = &audit_executor_,
          .node_name = "node1",
          .server_version = "1.2.3",
          .document_bytes_max = options.document_bytes_max};
  documents_ = std::make_unique<DocumentService>(&env_);
  collections_ = std::make_unique<CollectionService>(&env_);
  cluster_ = std::make_unique<ClusterService>(&env_);
  auto port = GrpcPort::Start(
      {.address = "127.0.0.1:0",
       .flag = "listen",
       .is_public = true,
       .receive_bytes_max = ReceiveBytesFor(options.document_bytes_max),
       .services = {{docstore::v1::DocumentService::service_full_name(), documents_.get()},
                    {docstore::v1::CollectionService::service_full_name(), collections_.get()},
                    {docstore::v1::ClusterService::service_full_name(), cluster_.get()}}});
  CHECK_OK(port.status());
  port_ = *std::move(port);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  channel_ = grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
  if (options.start_node) StartNode(options);
}

void OneNode::StartNode(const OneNodeOptions& options) {
  auto node = node::Node::Open({.name = "node1",
                                .cluster_name = "test",
                                .peer_address = "127.0.0.1:1",
                                .client_address = address(),
                                .seeds = options.seeds,
                                .min_free_disk_bytes = options.min_free_disk_bytes},
                               {.clock = &clock_,
                                .random = &random_,
                                .log = &log_,
                                .store = store_.get(),
                                .network = &network_,
                                .disk_space = options.disk_space,
                                .core_executor = &core_executor_,
                                .commit_executor = &commit_executor_,
                                .link_executor = &link_executor_,
                                .fatal = [](const absl::Status& status) { CHECK_OK(status); }});
  CHECK_OK(node.status());
  node_ = *std::move(node);
  node_->Start();
  // Ready after its first look around: each GetStatus waits for one turn of the link executor.
  while (options.await_ready && !node_->ready()) {
    std::promise<void> turn;
    node_->GetStatus([&turn](node::ClusterStatus) { turn.set_value(); });
    turn.get_future().wait();
  }
  serving_.Set(node_.get());
}

OneNode::~OneNode() {
  commit_executor_.Release();
  audit_executor_.Release();
  port_->Shutdown(0);
  if (node_ != nullptr) {
    std::promise<void> down;
    node_->Shutdown([&down] { down.set_value(); });
    down.get_future().wait();
  }
  core_executor_.Stop();
  commit_executor_.Stop();
  link_executor_.Stop();
  audit_executor_.Stop();
}

std::shared_ptr<storage::MemoryDisk> DiskWithPeer(core::Origin peer) {
  auto disk = std::make_shared<storage::MemoryDisk>();
  auto store = storage::OpenMemoryStore(disk).value();
  CHECK_OK(store->Recover().status());
  CHECK_OK(store->Initialize(std::string(16, 'u'), "test"));
  const core::DocumentKey key{"c", "peer"};
  const auto body = std::make_shared<const std::string>("{}");
  core::Document document{.versions = {{.dot = {peer, 1}, .hlc = 1 << 20, .body = body}},
                          .context = core::VersionVector({{peer, 1}})};
  document.versions[0].hash = HashBytes128(*body);
  core::Rows rows;
  rows.documents = {{.key = key, .document = document}};
  rows.dots = {{.dot = {peer, 1}, .key = key}};
  rows.collections = {{.name = "c", .documents = 1, .body_bytes = 2}};
  CHECK_OK(store->Commit(rows));
  return disk;
}

std::string OneNode::address() const { return absl::StrCat("127.0.0.1:", port_->port()); }

}  // namespace docstore::rpc
