#include "client/shell/failure.h"

#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/error.h"

namespace docstore::client::shell {
namespace {

constexpr char kExit[] = "docstore/exit";
constexpr char kAdvice[] = "docstore/advice";

std::string AdviceForReason(const std::string& reason) {
  if (reason == "MOVED") return "read it again (get C/ID --all), then repeat with the new version";
  if (reason == "BAD_CONTEXT") {
    return "take version and resolve_context from get C/ID --all of this very document";
  }
  if (reason == "TOO_MANY_SIBLINGS") return "resolve it first: resolve C/ID keep N";
  if (reason == "BAD_JSON") return "correct the document; nothing was written";
  if (reason == "BAD_NAME") return "a collection is 1 to 128 of A-Z a-z 0-9 _ . -";
  if (reason == "BAD_ID") return "an id is 1 to 1024 bytes of UTF-8; quote odd ones: C/\"a b\"";
  if (reason == "TOO_LARGE")
    return "split the document, or ask who runs the server for a larger limit";
  if (reason == "UNKNOWN_ORIGIN") return "read it again from this cluster: get C/ID --all";
  if (reason == "NOT_CAUGHT_UP")
    return "repeat it in a moment or at another node; it had no effect";
  if (reason == "DISK_FULL") return "make room on the server's disk; nothing was written";
  return "";
}

const char* AdviceForCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kNotFound:
      return "see what there is: collections, list C";
    case absl::StatusCode::kAlreadyExists:
      return "leave out --if-absent to replace it, or take another id";
    case absl::StatusCode::kAborted:
      return "read it again (get C/ID --all), then repeat with the new version";
    case absl::StatusCode::kUnavailable:
      return "is the server running? choose others with --server HOST:PORT[,HOST:PORT...]";
    case absl::StatusCode::kDeadlineExceeded:
      return "see how the cluster is: cluster status; or give more time with --deadline 60s";
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return "ask who runs the server for access";
    case absl::StatusCode::kResourceExhausted:
      return "wait a moment and repeat it";
    case absl::StatusCode::kCancelled:
      return "repeat it if you still want it";
    case absl::StatusCode::kInvalidArgument:
      return "correct the command; help VERB shows examples";
    case absl::StatusCode::kUnimplemented:
      return "the server is older than this shell: upgrade it";
    case absl::StatusCode::kDataLoss:
      return "the node's disk is damaged: read from another node and replace it";
    default:
      return "look at the server's log; cluster status shows its alarms";
  }
}

std::string PayloadText(const absl::Status& status, const char* url) {
  const auto payload = status.GetPayload(url);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status Failure(ExitCode code, absl::string_view message, absl::string_view advice) {
  absl::Status status = absl::UnknownError(message);
  status.SetPayload(kExit, absl::Cord(absl::StrCat(static_cast<int>(code))));
  return WithAdvice(std::move(status), advice);
}

absl::Status UsageError(absl::string_view message, absl::string_view advice) {
  return Failure(kExitUsage, message, advice);
}

absl::Status WithAdvice(absl::Status status, absl::string_view advice) {
  if (!status.ok()) status.SetPayload(kAdvice, absl::Cord(advice));
  return status;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  int code = 0;
  if (absl::SimpleAtoi(PayloadText(status, kExit), &code)) return static_cast<ExitCode>(code);
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return kExitCondition;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnreachable;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitNoAccess;
    case absl::StatusCode::kCancelled:
      return kExitInterrupted;
    default:
      return kExitFailed;
  }
}

std::string AdviceOf(const absl::Status& status) {
  if (status.ok()) return "";
  std::string advice = PayloadText(status, kAdvice);
  if (!advice.empty()) return advice;
  const ErrorDetail detail = DetailOf(status);
  if (detail.reason == "BAD_ID" && detail.field == "json") {
    return "leave _id out of the document, or write there the id of the address";
  }
  if (detail.ambiguous) return "look before you repeat it: get C/ID --all, at any node";
  advice = AdviceForReason(detail.reason);
  return advice.empty() ? AdviceForCode(status.code()) : advice;
}

std::string MessageOf(const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status);
  const std::string message = status.message().empty() ? absl::StatusCodeToString(status.code())
                                                       : std::string(status.message());
  std::vector<std::string> facts;
  const std::string byte = absl::StrCat("byte ", detail.offset);
  if (!detail.reason.empty()) facts.push_back(detail.reason);
  if (!detail.field.empty() && !absl::StartsWith(message, detail.field)) {
    facts.push_back(absl::StrCat("field ", detail.field));
  }
  if (detail.offset >= 0 && !absl::StrContains(message, byte)) facts.push_back(byte);
  if (facts.empty()) return message;
  return absl::StrCat(message, " (", absl::StrJoin(facts, ", "), ")");
}

std::string Describe(const absl::Status& status) {
  if (status.ok()) return "";
  return absl::StrCat("error: ", MessageOf(status), "\n  ", AdviceOf(status), "\n");
}

}  // namespace docstore::client::shell
