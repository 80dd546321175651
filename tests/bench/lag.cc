// lag: how long until a write acknowledged at one node can be read at another.
//
//   lag WRITE_ADDRESS READ_ADDRESS [WRITES_PER_SECOND [SECONDS]]
//
// Writes fresh documents at a steady rate at one node and asks the other for each every millisecond
// from its acknowledgement on. The asking is part of the load. Prints the quantiles in
// milliseconds.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "docstore/v1/document.grpc.pb.h"
#include "tests/bench/calls.h"

namespace docstore::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using DocumentStub = docstore::v1::DocumentService::Stub;

constexpr int kWriters = 16;
constexpr auto kPollEvery = std::chrono::milliseconds(1);
constexpr auto kGiveUpAfter = std::chrono::seconds(10);

struct Writer {
  std::vector<double> lags_ms;
  int failures = 0;
};

// True when the write was acknowledged and then seen.
bool WriteAndAwait(DocumentStub* write_stub, DocumentStub* read_stub, const std::string& id,
                   double* lag_ms) {
  grpc::ClientContext put_context;
  docstore::v1::PutRequest put;
  put.set_collection("lag");
  put.set_id(id);
  put.set_json(DocumentOf(0));
  docstore::v1::PutResponse written;
  if (!write_stub->Put(&put_context, put, &written).ok()) return false;
  const auto acknowledged = SteadyClock::now();
  docstore::v1::GetRequest get;
  get.set_collection("lag");
  get.set_id(id);
  while (SteadyClock::now() - acknowledged < kGiveUpAfter) {
    grpc::ClientContext context;
    docstore::v1::GetResponse read;
    const grpc::Status status = read_stub->Get(&context, get, &read);
    if (status.ok()) {
      *lag_ms =
          std::chrono::duration<double, std::milli>(SteadyClock::now() - acknowledged).count();
      return true;
    }
    if (status.error_code() != grpc::StatusCode::NOT_FOUND) return false;
    std::this_thread::sleep_for(kPollEvery);
  }
  return false;
}

void RunWriter(int number, int rate, int seconds, DocumentStub* write_stub, DocumentStub* read_stub,
               Writer* writer) {
  const auto period = std::chrono::microseconds(1'000'000LL * kWriters / rate);
  const auto start = SteadyClock::now() + period * number / kWriters;
  for (int i = 0; period * i < std::chrono::seconds(seconds); ++i) {
    std::this_thread::sleep_until(start + period * i);
    double lag_ms = 0;
    const std::string id = std::to_string(number) + "-" + std::to_string(i);
    if (WriteAndAwait(write_stub, read_stub, id, &lag_ms)) {
      writer->lags_ms.push_back(lag_ms);
    } else {
      ++writer->failures;
    }
  }
}

int Main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: lag WRITE_ADDRESS READ_ADDRESS [WRITES_PER_SECOND [SECONDS]]\n");
    return 2;
  }
  const int rate = argc > 3 ? std::max(1, std::atoi(argv[3])) : 500;
  const int seconds = argc > 4 ? std::max(1, std::atoi(argv[4])) : 10;
  const auto write_stub = docstore::v1::DocumentService::NewStub(
      grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  const auto read_stub = docstore::v1::DocumentService::NewStub(
      grpc::CreateChannel(argv[2], grpc::InsecureChannelCredentials()));
  std::vector<Writer> writers(kWriters);
  std::vector<std::thread> threads;
  for (int i = 0; i < kWriters; ++i) {
    threads.emplace_back(RunWriter, i, rate, seconds, write_stub.get(), read_stub.get(),
                         &writers[i]);
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<double> lags;
  int failures = 0;
  for (const Writer& writer : writers) {
    lags.insert(lags.end(), writer.lags_ms.begin(), writer.lags_ms.end());
    failures += writer.failures;
  }
  if (lags.empty()) {
    std::printf("  no write was seen at the other node\n");
    return 1;
  }
  std::sort(lags.begin(), lags.end());
  std::printf("  %zu writes at %.0f/s: p50 %.1f ms   p99 %.1f ms   max %.1f ms, %d failed\n",
              lags.size(), static_cast<double>(lags.size()) / seconds, lags[lags.size() / 2],
              lags[lags.size() * 99 / 100], lags.back(), failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace docstore::bench

int main(int argc, char** argv) { return docstore::bench::Main(argc, argv); }
