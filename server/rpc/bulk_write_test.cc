#include "server/rpc/bulk_write.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "docstore/raw/v1/document.pb.h"
#include "docstore/v1/cluster.grpc.pb.h"
#include "docstore/v1/document.grpc.pb.h"
#include "server/core/dot.h"
#include "server/core/token.h"
#include "server/rpc/error.h"
#include "server/rpc/message_bytes.h"
#include "server/rpc/one_node_testing.h"
#include "server/rpc/status_mapping.h"

namespace docstore::rpc {
namespace {

namespace v1 = docstore::v1;
using ::testing::HasSubstr;

v1::BulkItem PutItem(const std::string& id, const std::string& json) {
  v1::BulkItem item;
  item.mutable_put()->set_collection("c");
  item.mutable_put()->set_id(id);
  item.mutable_put()->set_json(json);
  return item;
}

// One bulk call and what came back.
class Bulk {
 public:
  explicit Bulk(OneNode* node)
      : stub_(v1::DocumentService::NewStub(node->channel())),
        stream_(stub_->BulkWrite(&context_)) {}

  bool Send(const v1::BulkItem& item) {
    v1::BulkWriteRequest request;
    *request.mutable_item() = item;
    return stream_->Write(request);
  }
  bool Send(const std::vector<v1::BulkItem>& items) {
    v1::BulkWriteRequest request;
    request.mutable_items();
    for (const v1::BulkItem& item : items) *request.mutable_items()->add_items() = item;
    return stream_->Write(request);
  }
  void SendEnd(uint64_t count) {
    v1::BulkWriteRequest request;
    request.set_end(count);
    stream_->Write(request);
  }
  // Reads to the end. "OK", or code and reason.
  std::string Finish() {
    v1::BulkWriteResponse response;
    while (stream_->Read(&response)) {
      EXPECT_EQ(response.served_by(), "node1");
      for (const v1::BulkResult& result : response.results()) {
        arrivals.push_back(result.index());
        EXPECT_TRUE(results.emplace(result.index(), result).second) << result.index();
      }
    }
    const absl::Status status = FromGrpc(stream_->Finish());
    if (status.ok()) return "OK";
    const ErrorDetails details = DetailsOf(status);
    return absl::StrCat(absl::StatusCodeToString(status.code()), "/", details.reason, " ",
                        details.field);
  }
  // "0:0 1:3BAD_JSON": index, code and reason of each result.
  std::string Summary() const {
    std::string text;
    for (const auto& [index, result] : results) {
      absl::StrAppend(&text, text.empty() ? "" : " ", index, ":", result.status().code(),
                      result.status().reason());
    }
    return text;
  }
  void Cancel() { context_.TryCancel(); }
  void WritesDone() { stream_->WritesDone(); }

