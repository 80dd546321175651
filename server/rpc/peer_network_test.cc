#include "server/rpc/peer_network.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "docstore/peer/v1/peer.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/mutex.h"
#include "server/rpc/frame_codec.h"
#include "server/rpc/frame_samples.h"
#include "server/rpc/peer_service.h"
#include "server/thread/thread_executor.h"

namespace docstore::rpc {
namespace {

namespace wire = ::docstore::peer::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Longest wait for something that must happen.
constexpr int64_t kPatienceMs = 30'000;

// One end of a stream: sends a list of frames, notes all events. The events come on the executor.
class End : public node::PeerStreamEvents {
 public:
  void OnFrame(core::Frame frame, uint64_t bytes) override {
    MutexLock lock(&mutex_);
    ExpectOpen();
    frames_.push_back(PrintFrame(frame));
    frame_bytes_ += bytes;
    changed_.SignalAll();
    if (on_frame) on_frame();
  }
  void OnSent() override {
    MutexLock lock(&mutex_);
    ExpectOpen();
    ++sent_;
    changed_.SignalAll();
    SendNext();
  }
  void OnProgress() override {
    MutexLock lock(&mutex_);
    ExpectOpen();
    ++progress_;
    changed_.SignalAll();
  }
  void OnClosed(const absl::Status& status) override {
    MutexLock lock(&mutex_);
    ExpectOpen();
    closed_ = true;
    status_ = status;
    changed_.SignalAll();
  }

  // Only on the executor.
  void Hold(std::unique_ptr<node::PeerStream> handle) { handle_ = std::move(handle); }
  void Drop() { handle_ = nullptr; }
  std::string remote() const { return handle_->Remote(); }
  void Close() { handle_->Close(); }
  void Send(std::vector<core::Frame> frames) {
    MutexLock lock(&mutex_);
    for (core::Frame& frame : frames) unsent_.push_back(std::move(frame));
    SendNext();
  }

  // Any thread.
  absl::Status AwaitClosed() {
    Await([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return closed_; });
    MutexLock lock(&mutex_);
    return status_;
  }
  std::vector<std::string> AwaitFrames(size_t count) {
    Await([this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return frames_.size() >= count; });
    MutexLock lock(&mutex_);
    return frames_;
  }
  void AwaitSent(int count) {
    Await([this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return sent_ >= count; });
  }
  void AwaitProgress(int count) {
    Await([this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return progress_ >= count; });
  }
  bool closed() {
    MutexLock lock(&mutex_);
    return closed_;
  }
  int progress() {
    MutexLock lock(&mutex_);
    return progress_;
  }
  uint64_t frame_bytes() {
    MutexLock lock(&mutex_);
    return frame_bytes_;
  }

  std::function<void()> on_frame;  // runs under the lock

 private:
  void ExpectOpen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ASSERT_FALSE(closed_) << "an event came after OnClosed";
  }
  void SendNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (unsent_.empty() || handle_ == nullptr) return;
    core::Frame frame = std::move(unsent_.front());
    unsent_.pop_front();
    handle_->Send(std::move(frame));
  }
  void Await(const std::function<bool()>& condition) {
    MutexLock lock(&mutex_);
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      changed_.WaitFor(&mutex_, 1000);
    }
  }

  std::unique_ptr<node::PeerStream> handle_;  // only the executor touches it
  Mutex mutex_;
  CondVar changed_;
  std::deque<core::Frame> unsent_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> frames_ ABSL_GUARDED_BY(mutex_);
  uint64_t frame_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int sent_ ABSL_GUARDED_BY(mutex_) = 0;
  int progress_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// A peer service on a free port of loopback, and a network to dial it.
class PeerNetworkTest : public ::testing::Test {
 protected:
  PeerNetworkTest()
      : service_(
            &server_executor_,
            [this](std::unique_ptr<node::PeerStream> handle) {
              auto end = std::make_unique<End>();
              End* const raw = end.get();
              raw->Hold(std::move(handle));
              MutexLock lock(&mutex_);
              accepted_.push_back(std::move(end));
              changed_.SignalAll();
              return raw;
            },
            [] {
              return node::PeerNetwork::Identity{"cluster", "node7", "0123456789abcdef",
                                                 core::Origin{77}};
            }),
        network_(std::make_unique<GrpcPeerNetwork>(&client_executor_)) {
    grpc::ServerBuilder builder;
    ConfigurePeerServer(&builder);
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }

