#include "server/rpc/write_request.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/base/status_macros.h"
#include "server/query/json.h"
#include "server/query/names.h"
#include "server/rpc/error.h"
#include "server/rpc/request_key.h"

namespace docstore::rpc {
namespace {

constexpr int64_t kRetryMs = 100;

absl::Status SetToken(const ServiceEnv& env, const std::string& text, const char* field,
                      core::Guard guard, core::ClientWrite* write) {
  ASSIGN_OR_RETURN(write->token, env.tokens->Verify(text, write->key, field));
  write->guard = guard;
  return absl::OkStatus();
}

// Reads the guard; `write.key` is already set.
absl::Status SetGuard(const ServiceEnv& env, const raw::v1::Condition& condition,
                      core::ClientWrite* write) {
  switch (condition.condition_case()) {
    case raw::v1::Condition::CONDITION_NOT_SET:
      return absl::OkStatus();
    case raw::v1::Condition::kIfAbsent:
      if (!condition.if_absent()) {
        return InvalidField(reason::kBadCondition, "condition.if_absent",
                            "condition.if_absent is false; set it to true or leave it out");
      }
      if (write->deleted) {
        return InvalidField(reason::kBadCondition, "condition.if_absent",
                            "a delete cannot ask for absence; use if_version or no condition");
      }
      write->guard = core::Guard::kIfAbsent;
      return absl::OkStatus();
    case raw::v1::Condition::kIfVersion:
      return SetToken(env, condition.if_version(), "condition.if_version", core::Guard::kIfVersion,
                      write);
    case raw::v1::Condition::kContext:
      return SetToken(env, condition.context(), "condition.context", core::Guard::kContext, write);
  }
  return absl::OkStatus();
}

}  // namespace

int64_t WaitUntilMs(const node::Clock& clock, std::chrono::system_clock::time_point deadline) {
  const int64_t now_ms = clock.MonotonicUs() / 1000;
  // A call without a deadline has one at the end of time.
  const auto left = deadline - std::chrono::system_clock::now();
  const int64_t left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  return now_ms + std::clamp<int64_t>(left_ms / 2, 0, kWaitMsMax);
}

absl::StatusOr<core::ClientWrite> MakePut(const ServiceEnv& env, int64_t wait_until_ms,
                                          raw::v1::PutRequest* request) {
  RETURN_IF_ERROR(CheckCollection(request->collection()));
  if (!request->id().empty()) RETURN_IF_ERROR(CheckId(request->id()));
  auto checked =
      query::CheckDocument(request->json(), request->id(), {.bytes_max = env.document_bytes_max});
  if (const auto* error = std::get_if<query::InputError>(&checked)) return ToStatus(*error, "json");
  auto& document = std::get<query::CheckedDocument>(checked);
  if (document.id.empty()) {
    document.id = query::FormatUuid7(std::max<int64_t>(env.clock->WallMs(), 0), env.random->Next(),
                                     env.random->Next());
  }
  core::ClientWrite write;
  write.key = {std::move(*request->mutable_collection()), std::move(document.id)};
  write.wait_until_ms = wait_until_ms;
  RETURN_IF_ERROR(SetGuard(env, request->condition(), &write));
  write.body =
      std::make_shared<const std::string>(document.Body(std::move(*request->mutable_json())));
  write.hash = HashBytes128(*write.body);
  return write;
}

absl::StatusOr<core::ClientWrite> MakeDelete(const ServiceEnv& env, int64_t wait_until_ms,
                                             const raw::v1::DeleteRequest& request) {
  RETURN_IF_ERROR(CheckKey(request.collection(), request.id()));
  core::ClientWrite write;
  write.key = {request.collection(), request.id()};
  write.deleted = true;
  write.wait_until_ms = wait_until_ms;
  RETURN_IF_ERROR(SetGuard(env, request.condition(), &write));
  return write;
}

absl::Status VerdictStatus(const ServiceEnv& env, const core::DocumentKey& key,
                           const core::WriteResult& result) {
  const std::string name = KeyText(key);
  const auto current = [&]() -> ErrorMetadata {
    if (result.version.dot.seq == 0) return {};
    return {{"current_version", env.tokens->Sign(result.version, key)}};
  };
  switch (result.verdict) {
    case core::WriteVerdict::kApplied:
      return absl::OkStatus();
    case core::WriteVerdict::kNotFound:
      return Error(absl::StatusCode::kNotFound, reason::kNotFound,
                   absl::StrCat("no document ", name, " to delete on this node; nothing to do"));
    case core::WriteVerdict::kAlreadyExists:
      return Error(absl::StatusCode::kAlreadyExists, reason::kAlreadyExists,
                   absl::StrCat(name, " exists already; read it, or write without if_absent"),
                   current());
    case core::WriteVerdict::kMoved:
      return Error(absl::StatusCode::kAborted, reason::kMoved,
                   absl::StrCat(name,
                                " has changed since it was read; read it again and redo the "
                                "change"),
                   current());
    case core::WriteVerdict::kNotCaughtUp:
      return RetryLater(reason::kNotCaughtUp,
                        absl::StrCat("this node has not yet received the version of ", name,
                                     " that the condition names; ask again, or ask another node"),
                        kRetryMs);
    case core::WriteVerdict::kBadToken:
      return InvalidField(reason::kBadContext, "condition",
                          absl::StrCat("the condition names a version of ", name,
                                       " that was never written; read the document again"));
    case core::WriteVerdict::kUnknownOrigin:
      return Error(absl::StatusCode::kFailedPrecondition, reason::kUnknownOrigin,
                   absl::StrCat("the condition names a version of ", name,
                                " from a node that this cluster never met; read the document "
                                "again"));
    case core::WriteVerdict::kRepairing:
      return RetryLater(reason::kNotReady,
                        "this node is taking over what it missed from another one and takes no "
                        "writes until that is done; ask again later, or ask another node",
                        kRetryMs);
    case core::WriteVerdict::kTooManySiblings:
      return Error(absl::StatusCode::kFailedPrecondition, reason::kTooManySiblings,
                   absl::StrCat(name, " has ", core::kSiblingsMax,
                                " versions already; read it with its siblings and write with its "
                                "resolve_context"),
                   {{"limit", absl::StrCat(core::kSiblingsMax)}});
  }
  CheckFailed(__FILE__, __LINE__, "unknown verdict");
}

absl::Status RefusedWrite(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kResourceExhausted) {
    return Error(status.code(), reason::kDiskFull, status.message());
  }
  if (status.code() != absl::StatusCode::kUnavailable) return status;
  return RetryLater(reason::kNotReady,
                    absl::StrCat(status.message(), "; ask again in a moment, or ask another node"),
                    kRetryMs);
}

}  // namespace docstore::rpc
