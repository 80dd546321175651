#include "server/rpc/grpc_port.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "docstore/v1/cluster.grpc.pb.h"
#include "server/base/check.h"
#include "server/core/effects.h"
#include "server/rpc/error.h"
#include "server/rpc/one_node_testing.h"
#include "server/rpc/status_mapping.h"
#include "server/storage/memory_store.h"

namespace docstore::rpc {
namespace {

namespace v1 = docstore::v1;
using ::testing::HasSubstr;
using ::testing::Not;

std::shared_ptr<grpc::Channel> ChannelTo(uint16_t port) {
  return grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
}

// Bytes of the messages that one request message gets as answer; "" and `status` when it fails.
std::string CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                    const std::string& request, grpc::Status* status) {
  class Caller : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    void OnReadDone(bool ok) override {
      if (!ok) return;
      grpc::Slice slice;
      EXPECT_TRUE(answer.DumpToSingleSlice(&slice).ok());
      all.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
      StartRead(&answer);
    }
    void OnDone(const grpc::Status& status) override { done.set_value(status); }
    grpc::ByteBuffer answer;
    std::string all;
    std::promise<grpc::Status> done;
  } caller;
  grpc::GenericStub generic(channel);
  grpc::ClientContext context;
  const grpc::Slice slice(request);
  const grpc::ByteBuffer bytes(&slice, 1);
  generic.PrepareBidiStreamingCall(&context, method, grpc::StubOptions(), &caller);
  caller.StartWriteLast(&bytes, grpc::WriteOptions());
  caller.StartRead(&caller.answer);
  caller.StartCall();
  *status = caller.done.get_future().get();
  return caller.all;
}

// grpc.health.v1.HealthCheckResponse.status of one service.
std::string Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  grpc::Status status;
  const std::string request =
      absl::StrCat("\x0a", std::string(1, static_cast<char>(service.size())), service);
  const std::string answer = CallRaw(channel, "/grpc.health.v1.Health/Check", request, &status);
  if (!status.ok()) return absl::StrCat("code ", status.error_code());
  return answer == "\x08\x01" ? "SERVING" : "NOT_SERVING";
}

TEST(GrpcPort, RefusesTakenPortAndNamesIt) {
  const ServiceEnv env;
  ClusterService service(&env);
  const auto first =
      GrpcPort::Start({.address = "127.0.0.1:0", .flag = "listen", .services = {{"s", &service}}});
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string taken = absl::StrCat("127.0.0.1:", (*first)->port());
  const auto second =
      GrpcPort::Start({.address = taken, .flag = "peer-listen", .services = {{"s", &service}}});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(taken));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("--peer-listen"));
}

TEST(GrpcPort, TellsHealthOfEveryService) {
  OneNode node;
  for (const char* service : {"docstore.v1.DocumentService", "docstore.v1.CollectionService",
                              "docstore.v1.ClusterService", ""}) {
    node.port().SetServing(false);
    EXPECT_EQ(Health(node.channel(), service), "NOT_SERVING") << service;
    node.port().SetServing(true);
    EXPECT_EQ(Health(node.channel(), service), "SERVING") << service;
  }
  EXPECT_EQ(Health(node.channel(), "unknown"), "code 5");
}

TEST(GrpcPort, ReflectsTheOriginalProto) {
  OneNode node;
  grpc::Status status;
  const std::string method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  // list_services = 7.
  const std::string services = CallRaw(node.channel(), method, std::string("\x3a\x01*"), &status);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(services, HasSubstr("docstore.v1.DocumentService"));
  EXPECT_THAT(services, HasSubstr("docstore.v1.CollectionService"));
  EXPECT_THAT(services, HasSubstr("docstore.v1.ClusterService"));
  // file_containing_symbol = 4.
  const std::string symbol = "docstore.v1.GetRequest";
  const std::string file = CallRaw(
      node.channel(), method,
      absl::StrCat("\x22", std::string(1, static_cast<char>(symbol.size())), symbol), &status);
  EXPECT_THAT(file, HasSubstr("docstore/v1/document.proto"));
  EXPECT_THAT(file, Not(HasSubstr("docstore.raw")));
}

