#include "server/rpc/listing.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "docstore/v1/collection.grpc.pb.h"
#include "docstore/v1/document.grpc.pb.h"
#include "server/rpc/document_reply.h"
#include "server/rpc/error.h"
#include "server/rpc/one_node_testing.h"
#include "server/rpc/status_mapping.h"

namespace docstore::rpc {
namespace {

namespace v1 = docstore::v1;
using ::testing::ElementsAre;

class ListingTest : public testing::Test {
 protected:
  // Writes and returns the version.
  std::string Put(const std::string& collection, const std::string& id, const std::string& json,
                  const std::string& context = "") {
    v1::PutRequest request;
    request.set_collection(collection);
    request.set_id(id);
    request.set_json(json);
    if (!context.empty()) request.mutable_condition()->set_context(context);
    v1::PutResponse response;
    grpc::ClientContext call;
    EXPECT_TRUE(stub_->Put(&call, request, &response).ok());
    return response.version();
  }
  void Conflict(const std::string& collection, const std::string& id) {
    const std::string first = Put(collection, id, "{}");
    Put(collection, id, "{\"v\":1}", first);
    Put(collection, id, "{\"v\":2}", first);
  }
  void Delete(const std::string& id) {
    v1::DeleteRequest request;
    request.set_collection("c");
    request.set_id(id);
    v1::DeleteResponse response;
    grpc::ClientContext call;
    EXPECT_TRUE(stub_->Delete(&call, request, &response).ok());
  }
  absl::Status List(const v1::ListRequest& request, v1::ListResponse* response) {
    grpc::ClientContext call;
    return FromGrpc(stub_->List(&call, request, response));
  }
  std::string ListOutcome(const v1::ListRequest& request) {
    v1::ListResponse response;
    const absl::Status status = List(request, &response);
    const ErrorDetails details = DetailsOf(status);
    return status.ok() ? "OK" : absl::StrCat(details.reason, " ", details.field);
  }
  // All ids over all pages; `pages` counts them.
  std::vector<std::string> ListAll(v1::ListRequest request, int* pages = nullptr) {
    std::vector<std::string> ids;
    do {
      v1::ListResponse response;
      const absl::Status status = List(request, &response);
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_EQ(response.served_by(), "node1");
      EXPECT_LT(response.ByteSizeLong(), kReplyBytesMax);
      for (const auto& document : response.documents()) ids.push_back(document.id());
      request.set_page_token(response.next_page_token());
      if (pages != nullptr) ++*pages;
    } while (!request.page_token().empty());
    return ids;
  }