  ~PeerNetworkTest() override {
    On(&client_executor_, [this] { dialled_.Drop(); });
    StopServer();
    network_ = nullptr;
    On(&server_executor_, [this] {
      MutexLock lock(&mutex_);
      for (auto& end : accepted_) end->Drop();
    });
  }

  // Breaks every connection off.
  void StopServer() {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_ = nullptr;
  }

  // Runs `task` on `executor` and waits for it.
  static void On(ThreadExecutor* executor, std::function<void()> task) {
    std::promise<void> done;
    executor->Post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  void Dial(End* end) {
    On(&client_executor_, [&] { end->Hold(network_->Dial(address_, end)); });
  }

  // The `index`-th stream that the service accepted.
  End* Accepted(size_t index = 0) {
    MutexLock lock(&mutex_);
    while (accepted_.size() <= index) changed_.Wait(&mutex_);
    return accepted_[index].get();
  }

  void ClientSend(End* end, std::vector<core::Frame> frames) {
    On(&client_executor_, [&] { end->Send(std::move(frames)); });
  }
  void ServerSend(End* end, std::vector<core::Frame> frames) {
    On(&server_executor_, [&] { end->Send(std::move(frames)); });
  }

  absl::StatusOr<node::PeerNetwork::Identity> Identify(const std::string& address) {
    std::promise<absl::StatusOr<node::PeerNetwork::Identity>> result;
    On(&client_executor_, [&] {
      network_->Identify(address, kPatienceMs,
                         [&](auto identity) { result.set_value(std::move(identity)); });
    });
    return result.get_future().get();
  }

  ThreadExecutor client_executor_;
  ThreadExecutor server_executor_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::unique_ptr<End>> accepted_ ABSL_GUARDED_BY(mutex_);
  PeerService service_;
  std::unique_ptr<GrpcPeerNetwork> network_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  End dialled_;
};

std::vector<core::Frame> RandomFrames(int count, int seed) {
  std::mt19937_64 random(seed);
  std::vector<core::Frame> frames;
  for (int i = 0; i < count; ++i) frames.push_back(RandomFrame(&random));
  return frames;
}

std::vector<std::string> PrintAll(const std::vector<core::Frame>& frames) {
  std::vector<std::string> texts;
  for (const core::Frame& frame : frames) texts.push_back(PrintFrame(frame));
  return texts;
}

TEST_F(PeerNetworkTest, CarriesEveryKindOfFrameBothWaysInOrder) {
  const std::vector<core::Frame> up = RandomFrames(200, 1);
  const std::vector<core::Frame> down = RandomFrames(200, 2);
  Dial(&dialled_);
  ClientSend(&dialled_, up);
  ServerSend(Accepted(), down);
  EXPECT_EQ(Accepted()->AwaitFrames(up.size()), PrintAll(up));
  EXPECT_EQ(dialled_.AwaitFrames(down.size()), PrintAll(down));
  dialled_.AwaitSent(200);
  Accepted()->AwaitSent(200);
}

TEST_F(PeerNetworkTest, CarriesAFrameLargerThanAMessageInPieces) {
  const core::Frame big = BigDocs(3, 8 << 20);
  Dial(&dialled_);
  ClientSend(&dialled_, {big, core::Have{5}});
  EXPECT_THAT(Accepted()->AwaitFrames(2), ElementsAre(PrintFrame(big), "Have 5"));
  EXPECT_EQ(Accepted()->progress(), 3 * (8 << 20) / kPieceBytesMax);
  EXPECT_EQ(Accepted()->frame_bytes(), EncodeFrame(big)[0].piece().total_bytes() +
                                           EncodeFrame(core::Have{5})[0].frame().ByteSizeLong());
  ServerSend(Accepted(), {big});
  EXPECT_THAT(dialled_.AwaitFrames(1), ElementsAre(PrintFrame(big)));
}

TEST_F(PeerNetworkTest, ADiallersCloseEndsBothEndsOrderly) {
  Dial(&dialled_);
  On(&client_executor_, [&] {
    dialled_.Send({core::Have{1}});
    dialled_.Close();
  });
  EXPECT_EQ(dialled_.AwaitClosed(), absl::OkStatus());
  EXPECT_EQ(Accepted()->AwaitClosed(), absl::OkStatus());
  EXPECT_THAT(Accepted()->AwaitFrames(1), ElementsAre("Have 1"));
}

TEST_F(PeerNetworkTest, AnAcceptersCloseEndsBothEndsOrderly) {
  Dial(&dialled_);
  End* const accepted = Accepted();
  const core::Frame big = BigDocs(1, 1 << 20);
  On(&server_executor_, [&] {
    accepted->Send({big});
    accepted->Close();
  });
  EXPECT_EQ(accepted->AwaitClosed(), absl::OkStatus());
  EXPECT_EQ(dialled_.AwaitClosed(), absl::OkStatus());
  EXPECT_THAT(dialled_.AwaitFrames(1), ElementsAre(PrintFrame(big)));
}

TEST_F(PeerNetworkTest, NoFrameComesAfterClose) {
  Dial(&dialled_);
  End* const accepted = Accepted();
  On(&client_executor_, [&] {
    // What the transport took before Close may have arrived; its event is still in the queue.
    ServerSend(accepted, {core::Have{1}});
    accepted->AwaitSent(1);
    dialled_.Close();
  });
  EXPECT_EQ(dialled_.AwaitClosed(), absl::OkStatus());
  EXPECT_THAT(dialled_.AwaitFrames(0), ElementsAre());
}

TEST_F(PeerNetworkTest, CloseGivesUpOnAPeerThatDoesNotAnswer) {
  Dial(&dialled_);
  Accepted();
  std::promise<void> go_on;
  server_executor_.Post([&] { go_on.get_future().wait(); });
  On(&client_executor_, [&] { dialled_.Close(); });
  EXPECT_EQ(dialled_.AwaitClosed().code(), absl::StatusCode::kCancelled);
  go_on.set_value();
}

TEST_F(PeerNetworkTest, AServerThatGoesAwayClosesWithAnError) {
  Dial(&dialled_);
  ClientSend(&dialled_, {core::Have{1}});
  Accepted()->AwaitFrames(1);
  StopServer();
  EXPECT_FALSE(dialled_.AwaitClosed().ok());
  EXPECT_EQ(Accepted()->AwaitClosed().code(), absl::StatusCode::kUnavailable);
}

TEST_F(PeerNetworkTest, ADiallerThatGoesAwayClosesWithUnavailable) {
  Dial(&dialled_);
  End* const accepted = Accepted();
  On(&client_executor_, [&] { dialled_.Drop(); });
  EXPECT_EQ(accepted->AwaitClosed().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(dialled_.closed());
}

TEST_F(PeerNetworkTest, AnAccepterThatDropsItsHandleClosesTheOtherEnd) {
  Dial(&dialled_);
  End* const accepted = Accepted();
  On(&server_executor_, [&] { accepted->Drop(); });
  EXPECT_EQ(dialled_.AwaitClosed().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(accepted->closed());
}

TEST_F(PeerNetworkTest, DiallingADeadPortClosesWithUnavailable) {
  StopServer();
  Dial(&dialled_);
  EXPECT_EQ(dialled_.AwaitClosed().code(), absl::StatusCode::kUnavailable);
}

TEST_F(PeerNetworkTest, HandlesMayGoWhileFramesAreUnderWay) {
  std::mt19937_64 random(3);
  const core::Frame big = BigDocs(1, 2 << 20);
  for (size_t i = 0; i < 200; ++i) {
    End end;
    Dial(&end);
    End* const accepted = Accepted(i);
    ClientSend(&end, {core::Have{1}, big});
    ServerSend(accepted, {big, core::Have{2}});
    if (random() % 2 == 0) end.AwaitProgress(static_cast<int>(random() % 8));
    if (random() % 2 == 0) accepted->AwaitProgress(static_cast<int>(random() % 8));
    if (random() % 2 == 0) On(&server_executor_, [&] { accepted->Drop(); });
    // No event may reach the end once its handle is gone.
    On(&client_executor_, [&] { end.Drop(); });
  }
}

TEST_F(PeerNetworkTest, HandlesMayGoBeforeTheStreamStands) {
  for (int i = 0; i < 200; ++i) {
    End end;
    Dial(&end);
    if (i % 2 == 0) ClientSend(&end, {core::Have{1}});
    On(&client_executor_, [&] { end.Drop(); });
  }
}

TEST_F(PeerNetworkTest, AHandleMayGoInsideAnEvent) {
  Dial(&dialled_);
  dialled_.on_frame = [this] { dialled_.Drop(); };
  ServerSend(Accepted(), {core::Have{1}, core::Have{2}});
  EXPECT_THAT(dialled_.AwaitFrames(1), ElementsAre("Have 1"));
  EXPECT_EQ(Accepted()->AwaitClosed().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(dialled_.AwaitFrames(1), ElementsAre("Have 1"));
}

TEST_F(PeerNetworkTest, RefusesAPacketThatIsNoFrame) {
  auto stub =
      wire::PeerService::NewStub(grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const auto stream = stub->Sync(&context);
  wire::SyncRequest request;
  request.mutable_packet()->mutable_frame()->mutable_clock_request();
  ASSERT_TRUE(stream->Write(request));
  wire::SyncResponse response;
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("nonce 0"));
  EXPECT_EQ(Accepted()->AwaitClosed(),
            absl::InvalidArgumentError("a request for the clock has nonce 0"));
}

TEST_F(PeerNetworkTest, RefusesBytesThatAreNoMessageAndSaysWhoseTheyWere) {
  grpc::GenericStub stub(grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, "/docstore.peer.v1.PeerService/Sync", &queue);
  const auto await = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
  };
  call->StartCall(nullptr);
  await();
  const grpc::Slice nonsense(std::string(100, '\xff'));
  call->Write(grpc::ByteBuffer(&nonsense, 1), nullptr);
  await();
  grpc::Status status;
  call->Finish(&status, nullptr);
  await();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "a message that is no docstore.peer.v1.SyncRequest");
  EXPECT_EQ(Accepted()->AwaitClosed(),
            absl::InvalidArgumentError("a message that is no docstore.peer.v1.SyncRequest"));
  EXPECT_THAT(Accepted()->remote(), StartsWith("ipv4:127.0.0.1:"));
}

// Answers every stream with a packet of nothing.
class NonsenseService final : public wire::PeerService::Service {
  grpc::Status Sync(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<wire::SyncResponse, wire::SyncRequest>* stream) override {
    stream->Write(wire::SyncResponse());
    wire::SyncRequest request;
    while (stream->Read(&request)) {
    }
    return grpc::Status::OK;
  }
};

TEST_F(PeerNetworkTest, CutsAPeerThatSendsWhatIsNoFrame) {
  NonsenseService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  address_ = absl::StrCat("127.0.0.1:", port);
  Dial(&dialled_);
  EXPECT_EQ(dialled_.AwaitClosed(), absl::InvalidArgumentError("packet of unknown kind"));
}

TEST_F(PeerNetworkTest, IdentifyNamesWhoLivesThere) {
  const auto identity = Identify(address_);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->cluster_name, "cluster");
  EXPECT_EQ(identity->name, "node7");
  EXPECT_EQ(identity->node_uuid, "0123456789abcdef");
  EXPECT_EQ(identity->origin, core::Origin{77});
}

TEST_F(PeerNetworkTest, IdentifyAtADeadPortIsUnavailable) {
  StopServer();
  EXPECT_EQ(Identify(address_).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(PeerNetworkTest, ASecondServerCannotShareThePort) {
  grpc::ServerBuilder builder;
  ConfigurePeerServer(&builder);
  int port = 0;
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service_);
  EXPECT_EQ(builder.BuildAndStart(), nullptr);
}

}  // namespace
}  // namespace docstore::rpc
