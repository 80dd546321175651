#include "server/process.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "docstore/v1/cluster.grpc.pb.h"
#include "docstore/v1/collection.grpc.pb.h"
#include "docstore/v1/document.grpc.pb.h"
#include "server/base/status_macros.h"
#include "server/core/frame.h"
#include "server/storage/key_schema.h"
#include "server/storage/leveldb_store.h"
#include "server/version.h"

namespace docstore {
namespace {

// Goodbyes to peers have been said by then.
constexpr int64_t kPeerDrainMs = 1000;

}  // namespace

Process::Process(options::Options options, host::DataDirectory directory, host::SystemClock* clock,
                 node::Log* log)
    : options_(std::move(options)),
      directory_(std::move(directory)),
      disk_space_(directory_.path()),
      clock_(*clock),
      log_(*log),
      // The node opens right after the ports; a peer that is faster waits for it.
      peers_(
          &link_executor_,
          [this](std::unique_ptr<node::PeerStream> stream) {
            return node_when_open_.get()->AcceptStream(std::move(stream));
          },
          [this] { return node_when_open_.get()->identity(); }) {}

absl::Status Process::Start() {
  RETURN_IF_ERROR(ReadKeys());
  directory_.RemoveAddresses();
  env_ = {.node = &serving_,
          .tokens = &*keys_,
          .clock = &clock_,
          .random = &random_,
          .audit_executor = &audit_executor_,
          .node_name = options_.name,
          .server_version = kVersion,
          .document_bytes_max = options_.document_bytes_max,
          .exposed = options_.exposed()};
  RETURN_IF_ERROR(OpenPorts());
  ASSIGN_OR_RETURN(store_, storage::OpenLevelDbStore(absl::StrCat(options_.data, "/store"), {}));
  env_.store = store_.get();
  RETURN_IF_ERROR(OpenNode());
  const host::ServedAddresses addresses = {
      .client = LocalAddress(options_.listen, client_port_->port()),
      .peer = LocalAddress(options_.peer_listen, peer_port_->port()),
      .http = LocalAddress(options_.http_listen, http_port_->port())};
  node_->Start();
  opened_.set_value(node_.get());
  serving_.Set(node_.get());
  LogServing(addresses);
  return directory_.WriteAddresses(addresses);
}

absl::Status Process::ReadKeys() {
  if (options_.secret_file.empty()) {
    keys_ = rpc::TokenKeys::FromClusterName(options_.cluster);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(keys_, rpc::TokenKeys::FromSecretFile(options_.secret_file));
  return absl::OkStatus();
}

absl::Status Process::OpenPorts() {
  ASSIGN_OR_RETURN(
      client_port_,
      rpc::GrpcPort::Start(
          {.address = options_.listen.ToString(),
           .flag = "listen",
           .is_public = true,
           .receive_bytes_max = rpc::ReceiveBytesFor(options_.document_bytes_max),
           .services = {{docstore::v1::DocumentService::service_full_name(), &documents_},
                        {docstore::v1::CollectionService::service_full_name(), &collections_},
                        {docstore::v1::ClusterService::service_full_name(), &cluster_}}}));
  ASSIGN_OR_RETURN(peer_port_, rpc::GrpcPort::Start({.address = options_.peer_listen.ToString(),
                                                     .flag = "peer-listen",
                                                     .services = {{"peer", &peers_}},
                                                     .configure = rpc::ConfigurePeerServer}));
  ASSIGN_OR_RETURN(
      http_port_,
      http::HttpPort::Start({.host = options_.http_listen.host,
                             .port = options_.http_listen.port,
                             .version = {.version = kVersion,
                                         .protocol = core::kProtocolVersion,
                                         .schema = static_cast<uint32_t>(storage::kSchemaVersion)},
                             .ready = [this] { return serving_.ready(); }}));
  return absl::OkStatus();
}

absl::Status Process::OpenNode() {
  network_ = std::make_unique<rpc::GrpcPeerNetwork>(&link_executor_);
  node::NodeOptions node_options = {
      .name = options_.name,
      .cluster_name = options_.cluster,
      .peer_address = options::AdvertisedAddress(options_.peer_advertise, options_.peer_listen,
                                                 peer_port_->port(), host_name_),
      .client_address = options::AdvertisedAddress(options_.advertise, options_.listen,
                                                   client_port_->port(), host_name_),
      .seeds = options_.seeds,
      .min_free_disk_bytes = options_.min_free_disk_bytes,
      .key_proof = keys_->KeyProof(options_.cluster),
      .floor = {.dot_index_max = options_.dot_index_max},
      .verify_key = [this](const std::string& proof) {
        return keys_->VerifyKeyProof(proof, options_.cluster);
      }};
  node::NodeEnv node_env = {.clock = &clock_,
                            .random = &random_,
                            .log = &log_,
                            .store = store_.get(),
                            .network = network_.get(),
                            .disk_space = &disk_space_,
                            .core_executor = &core_executor_,
                            .commit_executor = &commit_executor_,
                            .link_executor = &link_executor_,
                            .fatal = [this](const absl::Status& status) {
                              log_.Write(node::LogLevel::kError, status.message());
                              // No clean-up: memory may be ahead of the disk.
                              _exit(1);
                            }};
  ASSIGN_OR_RETURN(node_, node::Node::Open(std::move(node_options), std::move(node_env)));
  return absl::OkStatus();
}

void Process::LogServing(const host::ServedAddresses& addresses) {
  log_.Write(node::LogLevel::kInfo,
             absl::StrCat("docstored ", kVersion, ": node ", options_.name, " of cluster ",
                          options_.cluster, ", data in ", options_.data, ", clients on ",
                          addresses.client, ", peers on ", addresses.peer, ", HTTP on ",
                          addresses.http, ", pid ", getpid()));
  if (options_.exposed()) {
    log_.Write(node::LogLevel::kWarning,
               "insecure: without TLS and authentication on an address that is not loopback; "
               "anybody who reaches it can read and write everything");
  }
}

std::string Process::LocalAddress(options::Address listen, uint16_t port) {
  listen.port = port;
  if (listen.is_wildcard()) listen.host = "127.0.0.1";
  return listen.ToString();
}

void Process::FollowReadiness() {
  if (serving_.ready() == taking_calls_) return;
  taking_calls_ = !taking_calls_;
  client_port_->SetServing(taking_calls_);
  log_.Write(node::LogLevel::kInfo, taking_calls_ ? "taking calls" : "taking no calls");
}

void Process::Stop() {
  client_port_->SetServing(false);
  client_port_->Shutdown(kDrainMs);
  std::promise<void> durable;
  node_->Shutdown([&durable] { durable.set_value(); });
  durable.get_future().wait();
  peer_port_->Shutdown(kPeerDrainMs);
  for (ThreadExecutor* executor :
       {&core_executor_, &commit_executor_, &link_executor_, &audit_executor_}) {
    executor->Stop();
  }
  http_port_ = nullptr;
  node_ = nullptr;
  network_ = nullptr;
  store_ = nullptr;
  directory_.RemoveAddresses();
}

}  // namespace docstore
