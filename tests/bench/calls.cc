#include "tests/bench/calls.h"

#include <grpcpp/grpcpp.h>

#include <functional>
#include <utility>

#include "docstore/v1/document.grpc.pb.h"
#include "tests/bench/echo.grpc.pb.h"
#include "tests/bench/etcd.grpc.pb.h"

namespace docstore::bench {
namespace {

template <typename Service>
std::vector<std::unique_ptr<typename Service::Stub>> Connect(
    const std::vector<std::string>& addresses) {
  std::vector<std::unique_ptr<typename Service::Stub>> stubs;
  for (int i = 0; i < kChannels; ++i) {
    for (const std::string& address : addresses) {
      grpc::ChannelArguments arguments;
      arguments.SetInt("channel", i);  // a connection of its own
      stubs.push_back(Service::NewStub(
          grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
    }
  }
  return stubs;
}

// One unary call: its context and messages live until it is done.
template <typename Request, typename Response>
struct Call {
  grpc::ClientContext context;
  Request request;
  Response response;
};

std::string ErrorOf(const grpc::Status& status) {
  if (status.ok()) return "";
  return std::to_string(status.error_code()) + " " + status.error_message();
}

// Ends `call` and tells `done`.
template <typename AnyCall>
std::function<void(grpc::Status)> Ending(AnyCall* call, std::function<void(std::string)> done) {
  return [call, done = std::move(done)](const grpc::Status& status) {
    done(ErrorOf(status));
    delete call;
  };
}

}  // namespace

std::string KeyOf(uint64_t index) { return "key-" + std::to_string(index * 7919 % kKeys); }

std::string DocumentOf(uint64_t index) {
  std::string text = "{\"index\":" + std::to_string(index) + ",\"text\":\"";
  text.append(kDocumentBytes - text.size() - 2, 'x');
  return text + "\"}";
}

struct DocumentCalls::Stubs {
  std::vector<std::unique_ptr<docstore::v1::DocumentService::Stub>> all;
};

DocumentCalls::DocumentCalls(const std::vector<std::string>& addresses)
    : stubs_(new Stubs{Connect<docstore::v1::DocumentService>(addresses)}) {}
DocumentCalls::~DocumentCalls() = default;

StartCall DocumentCalls::Put() {
  return [this](uint64_t index, std::function<void(std::string)> done) {
    auto* call = new Call<docstore::v1::PutRequest, docstore::v1::PutResponse>;
    call->request.set_collection("bench");
    call->request.set_id(KeyOf(index));
    call->request.set_json(DocumentOf(index));
    stubs_->all[index % stubs_->all.size()]->async()->Put(
        &call->context, &call->request, &call->response, Ending(call, std::move(done)));
  };
}

StartCall DocumentCalls::Get() {
  return [this](uint64_t index, std::function<void(std::string)> done) {
    auto* call = new Call<docstore::v1::GetRequest, docstore::v1::GetResponse>;
    call->request.set_collection("bench");
    call->request.set_id(KeyOf(index));
    stubs_->all[index % stubs_->all.size()]->async()->Get(
        &call->context, &call->request, &call->response,
        [call, done = std::move(done)](const grpc::Status& status) {
          done(status.error_code() == grpc::StatusCode::NOT_FOUND ? "" : ErrorOf(status));
          delete call;
        });
  };
}

struct EchoCalls::Stubs {
  std::vector<std::unique_ptr<v1::EchoService::Stub>> all;
};

EchoCalls::EchoCalls(const std::string& address)
    : stubs_(new Stubs{Connect<v1::EchoService>({address})}) {}
EchoCalls::~EchoCalls() = default;

StartCall EchoCalls::Echo(size_t request_bytes, uint32_t answer_bytes) {
  return
      [this, request_bytes, answer_bytes](uint64_t index, std::function<void(std::string)> done) {
        auto* call = new Call<v1::EchoRequest, v1::EchoResponse>;
        call->request.set_payload(std::string(request_bytes, 'x'));
        call->request.set_answer_bytes(answer_bytes);
        stubs_->all[index % stubs_->all.size()]->async()->Echo(
            &call->context, &call->request, &call->response, Ending(call, std::move(done)));
      };
}

struct EtcdCalls::Stubs {
  std::vector<std::unique_ptr<etcdserverpb::KV::Stub>> all;
};

EtcdCalls::EtcdCalls(const std::vector<std::string>& addresses)
    : stubs_(new Stubs{Connect<etcdserverpb::KV>(addresses)}) {}
EtcdCalls::~EtcdCalls() = default;

StartCall EtcdCalls::Put() {
  return [this](uint64_t index, std::function<void(std::string)> done) {
    auto* call = new Call<etcdserverpb::PutRequest, etcdserverpb::PutResponse>;
    call->request.set_key(KeyOf(index));
    call->request.set_value(DocumentOf(index));
    stubs_->all[index % stubs_->all.size()]->async()->Put(
        &call->context, &call->request, &call->response, Ending(call, std::move(done)));
  };
}

}  // namespace docstore::bench
