#include "server/rpc/status_mapping.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/rpc/error.h"

namespace docstore::rpc {
namespace {

google::rpc::Status DetailsIn(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

TEST(StatusMapping, KeepsOkWithoutDetails) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
  EXPECT_EQ(ToGrpc(absl::OkStatus()).error_details(), "");
}

TEST(StatusMapping, KeepsEveryCanonicalCode) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "text");
    EXPECT_EQ(static_cast<int>(ToGrpc(status).error_code()), code);
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
  }
}

TEST(StatusMapping, SendsFieldViolationAndReasonWhenFieldIsInvalid) {
  const grpc::Status status =
      ToGrpc(InvalidField(reason::kBadJson, "json", "no object; send one", 17));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "no object; send one");
  const google::rpc::Status details = DetailsIn(status);
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.message(), "no object; send one");
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  for (const auto& detail : details.details()) {
    detail.UnpackTo(&info);
    detail.UnpackTo(&bad_request);
  }
  EXPECT_EQ(info.domain(), "docstore");
  EXPECT_EQ(info.reason(), "BAD_JSON");
  EXPECT_EQ(info.metadata().at("offset"), "17");
  ASSERT_EQ(bad_request.field_violations_size(), 1);
  EXPECT_EQ(bad_request.field_violations(0).field(), "json");
}

TEST(StatusMapping, SendsRetryInfoWhenCallerShouldRetry) {
  const google::rpc::Status details =
      DetailsIn(ToGrpc(RetryLater(reason::kNotReady, "not ready", 1250)));
  google::rpc::RetryInfo retry;
  for (const auto& detail : details.details()) detail.UnpackTo(&retry);
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 250'000'000);
}

TEST(StatusMapping, BringsDetailsBackWhenReceived) {
  const absl::Status sent = InvalidField(reason::kBadId, "id", "too long", 1024);
  const absl::Status received = FromGrpc(ToGrpc(sent));
  EXPECT_EQ(received, sent);
  EXPECT_EQ(DetailsOf(received).reason, "BAD_ID");
  EXPECT_EQ(DetailsOf(received).field, "id");
  EXPECT_EQ(DetailsOf(received).offset, 1024);
}

TEST(StatusMapping, IgnoresDetailsThatAreNoStatus) {
  const absl::Status received =
      FromGrpc(grpc::Status(grpc::StatusCode::ABORTED, "moved", "\xff\xff\xff"));
  EXPECT_EQ(received, absl::AbortedError("moved"));
  EXPECT_EQ(DetailsOf(received).reason, "");
}

TEST(Error, HidesBytesThatWouldBreakTheDetails) {
  const absl::Status status = InvalidField(reason::kBadId, "id", "id \xff\x01 is bad", 0);
  EXPECT_EQ(status.message(), "id ?? is bad");
  EXPECT_EQ(DetailsOf(status).offset, 0);
  EXPECT_EQ(InvalidField(reason::kBadId, "id", "id \xc3\xa5\n", 0).message(), "id \xc3\xa5?");
}

TEST(Error, HasNoOffsetWhenNoneApplies) {
  EXPECT_EQ(DetailsOf(InvalidField(reason::kBadPage, "page_token", "x")).offset, -1);
  EXPECT_EQ(DetailsOf(absl::UnknownError("x")).reason, "");
}

}  // namespace
}  // namespace docstore::rpc