TEST(GrpcPort, ShowsNeitherHealthNorReflectionOnThePeerPort) {
  OneNode node;
  ClusterService service(&node.env());
  const auto port = GrpcPort::Start(
      {.address = "127.0.0.1:0", .flag = "peer-listen", .services = {{"s", &service}}});
  ASSERT_TRUE(port.ok()) << port.status();
  const auto channel = ChannelTo((*port)->port());
  EXPECT_EQ(Health(channel, ""), "code 12");
  grpc::Status status;
  CallRaw(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
          std::string("\x3a\x01*"), &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST(GrpcPort, AcceptsDocumentsAtTheHardCap) {
  EXPECT_GE(ReceiveBytesFor(1 << 20), size_t{4} << 20);
  EXPECT_GT(ReceiveBytesFor(8 << 20), size_t{8} << 20);
}

TEST(ClusterService, TellsStatusOfOneNode) {
  OneNode node;
  const auto stub = v1::ClusterService::NewStub(node.channel());
  v1::GetStatusResponse status;
  grpc::ClientContext context;
  ASSERT_TRUE(stub->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.cluster_name(), "test");
  EXPECT_EQ(status.seen_by(), "node1");
  EXPECT_TRUE(status.ready());
  EXPECT_TRUE(status.converged());
  EXPECT_FALSE(status.insecure());
  EXPECT_EQ(status.server_version(), "1.2.3");
  ASSERT_EQ(status.nodes_size(), 1);
  EXPECT_EQ(status.nodes(0).name(), "node1");
  EXPECT_EQ(status.nodes(0).state(), v1::NODE_STATE_SELF);
  EXPECT_EQ(status.nodes(0).role(), v1::NODE_ROLE_MASTER);
  EXPECT_EQ(status.nodes(0).node_uuid().size(), 32u);
  EXPECT_EQ(status.nodes(0).client_address(), node.address());
}

TEST(ClusterService, WaitsForConvergenceOfOneNodeAtOnce) {
  OneNode node;
  const auto stub = v1::ClusterService::NewStub(node.channel());
  v1::WaitConvergedRequest request;
  v1::WaitConvergedResponse response;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->WaitConverged(&context, request, &response).ok());
    EXPECT_TRUE(response.converged());
    EXPECT_EQ(response.served_by(), "node1");
  }
  request.set_timeout_ms(kConvergeTimeoutMsMax + 1);
  grpc::ClientContext context;
  const absl::Status status = FromGrpc(stub->WaitConverged(&context, request, &response));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf(status).field, "timeout_ms");
}

// A node that knows of another member, which nobody can reach.
std::shared_ptr<storage::MemoryDisk> DiskWithMember() {
  auto disk = std::make_shared<storage::MemoryDisk>();
  auto store = storage::OpenMemoryStore(disk).value();
  CHECK_OK(store->Recover().status());
  CHECK_OK(store->Initialize(std::string(16, 'u'), "test"));
  core::Rows rows;
  rows.members = {{.name = "node2", .node_uuid = std::string(16, 'v'), .peer_address = "h:1"}};
  CHECK_OK(store->Commit(rows));
  return disk;
}

TEST(ClusterService, EndsWaitingCallsWhenThePortShutsDown) {
  OneNode node({.disk = DiskWithMember(), .await_ready = false});
  v1::WaitConvergedRequest request;
  request.set_timeout_ms(kConvergeTimeoutMsMax);
  v1::WaitConvergedResponse response;
  grpc::ClientContext context;
  std::promise<grpc::Status> done;
  const auto stub = v1::ClusterService::NewStub(node.channel());
  stub->async()->WaitConverged(&context, &request, &response,
                               [&done](grpc::Status status) { done.set_value(status); });
  // Answered after the call before it has been taken.
  v1::GetStatusResponse status;
  grpc::ClientContext status_context;
  ASSERT_TRUE(stub->GetStatus(&status_context, {}, &status).ok());
  EXPECT_FALSE(status.converged());
  EXPECT_FALSE(status.ready());
  node.port().Shutdown(0);
  EXPECT_FALSE(done.get_future().get().ok());
}

TEST(ClusterService, NamesMembersThatCannotBeReached) {
  OneNode node({.disk = DiskWithMember(), .await_ready = false});
  v1::WaitConvergedRequest request;
  request.set_timeout_ms(1);
  v1::WaitConvergedResponse response;
  grpc::ClientContext context;
  const auto stub = v1::ClusterService::NewStub(node.channel());
  ASSERT_TRUE(stub->WaitConverged(&context, request, &response).ok());
  EXPECT_FALSE(response.converged());
  ASSERT_EQ(response.behind_size(), 1);
  EXPECT_EQ(response.behind(0).name(), "node2");
  EXPECT_FALSE(response.behind(0).reachable());
}

TEST(ClusterService, AnswersNothingBeforeTheNodeExists) {
  OneNode node({.start_node = false});
  const auto stub = v1::ClusterService::NewStub(node.channel());
  v1::GetStatusResponse status;
  grpc::ClientContext context;
  EXPECT_EQ(DetailsOf(FromGrpc(stub->GetStatus(&context, {}, &status))).reason, "NOT_READY");
}

}  // namespace
}  // namespace docstore::rpc