  std::map<uint64_t, v1::BulkResult> results;
  std::vector<uint64_t> arrivals;  // indexes as they came

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::DocumentService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::BulkWriteRequest, v1::BulkWriteResponse>> stream_;
};

std::string JsonOf(OneNode* node, const std::string& id) {
  const auto document = node->node().view()->snapshot->ReadDocument({"c", id});
  if (!document.ok() || !document->live()) return "absent";
  return *document->winner()->body;
}

TEST(BulkWrite, AnswersEveryItemByItsIndex) {
  OneNode node;
  Bulk bulk(&node);
  bulk.Send(PutItem("a", "{\"n\":1}"));
  bulk.Send({PutItem("b", "{\"n\":2}"), PutItem("", "{}")});
  v1::BulkItem remove;
  remove.mutable_delete_()->set_collection("c");
  remove.mutable_delete_()->set_id("a");
  bulk.Send({remove});
  bulk.SendEnd(4);
  EXPECT_EQ(bulk.Finish(), "OK");
  EXPECT_EQ(bulk.Summary(), "0:0 1:0 2:0 3:0");
  EXPECT_EQ(bulk.results[1].id(), "b");
  EXPECT_EQ(bulk.results[2].id().size(), 36u);
  EXPECT_NE(bulk.results[1].version(), "");
  EXPECT_EQ(JsonOf(&node, "a"), "absent");
  EXPECT_EQ(JsonOf(&node, "b"), "{\"n\":2}");
}

TEST(BulkWrite, AnswersBadItemsAndAppliesTheOthers) {
  OneNode node;
  Bulk bulk(&node);
  v1::BulkItem absent = PutItem("a", "{}");
  absent.mutable_put()->mutable_condition()->set_if_absent(true);
  v1::BulkItem missing;
  missing.mutable_delete_()->set_collection("c");
  missing.mutable_delete_()->set_id("none");
  bulk.Send({PutItem("a", "{}"), PutItem("b", "nonsense"), PutItem(std::string(1025, 'k'), "{}"),
             absent, v1::BulkItem(), missing, PutItem("c", "{}")});
  bulk.SendEnd(7);
  EXPECT_EQ(bulk.Finish(), "OK");
  EXPECT_EQ(bulk.Summary(),
            "0:0 1:3BAD_JSON 2:3BAD_ID 3:6ALREADY_EXISTS 4:3BAD_REQUEST 5:5NOT_FOUND 6:0");
  EXPECT_EQ(bulk.results[1].status().field(), "json");
  EXPECT_EQ(bulk.results[2].status().field(), "id");
  EXPECT_EQ(bulk.results[2].status().offset(), 1024);
  EXPECT_EQ(bulk.results[0].status().offset(), -1);
}

TEST(BulkWrite, RefusesStreamWithOtherCountAfterItsResults) {
  OneNode node;
  Bulk bulk(&node);
  bulk.Send(PutItem("a", "{}"));
  bulk.SendEnd(2);
  EXPECT_EQ(bulk.Finish(), "INVALID_ARGUMENT/BAD_COUNT end");
  EXPECT_EQ(bulk.Summary(), "0:0");
  EXPECT_EQ(JsonOf(&node, "a"), "{}");
}

TEST(BulkWrite, RefusesStreamWithoutEnd) {
  OneNode node;
  Bulk bulk(&node);
  bulk.Send(PutItem("a", "{}"));
  bulk.WritesDone();
  EXPECT_EQ(bulk.Finish(), "INVALID_ARGUMENT/BAD_COUNT end");
  EXPECT_EQ(bulk.Summary(), "0:0");
}

TEST(BulkWrite, TakesStreamOfNothing) {
  OneNode node;
  Bulk bulk(&node);
  bulk.Send(std::vector<v1::BulkItem>());
  bulk.SendEnd(0);
  EXPECT_EQ(bulk.Finish(), "OK");
}

TEST(BulkWrite, RefusesBadUtf8AndBytesThatAreNoMessage) {
  OneNode node;
  class Caller : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    void OnReadDone(bool ok) override {
      if (!ok) return;
      raw::v1::BulkWriteResponse response;
      EXPECT_TRUE(ParseMessage(answer, &response).ok());
      for (const auto& result : response.results()) {
        absl::StrAppend(&seen, result.index(), ":", result.status().reason(), " ",
                        result.status().field(), "@", result.status().offset());
      }
      StartRead(&answer);
    }
    void OnWriteDone(bool ok) override {
      if (std::exchange(second_sent, true)) return;
      StartWriteLast(&second, grpc::WriteOptions());
    }
    void OnDone(const grpc::Status& status) override { done.set_value(status); }
    grpc::ByteBuffer first, second, answer;
    bool second_sent = false;
    std::string seen;
    std::promise<grpc::Status> done;
  } caller;
  raw::v1::BulkWriteRequest request;
  request.mutable_item()->mutable_put()->set_collection("c");
  request.mutable_item()->mutable_put()->set_id("ab\xe2\x28");
  request.mutable_item()->mutable_put()->set_json("{}");
  caller.first = SerializeMessage(request);
  const grpc::Slice nonsense("\xff\xff\xff");
  caller.second = grpc::ByteBuffer(&nonsense, 1);
  grpc::GenericStub generic(node.channel());
  grpc::ClientContext context;
  generic.PrepareBidiStreamingCall(&context, "/docstore.v1.DocumentService/BulkWrite",
                                   grpc::StubOptions(), &caller);
  caller.StartRead(&caller.answer);
  caller.StartWrite(&caller.first);
  caller.StartCall();
  const absl::Status status = FromGrpc(caller.done.get_future().get());
  EXPECT_EQ(caller.seen, "0:BAD_ID id@2");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf(status).reason, "BAD_REQUEST");
}

