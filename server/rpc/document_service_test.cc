#include "server/rpc/document_service.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "docstore/raw/v1/document.pb.h"
#include "docstore/v1/document.grpc.pb.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/token.h"
#include "server/core/version_vector.h"
#include "server/node/env.h"
#include "server/rpc/batch_get.h"
#include "server/rpc/document_reply.h"
#include "server/rpc/error.h"
#include "server/rpc/listing.h"
#include "server/rpc/message_bytes.h"
#include "server/rpc/one_node_testing.h"
#include "server/rpc/status_mapping.h"

namespace docstore::rpc {
namespace {

namespace v1 = docstore::v1;
using ::testing::HasSubstr;

// "NOT_FOUND/NOT_FOUND", "INVALID_ARGUMENT/BAD_ID id@3": code, reason, field and offset.
std::string Outcome(const grpc::Status& status) {
  const absl::Status error = FromGrpc(status);
  if (error.ok()) return "OK";
  const ErrorDetails details = DetailsOf(error);
  std::string text = absl::StatusCodeToString(error.code());
  if (!details.reason.empty()) absl::StrAppend(&text, "/", details.reason);
  if (!details.field.empty()) absl::StrAppend(&text, " ", details.field);
  if (details.offset >= 0) absl::StrAppend(&text, "@", details.offset);
  return text;
}

class DocumentServiceTest : public testing::Test {
 protected:
  v1::DocumentService::Stub& stub() { return *stub_; }

