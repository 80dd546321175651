#include "client/error.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace docstore::client {
namespace {

constexpr char kDomain[] = "docstore";

// Payloads of a Status, one fact each, as text.
constexpr char kReason[] = "docstore/reason";
constexpr char kField[] = "docstore/field";
constexpr char kOffset[] = "docstore/offset";
constexpr char kAmbiguous[] = "docstore/ambiguous";

void ReadErrorInfo(const google::rpc::ErrorInfo& info, ErrorDetail* detail) {
  if (info.domain() != kDomain) return;
  detail->reason = info.reason();
  const auto offset = info.metadata().find("offset");
  if (offset == info.metadata().end()) return;
  if (!absl::SimpleAtoi(offset->second, &detail->offset)) detail->offset = -1;
}

// What gRPC's own two endings of a call mean to the caller.
std::string ForPeople(int code, const std::string& message) {
  if (code == static_cast<int>(absl::StatusCode::kCancelled)) return "interrupted";
  if (message == "Deadline Exceeded") return "no answer before the deadline";
  return message;
}

std::string PayloadText(const absl::Status& status, const char* url) {
  const auto payload = status.GetPayload(url);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace

ErrorDetail DetailOf(const absl::Status& status) {
  ErrorDetail detail;
  detail.reason = PayloadText(status, kReason);
  detail.field = PayloadText(status, kField);
  if (!absl::SimpleAtoi(PayloadText(status, kOffset), &detail.offset)) detail.offset = -1;
  detail.ambiguous = status.GetPayload(kAmbiguous).has_value();
  return detail;
}

absl::Status WithDetail(absl::Status status, const ErrorDetail& detail) {
  if (!detail.reason.empty()) status.SetPayload(kReason, absl::Cord(detail.reason));
  if (!detail.field.empty()) status.SetPayload(kField, absl::Cord(detail.field));
  if (detail.offset >= 0) status.SetPayload(kOffset, absl::Cord(absl::StrCat(detail.offset)));
  if (detail.ambiguous) status.SetPayload(kAmbiguous, absl::Cord("1"));
  return status;
}

absl::Status StatusFromCall(int code, const std::string& message, const std::string& details_bin) {
  if (code == 0) return absl::OkStatus();
  absl::Status status(static_cast<absl::StatusCode>(code), ForPeople(code, message));
  google::rpc::Status details;
  if (details_bin.empty() || !details.ParseFromString(details_bin)) return status;
  ErrorDetail detail;
  for (const google::protobuf::Any& any : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    if (any.UnpackTo(&info)) ReadErrorInfo(info, &detail);
    if (any.UnpackTo(&bad) && bad.field_violations_size() > 0) {
      detail.field = bad.field_violations(0).field();
    }
  }
  return WithDetail(std::move(status), detail);
}

absl::Status MarkAmbiguous(absl::Status status) {
  ErrorDetail detail = DetailOf(status);
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      if (!detail.reason.empty()) return status;
      break;
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
      break;
    default:
      return status;
  }
  detail.ambiguous = true;
  return WithDetail(
      absl::Status(status.code(), absl::StrCat("the write was sent and its outcome is unknown, it "
                                               "may have been applied: ",
                                               status.message())),
      detail);
}

}  // namespace docstore::client