TEST(BulkWrite, AppliesItemsOfOneKeyInStreamOrder) {
  OneNode node;
  Bulk bulk(&node);
  constexpr int kItems = 2000;
  std::vector<v1::BulkItem> items;
  for (int i = 0; i < kItems; ++i) {
    items.push_back(PutItem(absl::StrCat("k", i % 3), absl::StrCat("{\"n\":", i, "}")));
  }
  bulk.Send(items);
  bulk.SendEnd(kItems);
  EXPECT_EQ(bulk.Finish(), "OK");
  EXPECT_EQ(bulk.results.size(), static_cast<size_t>(kItems));
  EXPECT_EQ(JsonOf(&node, "k1"), "{\"n\":1999}");
  EXPECT_EQ(JsonOf(&node, "k0"), "{\"n\":1998}");
  EXPECT_EQ(JsonOf(&node, "k2"), "{\"n\":1997}");
}

TEST(BulkWrite, LetsNoItemOvertakeOneOfItsKeyThatWaits) {
  const core::Origin peer{777};
  OneNode node({.disk = DiskWithPeer(peer)});
  Bulk bulk(&node);
  v1::BulkItem waiting = PutItem("k", "{\"n\":1}");
  waiting.mutable_put()->mutable_condition()->set_context(
      node.env().tokens->Sign(core::VersionToken{.dot = {peer, 2}, .hlc = 1 << 20}, {"c", "k"}));
  bulk.Send({waiting, PutItem("k", "{\"n\":2}")});
  bulk.SendEnd(2);
  EXPECT_EQ(bulk.Finish(), "OK");
  EXPECT_EQ(bulk.Summary(), "0:14NOT_CAUGHT_UP 1:0");
  EXPECT_THAT(bulk.arrivals, testing::ElementsAre(0, 1));
}

// Counts what the server takes while nothing can become durable.
TEST(BulkWrite, StopsReadingWhenTheWindowIsFull) {
  OneNode node;
  node.commits().Hold();
  constexpr int kItems = 4000;
  const std::string json = absl::StrCat("{\"pad\":\"", std::string(64 << 10, 'x'), "\"}");
  std::atomic<int> sent = 0;
  Bulk bulk(&node);
  std::thread sender([&] {
    for (int i = 0; i < kItems; ++i) {
      if (!bulk.Send(PutItem(absl::StrCat("k", i), json))) break;
      sent = i + 1;
    }
    bulk.SendEnd(kItems);
  });
  node.commits().AwaitHeldTask();
  // The sender comes to rest: what it got rid of stops growing over many turns of the server.
  v1::GetStatusRequest status_request;
  const auto cluster = v1::ClusterService::NewStub(node.channel());
  int before = -1;
  for (int quiet = 0; quiet < 200; ++quiet) {
    v1::GetStatusResponse status;
    grpc::ClientContext context;
    ASSERT_TRUE(cluster->GetStatus(&context, status_request, &status).ok());
    if (before != sent) quiet = 0;
    before = sent;
  }
  // 4 MiB are open in the server; the rest lies in the transport's buffers.
  EXPECT_LT(sent, 1000);
  node.commits().Release();
  EXPECT_EQ(bulk.Finish(), "OK");
  sender.join();
  EXPECT_EQ(bulk.results.size(), static_cast<size_t>(kItems));
}

TEST(BulkWrite, EndsWhenTheCallerLeaves) {
  OneNode node;
  node.commits().Hold();
  {
    Bulk bulk(&node);
    bulk.Send({PutItem("a", "{}"), PutItem("b", "{}")});
    node.commits().AwaitHeldTask();
    bulk.Cancel();
    EXPECT_THAT(bulk.Finish(), HasSubstr("CANCELLED"));
  }
  node.commits().Release();
  // The port's shutdown waits for the call: a reactor left behind would hang here.
}

TEST(BulkWrite, IsRefusedBeforeTheNodeExists) {
  OneNode node({.start_node = false});
  Bulk bulk(&node);
  EXPECT_THAT(bulk.Finish(), HasSubstr("UNAVAILABLE/NOT_READY"));
}

}  // namespace
}  // namespace docstore::rpc
