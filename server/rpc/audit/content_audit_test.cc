// GetContentDigest and ListContent of a whole node, over gRPC.

#include "server/rpc/audit/content_audit.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "docstore/v1/cluster.grpc.pb.h"
#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/version_vector.h"
#include "server/rpc/audit/content_digest.h"
#include "server/rpc/error.h"
#include "server/rpc/one_node_testing.h"
#include "server/rpc/status_mapping.h"
#include "server/storage/memory_store.h"

namespace docstore::rpc {
namespace {

namespace v1 = docstore::v1;
using core::Document;
using core::DocumentKey;
using core::Origin;
using core::Version;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Documents = std::map<DocumentKey, Document>;

constexpr Origin kPeer{0xa};

Version LiveVersion(uint64_t seq, const std::string& json) {
  return {.dot = {kPeer, seq},
          .hlc = (seq << 16) + 1,
          .hash = HashBytes128(json),
          .body = std::make_shared<const std::string>(json)};
}

Version Tombstone(uint64_t seq) {
  return {.dot = {kPeer, seq}, .hlc = (seq << 16) + 1, .deleted = true};
}

// A disk that holds `documents`, whose versions are the writes 1 to `writes` of kPeer.
std::shared_ptr<storage::MemoryDisk> DiskWith(const Documents& documents, uint64_t writes) {
  auto disk = std::make_shared<storage::MemoryDisk>();
  auto store = storage::OpenMemoryStore(disk).value();
  CHECK_OK(store->Recover().status());
  CHECK_OK(store->Initialize(std::string(16, 'u'), "test"));
  core::Rows rows;
  std::map<std::string, core::CollectionRow> collections;
  for (const auto& [key, document] : documents) {
    rows.documents.push_back({.key = key, .document = document});
    rows.documents.back().document.context = core::VersionVector(document.dots());
    for (const Version& version : document.versions) {
      rows.dots.push_back({.dot = version.dot, .key = key});
    }
    core::CollectionRow& collection = collections[key.collection];
    collection.name = key.collection;
    collection.documents += document.live() ? 1 : 0;
    collection.body_bytes += document.body_bytes();
  }
  for (const auto& [name, collection] : collections) rows.collections.push_back(collection);
  rows.clock_checkpoint = core::Clock({{kPeer, 1, writes}});
  CHECK_OK(store->Commit(rows));
  return disk;
}

Documents FewDocuments() {
  return {{{"people", "ada"}, {.versions = {LiveVersion(1, "{\"born\":1815}")}}},
          {{"people", "bob"}, {.versions = {LiveVersion(2, "{}"), LiveVersion(3, "{\"n\":1}")}}},
          {{"people", "gone"}, {.versions = {Tombstone(4)}}},
          {{"stock", "beans"}, {.versions = {LiveVersion(5, "{}"), Tombstone(6)}}}};
}

class ContentAuditTest : public testing::Test {
 protected:
  void Serve(const Documents& documents, uint64_t writes) {
    node_ = std::make_unique<OneNode>(OneNodeOptions{.disk = DiskWith(documents, writes)});
    stub_ = v1::ClusterService::NewStub(node_->channel());
  }

  static void SetDeadline(grpc::ClientContext* context) {
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(10));
  }

  // All parts of the answer joined.
  template <typename Response>
  absl::Status Join(grpc::ClientReader<Response>* reader, Response* joined) {
    Response part;
    while (reader->Read(&part)) {
      EXPECT_EQ(part.served_by(), "node1");
      EXPECT_LE(part.ByteSizeLong(), size_t{3} << 20);
      joined->MergeFrom(part);
      ++parts_;
    }
    return FromGrpc(reader->Finish());
  }
  absl::Status Digest(const v1::GetContentDigestRequest& request,
                      v1::GetContentDigestResponse* response) {
    grpc::ClientContext context;
    SetDeadline(&context);
    return Join(stub_->GetContentDigest(&context, request).get(), response);
  }
  absl::Status List(const v1::ListContentRequest& request, v1::ListContentResponse* response) {
    grpc::ClientContext context;
    SetDeadline(&context);
    return Join(stub_->ListContent(&context, request).get(), response);
  }
  std::string Refusal(const v1::GetContentDigestRequest& request) {
    v1::GetContentDigestResponse response;
    return Outcome(Digest(request, &response));
  }
  std::string Refusal(const v1::ListContentRequest& request) {
    v1::ListContentResponse response;
    return Outcome(List(request, &response));
  }
  static std::string Outcome(const absl::Status& status) {
    const ErrorDetails details = DetailsOf(status);
    return absl::StrCat(absl::StatusCodeToString(status.code()), "/", details.reason, " ",
                        details.field);
  }

