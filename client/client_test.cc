#include "client/client.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/error.h"
#include "client/fake_node.h"
#include "gtest/gtest.h"

namespace docstore::client {
namespace {

const grpc::Status kBroken(grpc::StatusCode::UNAVAILABLE, "Socket closed");

Client ClientOf(const std::string& endpoints, const ConnectionOptions& options = {}) {
  return *Client::Connect(endpoints, options);
}

Client ClientOf(const FakeNode& first, const FakeNode& second) {
  return ClientOf(absl::StrCat(first.address(), ",", second.address()));
}

TEST(Client, RefusesEndpointsThatAreNone) {
  for (const char* list : {"", "host", "host:", ":1", "host:0", "host:65536", "a:1,,b:2", "a:1x",
                           "::1:7421", "[]:1", "http://a:1"}) {
    EXPECT_EQ(Client::Connect(list).status().code(), absl::StatusCode::kInvalidArgument) << list;
  }
  EXPECT_TRUE(Client::Connect("a:1, b:65535,[::1]:7421").ok());
}

TEST(Client, WritesReadsAndDeletes) {
  FakeNode node;
  Client client = ClientOf(node.address());
  const auto written = client.Put("orders", "42", "{\"a\":1}");
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->version, "v1");
  EXPECT_EQ(written->served_by, "fake");
  EXPECT_EQ(client.Get("orders", "42")->winner.json, "{\"a\":1}");
  EXPECT_EQ(client.Put("orders", "42", "{}", Condition::IfAbsent()).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(client.Put("orders", "42", "{}", Condition::IfVersion("v9")).status().code(),
            absl::StatusCode::kAborted);
  EXPECT_TRUE(client.Put("orders", "42", "{}", Condition::IfVersion("v1")).ok());
  EXPECT_TRUE(client.Delete("orders", "42").ok());
  EXPECT_EQ(client.Get("orders", "42").status().code(), absl::StatusCode::kNotFound);
}

TEST(Client, GoesOnWhenConnectionIsRefused) {
  FakeNode first("one");
  FakeNode second("two");
  first.Stop();
  Client client = ClientOf(first, second);
  const auto written = client.Put("c", "a", "{}");
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->served_by, "two");
}

TEST(Client, SaysWhyWhenNoEndpointCanBeReached) {
  FakeNode first;
  FakeNode second;
  first.Stop();
  second.Stop();
  const absl::Status status = ClientOf(first, second).Put("c", "a", "{}").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(DetailOf(status).ambiguous);
  EXPECT_EQ(status.message(),
            absl::StrCat("no server could take the call: cannot connect to ", first.address(),
                         ": Connection refused; cannot connect to ", second.address(),
                         ": Connection refused"));
}

TEST(Client, GoesOnWhenWriteIsRefusedWithoutEffect) {
  FakeNode first("one");
  FakeNode second("two");
  first.FailWith(RefusalOf(grpc::StatusCode::UNAVAILABLE, "NOT_CAUGHT_UP", "starting"));
  Client client = ClientOf(first, second);
  EXPECT_EQ(client.Put("c", "a", "{}")->served_by, "two");
  EXPECT_EQ(first.calls(), 1u);
}

TEST(Client, NamesTheReasonWhenAllRefuseWithoutEffect) {
  FakeNode node;
  node.FailWith(RefusalOf(grpc::StatusCode::UNAVAILABLE, "NOT_CAUGHT_UP", "starting"));
  const absl::Status status = ClientOf(node.address()).Put("c", "a", "{}").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(DetailOf(status).reason, "NOT_CAUGHT_UP");
  EXPECT_FALSE(DetailOf(status).ambiguous);
}

TEST(Client, NeverRepeatsWriteWhoseConnectionBroke) {
  FakeNode first("one");
  FakeNode second("two");
  first.ApplyBeforeFailing();
  first.FailWith(kBroken);
  Client client = ClientOf(first, second);
  const absl::Status status = client.Put("c", "a", "{}").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(DetailOf(status).ambiguous);
  EXPECT_EQ(first.JsonOf("c", "a"), "{}");
  EXPECT_EQ(second.calls(), 0u);
  EXPECT_TRUE(DetailOf(client.Delete("c", "a").status()).ambiguous);
  EXPECT_EQ(second.calls(), 0u);
}

TEST(Client, RepeatsReadWhoseConnectionBroke) {
  FakeNode first("one");
  FakeNode second("two");
  first.FailWith(kBroken);
  Client client = ClientOf(first, second);
  ASSERT_TRUE(ClientOf(second.address()).Put("c", "a", "{}").ok());
  EXPECT_EQ(client.Get("c", "a")->served_by, "two");
  // It stays with the node that answered.
  EXPECT_EQ(client.Get("c", "a")->served_by, "two");
  EXPECT_EQ(first.calls(), 1u);
}

TEST(Client, CallsWriteAmbiguousWhenItsDeadlinePasses) {
  FakeNode node;
  node.Hang();
  ConnectionOptions options;
  options.deadline_ms = 100;
  Client client = ClientOf(node.address(), options);
  const absl::Status put = client.Put("c", "a", "{}").status();
  EXPECT_EQ(put.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(DetailOf(put).ambiguous);
  const absl::Status get = client.Get("c", "a").status();
  EXPECT_EQ(get.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(DetailOf(get).ambiguous);
}

TEST(Client, EndsCallsWhenInterrupted) {
  FakeNode node;
  node.Hang();
  std::atomic<bool> interrupted = false;
  ConnectionOptions options;
  options.interrupted = &interrupted;
  Client client = ClientOf(node.address(), options);
  std::thread interrupter([&] {
    while (node.calls() == 0) std::this_thread::yield();
    interrupted = true;
  });
  EXPECT_EQ(client.Get("c", "a").status().code(), absl::StatusCode::kCancelled);
  interrupter.join();
}

TEST(Client, CarriesReasonFieldAndOffset) {
  FakeNode node;
  const absl::Status status = ClientOf(node.address()).Put("c", "a", "{BAD}").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const ErrorDetail detail = DetailOf(status);
  EXPECT_EQ(detail.reason, "BAD_JSON");
  EXPECT_EQ(detail.field, "json");
  EXPECT_EQ(detail.offset, 5);
}

TEST(Error, IgnoresDetailsThatAreMalformedOrOfOthers) {
  const absl::Status garbage = StatusFromCall(14, "away", "\xff\xff garbage");
  EXPECT_EQ(garbage.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(DetailOf(garbage).reason, "");
  EXPECT_TRUE(DetailOf(MarkAmbiguous(garbage)).ambiguous);
  EXPECT_FALSE(DetailOf(MarkAmbiguous(absl::NotFoundError("no"))).ambiguous);
  EXPECT_TRUE(StatusFromCall(0, "", "").ok());
}

TEST(Client, ReadsSiblingsThatDidNotFit) {
  FakeNode node;
  Client client = ClientOf(node.address());
  ASSERT_TRUE(client.Put("c", "a", "{\"v\":1}").ok());
  node.AddSibling("c", "a", "{\"v\":2}");
  node.AddSibling("c", "a", "{\"v\":3}");
  node.AddSibling("c", "a", "");
  const auto whole = client.GetWhole("c", "a");
  ASSERT_TRUE(whole.ok()) << whole.status();
  ASSERT_EQ(whole->siblings.size(), 3u);
  EXPECT_EQ(whole->siblings[1].json, "{\"v\":3}");
  EXPECT_TRUE(whole->siblings[2].deleted);
  EXPECT_EQ(whole->resolve_context, "all-v1-v2-v3-v4");
}

TEST(Client, ReadsAgainWhenTheDocumentChangesMeanwhile) {
  FakeNode node;
  Client client = ClientOf(node.address());
  ASSERT_TRUE(client.Put("c", "a", "{}").ok());
  node.AddSibling("c", "a", "{}");
  node.AddSibling("c", "a", "{}");
  node.LoseVersions(2);
  EXPECT_EQ(client.GetWhole("c", "a")->siblings.size(), 2u);
  node.LoseVersions(3);
  EXPECT_EQ(client.GetWhole("c", "a").status().code(), absl::StatusCode::kAborted);
}

TEST(Client, WalksAllPages) {
  FakeNode node;
  Client client = ClientOf(node.address());
  for (const char* id : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(client.Put("c", id, "{}").ok());
  node.AddSibling("c", "b", "{}");
  node.AddSibling("c", "d", "{}");
  std::string ids;
  ListQuery query;
  query.collection = "c";
  ASSERT_TRUE(client
                  .List(query,
                        [&ids](const Document& document) {
                          ids += document.id;
                          return document.id != "d";
                        })
                  .ok());
  EXPECT_EQ(ids, "abcd");
  std::string conflicts;
  ASSERT_TRUE(client
                  .ListConflicts("",
                                 [&conflicts](const Conflict& conflict) {
                                   conflicts += conflict.id;
                                   return true;
                                 })
                  .ok());
  EXPECT_EQ(conflicts, "bd");
}

TEST(Client, AnswersEachIdOfABatch) {
  FakeNode node;
  Client client = ClientOf(node.address());
  ASSERT_TRUE(client.Put("c", "a", "{\"v\":1}").ok());
  const auto documents = client.BatchGet("c", {"x", "a"});
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ((*documents)[0].status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ((*documents)[1]->winner.json, "{\"v\":1}");
}

std::vector<BulkItem> Items(int count) {
  std::vector<BulkItem> items;
  for (int i = 0; i < count; ++i) {
    BulkItem item;
    item.collection = "c";
    item.id = absl::StrCat("id", i);
    item.json = absl::StrCat("{\"n\":", i, "}");
    items.push_back(item);
  }
  return items;
}

TEST(BulkStream, AnswersEachItem) {
  FakeNode node;
  Client client = ClientOf(node.address());
  std::vector<BulkItem> items = Items(20'000);
  items[7].json = "{BAD}";
  items[8].deletes = true;
  items[8].id = "id6";
  const auto results = client.BulkWrite(items);
  ASSERT_EQ(results.size(), items.size());
  for (size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].ok(), i != 7) << i;
  EXPECT_EQ(DetailOf(results[7].status()).offset, 5);
  EXPECT_EQ(node.JsonOf("c", "id6"), "");
  EXPECT_EQ(node.JsonOf("c", "id19999"), "{\"n\":19999}");
}

TEST(BulkStream, SendsDocumentsLargerThanAMessageAlone) {
  FakeNode node;
  std::vector<BulkItem> items = Items(3);
  for (BulkItem& item : items) item.json = "{\"t\":\"" + std::string(1 << 20, 'x') + "\"}";
  for (const auto& result : ClientOf(node.address()).BulkWrite(items)) EXPECT_TRUE(result.ok());
}

TEST(BulkStream, GoesOnWhenNothingWasSent) {
  FakeNode first;
  FakeNode second;
  first.Stop();
  for (const auto& result : ClientOf(first, second).BulkWrite(Items(3))) EXPECT_TRUE(result.ok());
}

TEST(BulkStream, ReportsUnansweredItemsAsUnknown) {
  FakeNode first;
  FakeNode second;
  first.BreakBulkAfter(2);
  const auto results = ClientOf(first, second).BulkWrite(Items(4));
  EXPECT_TRUE(results[0].ok());
  for (int i = 1; i < 4; ++i) EXPECT_TRUE(DetailOf(results[i].status()).ambiguous) << i;
  EXPECT_EQ(second.calls(), 0u);
}

TEST(BulkStream, SendsUnansweredPutsAgainWhenAllowed) {
  FakeNode first;
  FakeNode second;
  first.BreakBulkAfter(2);
  std::vector<BulkItem> items = Items(6);
  items[2].id = "";
  items[3].condition = Condition::IfAbsent();
  items[4].deletes = true;
  BulkOptions options;
  options.resend_unanswered = true;
  const auto results = ClientOf(first, second).BulkWrite(items, options);
  EXPECT_TRUE(results[0].ok());
  EXPECT_EQ(results[1]->version, "v1");
  for (int i = 2; i < 5; ++i) EXPECT_TRUE(DetailOf(results[i].status()).ambiguous) << i;
  EXPECT_TRUE(results[5].ok());
  EXPECT_EQ(second.JsonOf("c", "id1"), "{\"n\":1}");
}

TEST(BulkStream, DoesNotUndoALaterPutOfTheSameKey) {
  FakeNode first;
  FakeNode second;
  first.WithholdAnswerTo(0);
  first.BreakBulkAfter(3);
  std::vector<BulkItem> items = Items(3);
  items[1].id = items[0].id;
  BulkOptions options;
  options.resend_unanswered = true;
  const auto results = ClientOf(first, second).BulkWrite(items, options);
  EXPECT_TRUE(DetailOf(results[0].status()).ambiguous);
  EXPECT_TRUE(results[1].ok());
  EXPECT_TRUE(results[2].ok());
  EXPECT_EQ(second.JsonOf("c", "id0"), "");
}

TEST(BulkStream, ReportsItemsSentBeforeAsUnknownWhenNoEndpointIsLeft) {
  FakeNode first;
  FakeNode second;
  first.BreakBulkAfter(1);
  second.Stop();
  BulkOptions options;
  options.resend_unanswered = true;
  const auto results = ClientOf(second, first).BulkWrite(Items(2), options);
  for (const auto& result : results) EXPECT_TRUE(DetailOf(result.status()).ambiguous);
}

TEST(BulkStream, FailsItemsWithoutEffectWhenNobodyCanBeReached) {
  FakeNode node;
  node.Stop();
  for (const auto& result : ClientOf(node.address()).BulkWrite(Items(2))) {
    EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_FALSE(DetailOf(result.status()).ambiguous);
  }
}

TEST(Client, WorksOverAConnectionOfTheCallersMaking) {
  class Canned final : public Connection {
   public:
    absl::StatusOr<Document> Get(const std::string&, const std::string& id, bool) override {
      Document document;
      document.id = id;
      return document;
    }
    absl::StatusOr<Version> GetVersion(const std::string&, const std::string&,
                                       const std::string&) override {
      return Version();
    }
    absl::StatusOr<Written> Put(const std::string&, const std::string&, const std::string&,
                                const Condition&) override {
      return Written();
    }
    absl::StatusOr<Written> Delete(const std::string&, const std::string&,
                                   const Condition&) override {
      return Written();
    }
    absl::StatusOr<std::vector<absl::StatusOr<Document>>> BatchGet(const std::string&,
                                                                   const std::vector<std::string>&,
                                                                   bool) override {
      return std::vector<absl::StatusOr<Document>>();
    }
    std::unique_ptr<BulkWriter> BulkWrite(const BulkOptions&, BulkCallback) override {
      return nullptr;
    }
    absl::StatusOr<ListPage> List(const ListQuery&, const std::string&) override {
      return ListPage();
    }
    absl::StatusOr<ConflictPage> ListConflicts(const std::string&, uint32_t,
                                               const std::string&) override {
      return ConflictPage();
    }
    absl::StatusOr<std::vector<Collection>> ListCollections() override {
      return std::vector<Collection>();
    }
    absl::StatusOr<ClusterStatus> GetStatus(int64_t) override { return ClusterStatus(); }
    absl::StatusOr<Convergence> WaitConverged(int64_t) override { return Convergence(); }
    absl::StatusOr<ContentDigest> GetContentDigest(const std::string&) override {
      return ContentDigest();
    }
    absl::StatusOr<Content> ListContent(const ContentQuery&) override { return Content(); }
  };
  docstore::Client client(std::make_shared<Canned>());
  EXPECT_EQ(client.Get("c", "a")->id, "a");
}

}  // namespace
}  // namespace docstore::client
