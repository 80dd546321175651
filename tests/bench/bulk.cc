// bulk: documents a second by BulkWrite, beside LevelDB alone writing the same rows with fsync.
//
//   bulk ADDRESS DIRECTORY [DOCUMENTS]
//
// Both write DOCUMENTS documents of 400 bytes in batches of 256: BulkWrite in messages of 256
// items, LevelDB (a fresh one in DIRECTORY) in synced batches of the rows that 256 documents make:
// the document, its entry in the dot index, and the totals once. Five rounds of each, in turns,
// each after a pause in which the tables that the round before left are compacted.

#include <grpcpp/grpcpp.h>
#include <leveldb/db.h>
#include <leveldb/write_batch.h>

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

constexpr int kBatch = 256;
constexpr int kRounds = 5;
constexpr auto kPause = std::chrono::seconds(2);

double Since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string IdOf(int round, int index) {
  return "bulk-" + std::to_string(round) + "-" + std::to_string(index);
}

// Documents a second, 0 when one failed.
double BulkWrite(docstore::v1::DocumentService::Stub* stub, int round, int documents) {
  const auto start = std::chrono::steady_clock::now();
  grpc::ClientContext context;
  const auto stream = stub->BulkWrite(&context);
  int succeeded = 0;
  std::thread reader([&stream, &succeeded] {
    docstore::v1::BulkWriteResponse response;
    while (stream->Read(&response)) {
      for (const docstore::v1::BulkResult& result : response.results()) {
        if (result.status().code() == 0) ++succeeded;
      }
    }
  });
  for (int i = 0; i < documents; i += kBatch) {
    docstore::v1::BulkWriteRequest request;
    for (int j = i; j < std::min(i + kBatch, documents); ++j) {
      docstore::v1::PutRequest* const put = request.mutable_items()->add_items()->mutable_put();
      put->set_collection("bulk");
      put->set_id(IdOf(round, j));
      put->set_json(DocumentOf(j));
    }
    if (!stream->Write(request)) break;
  }
  docstore::v1::BulkWriteRequest end;
  end.set_end(documents);
  stream->Write(end);
  stream->WritesDone();
  reader.join();
  const grpc::Status status = stream->Finish();
  if (!status.ok() || succeeded != documents) {
    std::printf("  BulkWrite FAILED: %d of %d, %s\n", succeeded, documents,
                status.error_message().c_str());
    return 0;
  }
  return documents / Since(start);
}

double LevelDbAlone(leveldb::DB* db, int round, int documents) {
  const auto start = std::chrono::steady_clock::now();
  leveldb::WriteOptions options;
  options.sync = true;
  // What a version, a context and a key add to the JSON text, in a row as docstored writes it.
  const std::string around(60, 'v');
  for (int i = 0; i < documents; i += kBatch) {
    leveldb::WriteBatch batch;
    for (int j = i; j < std::min(i + kBatch, documents); ++j) {
      const std::string id = IdOf(round, j);
      batch.Put("D....." + id, around + DocumentOf(j));
      batch.Put("X........" + std::to_string(100'000'000 + round * documents + j), "...." + id);
    }
    batch.Put("Nbulk", std::string(12, 'n'));
    if (!db->Write(options, &batch).ok()) return 0;
  }
  return documents / Since(start);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bulk ADDRESS DIRECTORY [DOCUMENTS]\n");
    return 2;
  }
  const int documents = argc > 3 ? std::max(kBatch, std::atoi(argv[3])) : 50'000;
  const auto stub = docstore::v1::DocumentService::NewStub(
      grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  leveldb::Options options;
  options.create_if_missing = true;
  leveldb::DB* opened = nullptr;
  if (!leveldb::DB::Open(options, argv[2], &opened).ok()) {
    std::fprintf(stderr, "bulk: cannot open a LevelDB in %s\n", argv[2]);
    return 1;
  }
  const std::unique_ptr<leveldb::DB> db(opened);
  std::vector<double> bulk;
  std::vector<double> alone;
  std::vector<double> ratios;
  for (int round = 0; round < kRounds; ++round) {
    std::this_thread::sleep_for(kPause);
    alone.push_back(LevelDbAlone(db.get(), round, documents));
    std::this_thread::sleep_for(kPause);
    bulk.push_back(BulkWrite(stub.get(), round, documents));
    if (bulk.back() == 0 || alone.back() == 0) return 1;
    ratios.push_back(bulk.back() / alone.back());
  }
  std::printf("  %-14s %9.0f documents/s\n", "LevelDB alone", Median(alone));
  std::printf("  %-14s %9.0f documents/s   %.2f x LevelDB alone\n", "BulkWrite", Median(bulk),
              Median(ratios));
  return 0;
}

}  // namespace
}  // namespace docstore::bench

int main(int argc, char** argv) { return docstore::bench::Main(argc, argv); }
