// Puts and gets of 400-byte documents at a running docstored, beside a bare gRPC echo of equal
// payloads: bench DOCSTORED ECHO [IN_FLIGHT...], both as host:port. Rounds alternate between the
// two, so that a slow moment of the machine hits both; the ratio is the median of the rounds'.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "docstore/v1/document.grpc.pb.h"
#include "tests/bench/echo.grpc.pb.h"
#include "tests/bench/load.h"

namespace docstore::bench {
namespace {

constexpr int kChannels = 4;
constexpr int kDocumentBytes = 400;
constexpr uint64_t kKeys = 100'000;
constexpr int kRounds = 3;

template <typename Service>
std::vector<std::unique_ptr<typename Service::Stub>> Connect(const std::string& address) {
  std::vector<std::unique_ptr<typename Service::Stub>> stubs;
  for (int i = 0; i < kChannels; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("channel", i);  // a connection of its own
    stubs.push_back(Service::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
  }
  return stubs;
}

std::string Document(uint64_t index) {
  std::string text = "{\"index\":" + std::to_string(index) + ",\"text\":\"";
  text.append(kDocumentBytes - text.size() - 2, 'x');
  return text + "\"}";
}

// One unary call: its context and messages live until it is done.
template <typename Request, typename Response>
struct Call {
  grpc::ClientContext context;
  Request request;
  Response response;
};

std::string ErrorOf(const grpc::Status& status) {
  return status.ok() ? "" : std::to_string(status.error_code()) + " " + status.error_message();
}

class Bench {
 public:
  Bench(const std::string& docstored, const std::string& echo)
      : documents_(Connect<docstore::v1::DocumentService>(docstored)),
        echoes_(Connect<v1::EchoService>(echo)) {}

  StartCall Put() {
    return [this](uint64_t index, std::function<void(std::string)> done) {
      auto* call = new Call<docstore::v1::PutRequest, docstore::v1::PutResponse>;
      call->request.set_collection("bench");
      call->request.set_id("key-" + std::to_string(index * 7919 % kKeys));
      call->request.set_json(Document(index));
      documents_[index % kChannels]->async()->Put(&call->context, &call->request, &call->response,
                                                  [call, done](const grpc::Status& status) {
                                                    done(ErrorOf(status));
                                                    delete call;
                                                  });
    };
  }
  StartCall Get() {
    return [this](uint64_t index, std::function<void(std::string)> done) {
      auto* call = new Call<docstore::v1::GetRequest, docstore::v1::GetResponse>;
      call->request.set_collection("bench");
      call->request.set_id("key-" + std::to_string(index * 7919 % kKeys));
      documents_[index % kChannels]->async()->Get(
          &call->context, &call->request, &call->response,
          [call, done](const grpc::Status& status) {
            // Keys that no put has reached yet are answered as fast, and are not failures.
            done(status.error_code() == grpc::StatusCode::NOT_FOUND ? "" : ErrorOf(status));
            delete call;
          });
    };
  }
  StartCall Echo(size_t request_bytes, uint32_t answer_bytes) {
    return
        [this, request_bytes, answer_bytes](uint64_t index, std::function<void(std::string)> done) {
          auto* call = new Call<v1::EchoRequest, v1::EchoResponse>;
          call->request.set_payload(std::string(request_bytes, 'x'));
          call->request.set_answer_bytes(answer_bytes);
          echoes_[index % kChannels]->async()->Echo(&call->context, &call->request, &call->response,
                                                    [call, done](const grpc::Status& status) {
                                                      done(ErrorOf(status));
                                                      delete call;
                                                    });
        };
  }

 private:
  std::vector<std::unique_ptr<docstore::v1::DocumentService::Stub>> documents_;
  std::vector<std::unique_ptr<v1::EchoService::Stub>> echoes_;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void Print(const char* what, const LoadResult& result) {
  std::printf("    %-5s %9.0f/s   p50 %7.0f us   p99 %7.0f us", what, result.calls_per_second,
              result.p50_us, result.p99_us);
  if (result.failures > 0) {
    std::printf("   %llu FAILED: %s", static_cast<unsigned long long>(result.failures),
                result.first_error.c_str());
  }
  std::printf("\n");
  std::fflush(stdout);
}

// False when a call failed.
bool Compare(const char* name, int in_flight, const StartCall& call, const StartCall& echo) {
  std::printf("%s, %d in flight\n", name, in_flight);
  const LoadOptions options{.in_flight = in_flight};
  std::vector<double> ratios;
  bool ok = true;
  for (int round = 0; round < kRounds; ++round) {
    const LoadResult yardstick = RunLoad(options, echo);
    const LoadResult measured = RunLoad(options, call);
    Print("echo", yardstick);
    Print(name, measured);
    ratios.push_back(measured.calls_per_second / yardstick.calls_per_second);
    ok = ok && measured.failures == 0 && yardstick.failures == 0;
  }
  std::printf("  %s / echo = %.2f (median of %d rounds, %.2f to %.2f)\n", name, Median(ratios),
              kRounds, *std::min_element(ratios.begin(), ratios.end()),
              *std::max_element(ratios.begin(), ratios.end()));
  return ok;
}

int Main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench DOCSTORED ECHO [IN_FLIGHT...]\n");
    return 2;
  }
  Bench bench(argv[1], argv[2]);
  std::vector<int> levels;
  for (int i = 3; i < argc; ++i) levels.push_back(std::atoi(argv[i]));
  if (levels.empty()) levels = {64};
  // What goes over the wire beside the document: collection, id, version, node name.
  constexpr size_t kPutBytes = kDocumentBytes + 20;
  constexpr size_t kReplyBytes = 100;
  constexpr size_t kGetBytes = 20;
  bool ok = true;
  for (const int level : levels) {
    ok &= Compare("put", level, bench.Put(), bench.Echo(kPutBytes, kReplyBytes));
    ok &= Compare("get", level, bench.Get(), bench.Echo(kGetBytes, kDocumentBytes + kReplyBytes));
  }
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace docstore::bench

int main(int argc, char** argv) { return docstore::bench::Main(argc, argv); }