  grpc::Status Put(const v1::PutRequest& request, v1::PutResponse* response) {
    grpc::ClientContext context;
    return stub().Put(&context, request, response);
  }
  std::string PutOutcome(const v1::PutRequest& request) {
    v1::PutResponse response;
    return Outcome(Put(request, &response));
  }
  // Writes and returns the version.
  std::string MustPut(const std::string& collection, const std::string& id, const std::string& json,
                      const std::string& context = "") {
    v1::PutRequest request;
    request.set_collection(collection);
    request.set_id(id);
    request.set_json(json);
    if (!context.empty()) request.mutable_condition()->set_context(context);
    v1::PutResponse response;
    const grpc::Status status = Put(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.version();
  }
  // Leaves c/id with `count` live siblings beside the winner; returns the first version, replaced.
  std::string MakeSiblings(const std::string& id, int count, size_t bytes = 0) {
    const std::string first = MustPut("c", id, "{}");
    for (int i = 0; i <= count; ++i) {
      MustPut("c", id, absl::StrCat("{\"v\":", i, ",\"pad\":\"", std::string(bytes, 'x'), "\"}"),
              first);
    }
    return first;
  }
  grpc::Status Get(const std::string& collection, const std::string& id, v1::GetResponse* response,
                   bool include_siblings = false) {
    v1::GetRequest request;
    request.set_collection(collection);
    request.set_id(id);
    request.set_include_siblings(include_siblings);
    grpc::ClientContext context;
    return stub().Get(&context, request, response);
  }
  std::string GetOutcome(const std::string& collection, const std::string& id) {
    v1::GetResponse response;
    return Outcome(Get(collection, id, &response));
  }
  grpc::Status Delete(const v1::DeleteRequest& request, v1::DeleteResponse* response) {
    grpc::ClientContext context;
    return stub().Delete(&context, request, response);
  }
  // A unary call with `request` as bytes, whatever they are.
  grpc::Status CallRaw(const std::string& method, const grpc::ByteBuffer& request) {
    grpc::GenericStub generic(node_.channel());
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    generic.UnaryCall(&context, "/docstore.v1.DocumentService/" + method, grpc::StubOptions(),
                      &request, &response,
                      [&done](grpc::Status status) { done.set_value(std::move(status)); });
    return done.get_future().get();
  }

  OneNode node_;
  std::unique_ptr<v1::DocumentService::Stub> stub_ = v1::DocumentService::NewStub(node_.channel());
};

v1::PutRequest PutOf(const std::string& id, const std::string& json) {
  v1::PutRequest request;
  request.set_collection("c");
  request.set_id(id);
  request.set_json(json);
  return request;
}

v1::DeleteRequest DeleteOf(const std::string& id) {
  v1::DeleteRequest request;
  request.set_collection("c");
  request.set_id(id);
  return request;
}

TEST_F(DocumentServiceTest, GivesBackTheBytesThatWerePut) {
  const std::string json = "{\"b\": 1.50, \"a\":12345678901234567890123, \"å\":\"\\u00e5\"}";
  const std::string version = MustPut("c", "å/1", json);
  v1::GetResponse response;
  ASSERT_TRUE(Get("c", "å/1", &response).ok());
  EXPECT_EQ(response.id(), "å/1");
  EXPECT_EQ(response.winner().json(), json);
  EXPECT_EQ(response.winner().version(), version);
  EXPECT_FALSE(response.winner().deleted());
  EXPECT_GT(response.winner().written_at_ms(), 1'700'000'000'000);
  EXPECT_EQ(response.sibling_count(), 0u);
  EXPECT_EQ(response.resolve_context(), "");
  EXPECT_EQ(response.served_by(), "node1");
}

TEST_F(DocumentServiceTest, MakesAnIdWhenNoneIsGiven) {
  v1::PutResponse first, second;
  ASSERT_TRUE(Put(PutOf("", "{}"), &first).ok());
  ASSERT_TRUE(Put(PutOf("", "{}"), &second).ok());
  EXPECT_EQ(first.id().size(), 36u);
  EXPECT_EQ(first.id()[14], '7');
  EXPECT_NE(first.id(), second.id());
  EXPECT_EQ(GetOutcome("c", first.id()), "OK");
  v1::PutResponse named;
  ASSERT_TRUE(Put(PutOf("", "{\"_id\":\"own\",\"a\":1}"), &named).ok());
  EXPECT_EQ(named.id(), "own");
}

TEST_F(DocumentServiceTest, TakesMemberIdOutOfTheDocument) {
  MustPut("c", "k", "{\"_id\":\"k\",\"a\":1}");
  v1::GetResponse response;
  ASSERT_TRUE(Get("c", "k", &response).ok());
  EXPECT_EQ(response.winner().json(), "{\"a\":1}");
  EXPECT_THAT(PutOutcome(PutOf("k", "{\"_id\":\"other\"}")), HasSubstr("INVALID_ARGUMENT/BAD_ID"));
}

TEST_F(DocumentServiceTest, RefusesBadNamesWithFieldAndOffset) {
  EXPECT_EQ(GetOutcome("", "k"), "INVALID_ARGUMENT/BAD_NAME collection@0");
  EXPECT_EQ(GetOutcome("a/b", "k"), "INVALID_ARGUMENT/BAD_NAME collection@1");
  EXPECT_EQ(GetOutcome(std::string(128, 'c'), "k"), "NOT_FOUND/NOT_FOUND");
  EXPECT_EQ(GetOutcome(std::string(129, 'c'), "k"), "INVALID_ARGUMENT/BAD_NAME collection@128");
  EXPECT_EQ(GetOutcome("c", ""), "INVALID_ARGUMENT/BAD_ID id@0");
  EXPECT_EQ(GetOutcome("c", std::string(1024, 'k')), "NOT_FOUND/NOT_FOUND");
  EXPECT_EQ(GetOutcome("c", std::string(1025, 'k')), "INVALID_ARGUMENT/BAD_ID id@1024");
  EXPECT_EQ(GetOutcome("c", std::string("a\0b", 3)), "INVALID_ARGUMENT/BAD_ID id@1");
}

TEST_F(DocumentServiceTest, RefusesBadUtf8OfRawFramesWithFieldAndOffset) {
  raw::v1::GetRequest get;
  get.set_collection("c");
  get.set_id("ab\xff");
  EXPECT_EQ(Outcome(CallRaw("Get", SerializeMessage(get))), "INVALID_ARGUMENT/BAD_ID id@2");
  get.set_collection("c\xc3");
  EXPECT_EQ(Outcome(CallRaw("Get", SerializeMessage(get))),
            "INVALID_ARGUMENT/BAD_NAME collection@1");
  raw::v1::PutRequest put;
  put.set_collection("c");
  put.set_id("\xed\xa0\x80");
  put.set_json("{}");
  EXPECT_EQ(Outcome(CallRaw("Put", SerializeMessage(put))), "INVALID_ARGUMENT/BAD_ID id@0");
  raw::v1::DeleteRequest remove;
  remove.set_collection("c");
  remove.set_id("x\xc0\x80");
  EXPECT_EQ(Outcome(CallRaw("Delete", SerializeMessage(remove))), "INVALID_ARGUMENT/BAD_ID id@1");
  raw::v1::ListRequest list;
  list.set_collection("c");
  list.set_prefix("p\xff");
  EXPECT_EQ(Outcome(CallRaw("List", SerializeMessage(list))), "INVALID_ARGUMENT/BAD_ID prefix@1");
  raw::v1::GetVersionRequest version;
  version.set_collection("c");
  version.set_id("k");
  version.set_version("\xff\xff");
  EXPECT_THAT(Outcome(CallRaw("GetVersion", SerializeMessage(version))),
              HasSubstr("INVALID_ARGUMENT/BAD_CONTEXT version"));
}

TEST_F(DocumentServiceTest, RefusesBytesThatAreNoMessage) {
  const grpc::Slice slice("\xff\xff\xff\xff");
  for (const char* method : {"Get", "GetVersion", "Put", "Delete", "List", "ListConflicts"}) {
    EXPECT_EQ(Outcome(CallRaw(method, grpc::ByteBuffer(&slice, 1))),
              "INVALID_ARGUMENT/BAD_REQUEST request")
        << method;
  }
}

TEST_F(DocumentServiceTest, RefusesBadJsonWithOffset) {
  EXPECT_THAT(PutOutcome(PutOf("k", "[1]")), HasSubstr("INVALID_ARGUMENT/BAD_JSON json@0"));
  EXPECT_THAT(PutOutcome(PutOf("k", "{\"a\":1,\"a\":2}")),
              HasSubstr("INVALID_ARGUMENT/BAD_JSON json@"));
  EXPECT_THAT(PutOutcome(PutOf("k", "{\"a\":\"\xff\"}")),
              HasSubstr("INVALID_ARGUMENT/BAD_JSON json@6"));
}

TEST_F(DocumentServiceTest, TakesDocumentAtTheLimitAndRefusesOneOver) {
  const std::string frame = "{\"v\":\"\"}";
  const std::string at_limit =
      absl::StrCat("{\"v\":\"", std::string((1 << 20) - frame.size(), 'x'), "\"}");
  EXPECT_EQ(PutOutcome(PutOf("k", at_limit)), "OK");
  v1::GetResponse response;
  ASSERT_TRUE(Get("c", "k", &response).ok());
  EXPECT_EQ(response.winner().json(), at_limit);
  EXPECT_THAT(PutOutcome(PutOf("k", at_limit + " ")), HasSubstr("INVALID_ARGUMENT/TOO_LARGE json"));
  EXPECT_THAT(PutOutcome(PutOf("k", std::string(3 << 20, ' '))),
              HasSubstr("INVALID_ARGUMENT/TOO_LARGE json"));
}

TEST_F(DocumentServiceTest, GuardsByAbsence) {
  v1::PutRequest request = PutOf("k", "{}");
  request.mutable_condition()->set_if_absent(true);
  EXPECT_EQ(PutOutcome(request), "OK");
  EXPECT_EQ(PutOutcome(request), "ALREADY_EXISTS/ALREADY_EXISTS");
  request.mutable_condition()->set_if_absent(false);
  EXPECT_EQ(PutOutcome(request), "INVALID_ARGUMENT/BAD_CONDITION condition.if_absent");
  v1::DeleteRequest remove = DeleteOf("k");
  remove.mutable_condition()->set_if_absent(true);
  v1::DeleteResponse response;
  EXPECT_EQ(Outcome(Delete(remove, &response)),
            "INVALID_ARGUMENT/BAD_CONDITION condition.if_absent");
}

TEST_F(DocumentServiceTest, GuardsByVersionAndTellsTheCurrentOne) {
  const std::string first = MustPut("c", "k", "{\"v\":1}");
  v1::PutRequest request = PutOf("k", "{\"v\":2}");
  request.mutable_condition()->set_if_version(first);
  v1::PutResponse response;
  ASSERT_TRUE(Put(request, &response).ok());
  const std::string second = response.version();
  const grpc::Status moved = Put(request, &response);
  EXPECT_EQ(Outcome(moved), "ABORTED/MOVED");
  EXPECT_THAT(moved.error_details(), HasSubstr(second));
  v1::DeleteRequest remove = DeleteOf("k");
  remove.mutable_condition()->set_if_version(first);
  v1::DeleteResponse deleted;
  EXPECT_EQ(Outcome(Delete(remove, &deleted)), "ABORTED/MOVED");
  remove.mutable_condition()->set_if_version(second);
  EXPECT_EQ(Outcome(Delete(remove, &deleted)), "OK");
  request.mutable_condition()->set_if_version(second);
  EXPECT_EQ(Outcome(Put(request, &response)), "ABORTED/MOVED");
}

TEST_F(DocumentServiceTest, RefusesForeignAndDamagedTokens) {
  const std::string version = MustPut("c", "k", "{}");
  v1::PutRequest request = PutOf("other", "{}");
  request.mutable_condition()->set_if_version(version);
  EXPECT_THAT(PutOutcome(request), HasSubstr("INVALID_ARGUMENT/BAD_CONTEXT condition.if_version"));
  request = PutOf("k", "{}");
  request.mutable_condition()->set_context("nonsense");
  EXPECT_THAT(PutOutcome(request), HasSubstr("INVALID_ARGUMENT/BAD_CONTEXT condition.context"));
  request.mutable_condition()->set_context("");
  EXPECT_THAT(PutOutcome(request), HasSubstr("INVALID_ARGUMENT/BAD_CONTEXT condition.context"));
}

TEST(UnseenVersion, EndsAsWhatIsKnownOfItsOrigin) {
  const core::Origin peer{777};
  OneNode node({.disk = DiskWithPeer(peer)});
  const auto stub = v1::DocumentService::NewStub(node.channel());
  const auto outcome = [&](const auto& token) {
    v1::PutRequest request = PutOf("k", "{}");
    request.mutable_condition()->set_if_version(node.env().tokens->Sign(token, {"c", "k"}));
    v1::PutResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(400));
    return Outcome(stub->Put(&context, request, &response));
  };
  const core::Origin stranger{778};
  const core::Origin self = node.node().identity().origin;
  EXPECT_EQ(outcome(core::VersionToken{.dot = {peer, 1}}), "ABORTED/MOVED");
  EXPECT_EQ(outcome(core::VersionToken{.dot = {peer, 2}}), "UNAVAILABLE/NOT_CAUGHT_UP");
  EXPECT_EQ(outcome(core::ResolveToken{.context = core::VersionVector({{stranger, 1}}),
                                       .dots = {{stranger, 1}}}),
            "FAILED_PRECONDITION/UNKNOWN_ORIGIN");
  EXPECT_EQ(outcome(core::VersionToken{.dot = {self, 5}}),
            "INVALID_ARGUMENT/BAD_CONTEXT condition");
}

TEST_F(DocumentServiceTest, DeletesAndForgets) {
  v1::DeleteResponse response;
  EXPECT_EQ(Outcome(Delete(DeleteOf("k"), &response)), "NOT_FOUND/NOT_FOUND");
  MustPut("c", "k", "{}");
  ASSERT_EQ(Outcome(Delete(DeleteOf("k"), &response)), "OK");
  EXPECT_NE(response.version(), "");
  EXPECT_EQ(GetOutcome("c", "k"), "NOT_FOUND/NOT_FOUND");
}

TEST_F(DocumentServiceTest, ShowsSiblingsAndResolvesThem) {
  const std::string replaced = MakeSiblings("k", 2);
  v1::GetResponse got;
  ASSERT_TRUE(Get("c", "k", &got, /*include_siblings=*/true).ok());
  EXPECT_EQ(got.sibling_count(), 2u);
  ASSERT_EQ(got.siblings_size(), 2);
  ASSERT_EQ(got.sibling_versions_size(), 2);
  EXPECT_EQ(got.winner().json(), "{\"v\":2,\"pad\":\"\"}");
  EXPECT_EQ(got.siblings(0).json(), "{\"v\":1,\"pad\":\"\"}");
  EXPECT_EQ(got.siblings(0).version(), got.sibling_versions(0));
  EXPECT_FALSE(got.siblings_truncated());

  v1::GetVersionRequest request;
  request.set_collection("c");
  request.set_id("k");
  request.set_version(got.sibling_versions(1));
  v1::GetVersionResponse version;
  grpc::ClientContext context;
  ASSERT_TRUE(stub().GetVersion(&context, request, &version).ok());
  EXPECT_EQ(version.version().json(), "{\"v\":0,\"pad\":\"\"}");
  EXPECT_EQ(version.served_by(), "node1");
  request.set_version(replaced);
  grpc::ClientContext again;
  EXPECT_EQ(Outcome(stub().GetVersion(&again, request, &version)), "NOT_FOUND/NOT_FOUND");
  request.set_version(got.resolve_context());
  grpc::ClientContext vector;
  EXPECT_EQ(Outcome(stub().GetVersion(&vector, request, &version)),
            "INVALID_ARGUMENT/BAD_CONTEXT version");

  v1::PutRequest resolve = PutOf("k", "{\"v\":9}");
  resolve.mutable_condition()->set_if_version(got.resolve_context());
  v1::PutResponse put;
  ASSERT_TRUE(Put(resolve, &put).ok());
  EXPECT_EQ(put.superseded_siblings(), 2u);
  EXPECT_EQ(put.sibling_count(), 0u);
  EXPECT_EQ(PutOutcome(resolve), "ABORTED/MOVED");
}

TEST_F(DocumentServiceTest, KeepsGetBelowThreeMebibytesByLeavingSiblingsOut) {
  MakeSiblings("k", 4, 900'000);
  v1::GetResponse got;
  ASSERT_TRUE(Get("c", "k", &got, /*include_siblings=*/true).ok());
  EXPECT_TRUE(got.siblings_truncated());
  EXPECT_EQ(got.siblings_size(), 2);
  EXPECT_EQ(got.sibling_versions_size(), 4);
  EXPECT_LT(got.ByteSizeLong(), kReplyBytesMax);
}

TEST_F(DocumentServiceTest, RefusesOneSiblingTooMany) {
  const std::string first = MakeSiblings("k", 63);
  v1::PutRequest request = PutOf("k", "{\"v\":64}");
  request.mutable_condition()->set_context(first);
  EXPECT_EQ(PutOutcome(request), "FAILED_PRECONDITION/TOO_MANY_SIBLINGS");
}

TEST_F(DocumentServiceTest, AnswersBatchInOrderWithOneStatusEach) {
  MustPut("c", "a", "{\"n\":1}");
  MustPut("c", "b", "{\"n\":2}");
  raw::v1::BatchGetRequest request;
  request.set_collection("c");
  for (const char* id : {"b", "missing", "bad\xff", "a"}) request.add_ids(id);
  // Raw, because a proto3 client cannot send the bad id.
  v1::BatchGetRequest sent;
  grpc::ClientContext context;
  grpc::GenericStub generic(node_.channel());
  class Reader : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    void OnReadDone(bool ok) override {
      if (!ok) return;
      answers.emplace_back();
      EXPECT_TRUE(ParseMessage(buffer, &answers.back()).ok());
      StartRead(&buffer);
    }
    void OnDone(const grpc::Status& status) override { done.set_value(status); }
    grpc::ByteBuffer buffer;
    std::vector<raw::v1::BatchGetResponse> answers;
    std::promise<grpc::Status> done;
  } reader;
  generic.PrepareBidiStreamingCall(&context, "/docstore.v1.DocumentService/BatchGet",
                                   grpc::StubOptions(), &reader);
  const grpc::ByteBuffer bytes = SerializeMessage(request);
  reader.StartWriteLast(&bytes, grpc::WriteOptions());
  reader.StartRead(&reader.buffer);
  reader.StartCall();
  ASSERT_EQ(Outcome(reader.done.get_future().get()), "OK");
  std::vector<std::string> seen;
  for (const auto& answer : reader.answers) {
    seen.push_back(absl::StrCat(answer.index(), ":", answer.status().code(), " ",
                                answer.status().reason(), answer.status().field(), "@",
                                answer.status().offset(), " ", answer.document().winner().json()));
  }
  EXPECT_THAT(seen, testing::ElementsAre("0:0 @-1 {\"n\":2}", "1:5 NOT_FOUND@-1 ",
                                         "2:3 BAD_IDids@3 ", "3:0 @-1 {\"n\":1}"));
}

TEST_F(DocumentServiceTest, BoundsABatch) {
  const auto outcome = [this](int count) {
    v1::BatchGetRequest request;
    request.set_collection("c");
    for (int i = 0; i < count; ++i) request.add_ids("k");
    grpc::ClientContext context;
    const auto stream = stub().BatchGet(&context, request);
    v1::BatchGetResponse response;
    int answers = 0;
    while (stream->Read(&response)) ++answers;
    const std::string end = Outcome(stream->Finish());
    return absl::StrCat(answers, " ", end);
  };
  EXPECT_EQ(outcome(0), "0 OK");
  EXPECT_EQ(outcome(kBatchGetIdsMax), "10000 OK");
  EXPECT_EQ(outcome(kBatchGetIdsMax + 1), "0 INVALID_ARGUMENT/TOO_LARGE ids");
}

TEST(DiskFull, RefusesWritesWithoutAskingToRetryAndReadsOn) {
  class FullDisk final : public node::DiskSpace {
    absl::StatusOr<uint64_t> FreeBytes() const override { return 9; }
  };
  FullDisk disk;
  OneNode node(
      {.disk = DiskWithPeer(core::Origin{7}), .disk_space = &disk, .min_free_disk_bytes = 10});
  const auto stub = v1::DocumentService::NewStub(node.channel());
  v1::PutResponse put;
  grpc::ClientContext put_context;
  const grpc::Status refused = stub->Put(&put_context, PutOf("k", "{}"), &put);
  EXPECT_EQ(Outcome(refused), "RESOURCE_EXHAUSTED/DISK_FULL");
  EXPECT_EQ(refused.error_details().find("RetryInfo"), std::string::npos);
  v1::DeleteResponse deleted;
  grpc::ClientContext delete_context;
  EXPECT_EQ(Outcome(stub->Delete(&delete_context, DeleteOf("peer"), &deleted)),
            "RESOURCE_EXHAUSTED/DISK_FULL");
  v1::GetRequest get;
  get.set_collection("c");
  get.set_id("peer");
  v1::GetResponse found;
  grpc::ClientContext get_context;
  EXPECT_EQ(Outcome(stub->Get(&get_context, get, &found)), "OK");
}

TEST(NotReady, RefusesDocumentsBeforeTheNodeExists) {
  OneNode node({.start_node = false});
  const auto stub = v1::DocumentService::NewStub(node.channel());
  v1::GetRequest request;
  request.set_collection("c");
  request.set_id("k");
  v1::GetResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(Outcome(stub->Get(&context, request, &response)), "UNAVAILABLE/NOT_READY");
}

TEST(NotReady, RefusesDocumentsWhileTheNodeLooksForItsPeers) {
  OneNode node({.seeds = {"127.0.0.1:9"}, .await_ready = false});
  const auto stub = v1::DocumentService::NewStub(node.channel());
  v1::PutResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(Outcome(stub->Put(&context, PutOf("k", "{}"), &response)), "UNAVAILABLE/NOT_READY");
}

}  // namespace
}  // namespace docstore::rpc