  std::unique_ptr<OneNode> node_;
  std::unique_ptr<v1::ClusterService::Stub> stub_;
  int parts_ = 0;
};

// "people/ada a:1", with + for a tombstone and ! for bytes without their hash.
std::vector<std::string> Names(const v1::ListContentResponse& response) {
  std::vector<std::string> names;
  for (const v1::ContentEntry& entry : response.entries()) {
    std::string name = absl::StrCat(entry.key().collection(), "/", entry.key().id());
    for (const v1::ContentVersion& version : entry.versions()) {
      absl::StrAppend(&name, " ", absl::Hex(version.dot().origin()), ":", version.dot().seq(),
                      version.deleted() ? "+" : "", version.damaged() ? "!" : "");
    }
    names.push_back(name);
  }
  return names;
}

TEST_F(ContentAuditTest, DigestIsThatOfAllDocuments) {
  Serve(FewDocuments(), 6);
  v1::GetContentDigestRequest request;
  request.set_bucket_count(64);
  v1::GetContentDigestResponse response;
  ASSERT_TRUE(Digest(request, &response).ok());
  ContentDigest expected(64);
  for (const auto& [key, document] : FewDocuments()) expected.Add(key, document);
  std::vector<ContentDigest::Bucket> buckets(64);
  for (const v1::ContentBucket& bucket : response.buckets()) {
    buckets[bucket.index()] = {bucket.document_count(),
                               absl::MakeUint128(bucket.sum_high(), bucket.sum_low())};
  }
  EXPECT_EQ(buckets, expected.buckets());
  EXPECT_EQ(response.totals().document_count(), 3u);
  EXPECT_EQ(response.totals().version_count(), 4u);
  EXPECT_EQ(response.totals().json_bytes(), 24u);
  EXPECT_EQ(response.totals().damaged_count(), 0u);
  EXPECT_EQ(response.scanned_count(), 4u);
  ASSERT_EQ(response.clock_size(), 1);
  EXPECT_EQ(response.clock(0).origin(), 0xau);
  EXPECT_EQ(response.clock(0).first(), 1u);
  EXPECT_EQ(response.clock(0).last(), 6u);
}

TEST_F(ContentAuditTest, DigestOfOneCollectionLeavesOthersOut) {
  Serve(FewDocuments(), 6);
  v1::GetContentDigestRequest request;
  request.set_collection("stock");
  v1::GetContentDigestResponse response;
  ASSERT_TRUE(Digest(request, &response).ok());
  ASSERT_EQ(response.buckets_size(), 1);
  EXPECT_EQ(response.buckets(0).index(), BucketOf({"stock", "beans"}, kBucketCountMax));
  EXPECT_EQ(response.totals().document_count(), 1u);
  request.set_collection("nothing");
  response.Clear();
  ASSERT_TRUE(Digest(request, &response).ok());
  EXPECT_EQ(response.buckets_size(), 0);
}

TEST_F(ContentAuditTest, ListsAllVersionsOfTheBucketsAskedFor) {
  Serve(FewDocuments(), 6);
  v1::ListContentRequest request;
  request.add_buckets(BucketOf({"people", "bob"}, kBucketCountMax));
  v1::ListContentResponse response;
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_THAT(Names(response), ElementsAre("people/bob a:2 a:3"));
  EXPECT_EQ(response.clock_size(), 1);
  const v1::ContentVersion& version = response.entries(0).versions(1);
  const Hash128 hash = HashBytes128("{\"n\":1}");
  EXPECT_EQ(version.hash_high(), hash.high);
  EXPECT_EQ(version.hash_low(), hash.low);
  EXPECT_EQ(version.timestamp(), (3u << 16) + 1);
  EXPECT_EQ(version.json_bytes(), 7u);

  request.Clear();
  request.set_bucket_count(1);
  request.add_buckets(0);
  response.Clear();
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_THAT(Names(response), ElementsAre("people/ada a:1", "people/bob a:2 a:3",
                                           "people/gone a:4+", "stock/beans a:5 a:6+"));
}

TEST_F(ContentAuditTest, ListsTheDocumentsNamedAndNothingForThoseItLacks) {
  Serve(FewDocuments(), 6);
  v1::ListContentRequest request;
  for (const char* id : {"gone", "nobody", "ada"}) {
    v1::DocumentKey* key = request.add_documents();
    key->set_collection("people");
    key->set_id(id);
  }
  v1::ListContentResponse response;
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_THAT(Names(response), ElementsAre("people/gone a:4+", "people/ada a:1"));
  request.set_collection("stock");
  response.Clear();
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_THAT(Names(response), ElementsAre());
}

TEST_F(ContentAuditTest, NamesDocumentsWhoseBytesDoNotHaveTheirHash) {
  Documents documents = FewDocuments();
  Version& version = documents[{"people", "bob"}].versions[1];
  version.body = std::make_shared<const std::string>("{\"n\":2}");
  Serve(documents, 6);
  v1::GetContentDigestResponse digest;
  ASSERT_TRUE(Digest({}, &digest).ok());
  EXPECT_EQ(digest.totals().damaged_count(), 1u);
  ASSERT_EQ(digest.damaged_size(), 1);
  EXPECT_EQ(digest.damaged(0).id(), "bob");
  v1::ListContentRequest request;
  *request.add_documents() = digest.damaged(0);
  v1::ListContentResponse response;
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_THAT(Names(response), ElementsAre("people/bob a:2 a:3!"));
}

TEST_F(ContentAuditTest, AnswersInPartsThatJoinToEverything) {
  constexpr uint64_t kDocuments = 50'000;
  Documents documents;
  for (uint64_t i = 1; i <= kDocuments; ++i) {
    documents[{"c", absl::StrCat("id", i)}] = {.versions = {LiveVersion(i, "{}")}};
  }
  // The walk goes on in the next collection with a name before the last one's.
  documents[{"d", "a"}] = {.versions = {LiveVersion(kDocuments + 1, "{}")}};
  Serve(documents, kDocuments + 1);
  v1::GetContentDigestResponse digest;
  ASSERT_TRUE(Digest({}, &digest).ok());
  EXPECT_GT(digest.buckets_size(), int{kRecordsPerPartMax});
  EXPECT_GT(parts_, 2);
  EXPECT_EQ(digest.totals().document_count(), documents.size());
  v1::ListContentRequest request;
  for (const v1::ContentBucket& bucket : digest.buckets()) request.add_buckets(bucket.index());
  v1::ListContentResponse response;
  parts_ = 0;
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_GT(parts_, 2);
  ASSERT_EQ(static_cast<size_t>(response.entries_size()), documents.size());
  auto expected = documents.begin();
  for (const v1::ContentEntry& entry : response.entries()) {
    EXPECT_EQ(entry.key().id(), (expected++)->first.id);
  }
  EXPECT_EQ(response.scanned_count(), documents.size());
}

TEST_F(ContentAuditTest, RefusesWhatIsNoRequest) {
  Serve(FewDocuments(), 6);
  v1::GetContentDigestRequest digest;
  digest.set_bucket_count(3);
  EXPECT_EQ(Refusal(digest), "INVALID_ARGUMENT/BAD_REQUEST bucket_count");
  digest.set_bucket_count(2 * kBucketCountMax);
  EXPECT_EQ(Refusal(digest), "INVALID_ARGUMENT/BAD_REQUEST bucket_count");
  digest.Clear();
  digest.set_collection("a/b");
  EXPECT_EQ(Refusal(digest), "INVALID_ARGUMENT/BAD_NAME collection");
  v1::ListContentRequest list;
  list.set_bucket_count(4);
  list.add_buckets(4);
  EXPECT_EQ(Refusal(list), "INVALID_ARGUMENT/BAD_REQUEST buckets[0]");
  list.set_buckets(0, 2);
  list.add_buckets(2);
  EXPECT_EQ(Refusal(list), "INVALID_ARGUMENT/BAD_REQUEST buckets[1]");
  list.add_documents()->set_collection("c");
  EXPECT_EQ(Refusal(list), "INVALID_ARGUMENT/BAD_REQUEST documents");
  list.clear_buckets();
  EXPECT_EQ(Refusal(list), "INVALID_ARGUMENT/BAD_ID id");
  for (int i = 0; i < kListedDocumentsMax; ++i) list.add_documents();
  EXPECT_EQ(Refusal(list), "INVALID_ARGUMENT/TOO_LARGE documents");
}

TEST_F(ContentAuditTest, RefusesACallWithoutADeadline) {
  Serve(FewDocuments(), 6);
  grpc::ClientContext context;
  v1::GetContentDigestResponse response;
  const absl::Status status = Join(stub_->GetContentDigest(&context, {}).get(), &response);
  EXPECT_EQ(Outcome(status), "INVALID_ARGUMENT/BAD_REQUEST ");
  EXPECT_THAT(std::string(status.message()), HasSubstr("deadline"));
}

TEST_F(ContentAuditTest, AnswersAsOfTheInstantOfTheCall) {
  Serve(FewDocuments(), 6);
  node_->audits().Hold();
  v1::GetContentDigestResponse response;
  std::thread asking([this, &response] { EXPECT_TRUE(Digest({}, &response).ok()); });
  node_->audits().AwaitHeldTask();
  std::promise<void> written;
  core::ClientWrite write;
  write.key = {"people", "late"};
  write.body = std::make_shared<const std::string>("{}");
  write.hash = HashBytes128(*write.body);
  node_->node().Write(write, [&written](const absl::StatusOr<core::WriteResult>& result) {
    EXPECT_TRUE(result.ok());
    written.set_value();
  });
  written.get_future().wait();
  node_->audits().Release();
  asking.join();
  EXPECT_EQ(response.totals().document_count(), 3u);
  EXPECT_EQ(response.clock_size(), 1);
  response.Clear();
  ASSERT_TRUE(Digest({}, &response).ok());
  EXPECT_EQ(response.totals().document_count(), 4u);
  EXPECT_EQ(response.clock_size(), 2);
}

TEST_F(ContentAuditTest, RefusesMoreCallsThanItsLimitUntilOneHasEnded) {
  Serve(FewDocuments(), 6);
  node_->audits().Hold();
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::GetContentDigestResponse>>> readers;
  for (int i = 0; i < kAuditCallsMax; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    SetDeadline(contexts.back().get());
    readers.push_back(stub_->GetContentDigest(contexts.back().get(), {}));
  }
  node_->audits().AwaitHeldTask(kAuditCallsMax);
  EXPECT_EQ(Refusal(v1::ListContentRequest()), "UNAVAILABLE/BUSY ");
  for (auto& context : contexts) context->TryCancel();
  node_->audits().Release();
  for (auto& reader : readers) reader->Finish();
  // Each call ends on the server soon after it has on the client.
  std::string outcome;
  do {
    outcome = Refusal(v1::GetContentDigestRequest());
  } while (outcome == "UNAVAILABLE/BUSY ");
  EXPECT_EQ(outcome, "OK/ ");
}

TEST_F(ContentAuditTest, IsRefusedUntilTheNodeIsReady) {
  OneNode catching_up({.seeds = {"127.0.0.1:2"}, .await_ready = false});
  stub_ = v1::ClusterService::NewStub(catching_up.channel());
  EXPECT_EQ(Refusal(v1::GetContentDigestRequest()), "UNAVAILABLE/NOT_READY ");
}

}  // namespace
}  // namespace docstore::rpc
