#include "server/rpc/grpc_port.h"

#include <grpcpp/health_check_service_interface.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/check.h"

namespace docstore::rpc {
namespace {

// Clients may ping this often, also between calls, without being cut off.
constexpr int kPingIntervalMs = 1000;
constexpr size_t kReceiveBytesMin = 4 << 20;
constexpr size_t kReceiveSlackBytes = 1 << 20;

// Reflection is a plugin that linking adds to every server of the process.
class WithoutPlugins final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments* arguments) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->clear();
  }
};

void SetUp(const GrpcPortOptions& options, grpc::ServerBuilder* builder) {
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kPingIntervalMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->SetMaxReceiveMessageSize(static_cast<int>(options.receive_bytes_max));
  builder->SetMaxSendMessageSize(-1);
  for (const NamedService& entry : options.services) builder->RegisterService(entry.service);
  if (!options.is_public) builder->SetOption(std::make_unique<WithoutPlugins>());
  if (options.configure) options.configure(builder);
}

}  // namespace

size_t ReceiveBytesFor(uint64_t document_bytes_max) {
  return std::max<size_t>(kReceiveBytesMin, document_bytes_max + kReceiveSlackBytes);
}

absl::StatusOr<std::unique_ptr<GrpcPort>> GrpcPort::Start(const GrpcPortOptions& options) {
  // Read by each server as it is built; the ports of a process are built one after another.
  grpc::EnableDefaultHealthCheckService(options.is_public);
  grpc::ServerBuilder builder;
  SetUp(options, &builder);
  int port = 0;
  builder.AddListeningPort(options.address, grpc::InsecureServerCredentials(), &port);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port <= 0) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", options.address,
        ": the port is taken or the address is not of this host; choose another --", options.flag));
  }
  std::vector<std::string> health_names = {""};
  for (const NamedService& entry : options.services) health_names.push_back(entry.name);
  std::unique_ptr<GrpcPort> result(
      new GrpcPort(std::move(server), static_cast<uint16_t>(port), std::move(health_names)));
  if (options.is_public) result->SetServing(false);
  return result;
}

GrpcPort::~GrpcPort() { Shutdown(0); }

void GrpcPort::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  CHECK(health != nullptr);
  for (const std::string& name : health_names_) health->SetServingStatus(name, serving);
}

void GrpcPort::Shutdown(int64_t drain_ms) {
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(drain_ms));
}

}  // namespace docstore::rpc