  OneNode node_;
  std::unique_ptr<v1::DocumentService::Stub> stub_ = v1::DocumentService::NewStub(node_.channel());
};

v1::ListRequest InC() {
  v1::ListRequest request;
  request.set_collection("c");
  return request;
}

TEST_F(ListingTest, IsEmptyForCollectionNeverWritten) {
  v1::ListResponse response;
  ASSERT_TRUE(List(InC(), &response).ok());
  EXPECT_EQ(response.documents_size(), 0);
  EXPECT_EQ(response.next_page_token(), "");
}

TEST_F(ListingTest, ListsLiveDocumentsWithWinnerAndSiblingCount) {
  Put("c", "a", "{\"n\":1}");
  Conflict("c", "b");
  Put("c", "gone", "{}");
  Delete("gone");
  Put("other", "x", "{}");
  v1::ListResponse response;
  ASSERT_TRUE(List(InC(), &response).ok());
  ASSERT_EQ(response.documents_size(), 2);
  EXPECT_EQ(response.documents(0).winner().json(), "{\"n\":1}");
  EXPECT_EQ(response.documents(0).sibling_count(), 0u);
  EXPECT_EQ(response.documents(1).winner().json(), "{\"v\":2}");
  EXPECT_EQ(response.documents(1).sibling_count(), 1u);
  v1::ListRequest ids_only = InC();
  ids_only.set_ids_only(true);
  ASSERT_TRUE(List(ids_only, &response).ok());
  EXPECT_EQ(response.documents(0).winner().json(), "");
  EXPECT_NE(response.documents(0).winner().version(), "");
}

TEST_F(ListingTest, FollowsRangePrefixAndPagesAsAModelDoes) {
  std::mt19937 random(7);
  const auto draw = [&random](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  const std::vector<std::string> letters = {"a", "b", "\xc3\xa5", "\x7f", "\xf4\x8f\xbf\xbf"};
  const auto draw_id = [&](int most) {
    std::string id;
    for (int i = static_cast<int>(random() % (most + 1)); i > 0; --i) id += draw(letters);
    return id;
  };
  std::set<std::string> model;
  for (int i = 0; i < 120; ++i) {
    const std::string id = draw_id(3) + draw(letters);
    Put("c", id, "{}");
    model.insert(id);
    if (random() % 5 == 0) {
      Delete(id);
      model.erase(id);
    }
  }
  for (int i = 0; i < 300; ++i) {
    v1::ListRequest request = InC();
    if (random() % 2) request.set_from_id(draw_id(2));
    if (random() % 2) request.set_to_id(draw_id(2));
    if (random() % 2) request.set_prefix(draw_id(2));
    request.set_page_size(1 + random() % 40);
    std::vector<std::string> expected;
    for (const std::string& id : model) {
      if (id >= request.from_id() && (request.to_id().empty() || id < request.to_id()) &&
          absl::StartsWith(id, request.prefix())) {
        expected.push_back(id);
      }
    }
    EXPECT_EQ(ListAll(request), expected) << request.ShortDebugString();
  }
}

TEST_F(ListingTest, EndsPagesBeforeThreeMebibytes) {
  const std::string json = absl::StrCat("{\"pad\":\"", std::string(1'000'000, 'x'), "\"}");
  for (int i = 0; i < 7; ++i) Put("c", absl::StrCat("k", i), json);
  int pages = 0;
  EXPECT_EQ(ListAll(InC(), &pages).size(), 7u);
  EXPECT_EQ(pages, 3);
  v1::ListRequest ids_only = InC();
  ids_only.set_ids_only(true);
  pages = 0;
  EXPECT_EQ(ListAll(ids_only, &pages).size(), 7u);
  EXPECT_EQ(pages, 1);
}

TEST_F(ListingTest, BoundsPageSize) {
  for (int i = 0; i < 101; ++i) Put("c", absl::StrCat("k", 100 + i), "{}");
  v1::ListRequest request = InC();
  v1::ListResponse response;
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_EQ(response.documents_size(), 100);
  request.set_page_size(kPageSizeMax);
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_EQ(response.documents_size(), 101);
  EXPECT_EQ(response.next_page_token(), "");
  request.set_page_size(kPageSizeMax + 1);
  EXPECT_EQ(ListOutcome(request), "BAD_PAGE page_size");
}

TEST_F(ListingTest, RefusesTokensOfOtherRequests) {
  for (const char* id : {"a", "b", "c"}) Put("c", id, "{}");
  v1::ListRequest request = InC();
  request.set_page_size(1);
  v1::ListResponse response;
  ASSERT_TRUE(List(request, &response).ok());
  const std::string token = response.next_page_token();
  ASSERT_NE(token, "");
  request.set_page_token(token);
  request.set_page_size(2);
  EXPECT_EQ(ListOutcome(request), "OK");
  request.set_prefix("b");
  EXPECT_EQ(ListOutcome(request), "BAD_PAGE page_token");
  for (const std::string& bad : {std::string("!"), std::string("AAAA"), token.substr(0, 8)}) {
    request = InC();
    request.set_page_token(bad);
    EXPECT_EQ(ListOutcome(request), "BAD_PAGE page_token") << bad;
  }
}

TEST_F(ListingTest, RefusesBadBounds) {
  v1::ListRequest request = InC();
  request.set_from_id(std::string(1025, 'x'));
  EXPECT_EQ(ListOutcome(request), "BAD_ID from_id");
  request = InC();
  request.set_to_id(std::string("a\0", 2));
  EXPECT_EQ(ListOutcome(request), "BAD_ID to_id");
  request = InC();
  request.set_collection("a b");
  EXPECT_EQ(ListOutcome(request), "BAD_NAME collection");
}

TEST_F(ListingTest, ListsConflictsPageByPage) {
  for (const char* id : {"x", "y", "z"}) Conflict("second", id);
  Conflict("first", "a");
  Put("first", "calm", "{}");
  const auto list = [this](const std::string& collection) {
    std::vector<std::string> seen;
    v1::ListConflictsRequest request;
    request.set_collection(collection);
    request.set_page_size(2);
    do {
      v1::ListConflictsResponse response;
      grpc::ClientContext call;
      EXPECT_TRUE(stub_->ListConflicts(&call, request, &response).ok());
      for (const auto& conflict : response.conflicts()) {
        seen.push_back(
            absl::StrCat(conflict.collection(), "/", conflict.id(), ":", conflict.sibling_count()));
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return seen;
  };
  EXPECT_THAT(list(""), ElementsAre("second/x:1", "second/y:1", "second/z:1", "first/a:1"));
  EXPECT_THAT(list("first"), ElementsAre("first/a:1"));
  EXPECT_THAT(list("second"), ElementsAre("second/x:1", "second/y:1", "second/z:1"));
  EXPECT_THAT(list("third"), ElementsAre());
  v1::ListConflictsRequest request;
  request.set_page_token("AAAA");
  v1::ListConflictsResponse response;
  grpc::ClientContext call;
  EXPECT_EQ(DetailsOf(FromGrpc(stub_->ListConflicts(&call, request, &response))).reason,
            "BAD_PAGE");
}

TEST_F(ListingTest, CollectionsCountWhatTheyHold) {
  Put("b", "1", "{\"n\":1}");
  Conflict("a", "1");
  Put("c", "1", "{}");
  Delete("1");
  v1::CollectionServiceListResponse response;
  grpc::ClientContext call;
  const auto stub = v1::CollectionService::NewStub(node_.channel());
  ASSERT_TRUE(stub->List(&call, {}, &response).ok());
  EXPECT_EQ(response.served_by(), "node1");
  std::vector<std::string> seen;
  for (const auto& row : response.collections()) {
    seen.push_back(absl::StrCat(row.name(), " ", row.document_count(), " ", row.conflict_count(),
                                " ", row.json_bytes()));
  }
  EXPECT_THAT(seen, ElementsAre("a 1 1 14", "b 1 0 7", "c 0 0 0"));
}

}  // namespace
}  // namespace docstore::rpc
