#include "server/rpc/error.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "google/protobuf/message_lite.h"
#include "google/rpc/error_details.pb.h"
#include "server/query/utf8.h"

namespace docstore::rpc {
namespace {

// Any.type_url of the details, and the key of the payload that carries them.
constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";
constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";
constexpr char kOffsetKey[] = "offset";

void Attach(absl::string_view url, const google::protobuf::MessageLite& detail,
            absl::Status* status) {
  status->SetPayload(url, absl::Cord(detail.SerializeAsString()));
}

// Details are protobuf `string`s: text that came from a client must not break them.
std::string Printable(absl::string_view text) {
  const bool is_utf8 = query::FindBadUtf8(text) == absl::string_view::npos;
  std::string result(text);
  std::replace_if(
      result.begin(), result.end(),
      [is_utf8](unsigned char c) { return c < ' ' || c == 0x7f || (c > 0x7f && !is_utf8); }, '?');
  return result;
}

template <typename Detail>
bool Read(const absl::Status& status, absl::string_view url, Detail* detail) {
  const absl::optional<absl::Cord> payload = status.GetPayload(url);
  return payload.has_value() && detail->ParseFromString(std::string(*payload));
}

}  // namespace

absl::Status Error(absl::StatusCode code, const char* reason, absl::string_view message,
                   const ErrorMetadata& metadata) {
  absl::Status status(code, Printable(message));
  google::rpc::ErrorInfo info;
  info.set_domain(kErrorDomain);
  info.set_reason(reason);
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = Printable(value);
  Attach(kErrorInfoUrl, info, &status);
  return status;
}

absl::Status InvalidField(const char* reason, absl::string_view field, absl::string_view message,
                          int64_t offset) {
  ErrorMetadata metadata = {{"field", std::string(field)}};
  if (offset >= 0) metadata.emplace_back(kOffsetKey, absl::StrCat(offset));
  absl::Status status = Error(absl::StatusCode::kInvalidArgument, reason, message, metadata);
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(Printable(message));
  Attach(kBadRequestUrl, bad_request, &status);
  return status;
}

absl::Status RetryLater(const char* reason, absl::string_view message, int64_t retry_ms) {
  absl::Status status = Error(absl::StatusCode::kUnavailable, reason, message);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(retry_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(retry_ms % 1000 * 1'000'000));
  Attach(kRetryInfoUrl, retry, &status);
  return status;
}

ErrorDetails DetailsOf(const absl::Status& status) {
  ErrorDetails details;
  google::rpc::ErrorInfo info;
  if (Read(status, kErrorInfoUrl, &info)) {
    details.reason = info.reason();
    const auto offset = info.metadata().find(kOffsetKey);
    int64_t value;
    if (offset != info.metadata().end() && absl::SimpleAtoi(offset->second, &value)) {
      details.offset = value;
    }
  }
  google::rpc::BadRequest bad_request;
  if (Read(status, kBadRequestUrl, &bad_request) && bad_request.field_violations_size() > 0) {
    details.field = bad_request.field_violations(0).field();
  }
  return details;
}

}  // namespace docstore::rpc
