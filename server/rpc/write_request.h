// Writes as the API sends them, checked and turned into what the node applies, and the node's
// verdicts as the API's errors.
//
// Runs on the thread that brought the call, before the write queues up. Thread-safe.

#ifndef DOCSTORE_SERVER_RPC_WRITE_REQUEST_H_
#define DOCSTORE_SERVER_RPC_WRITE_REQUEST_H_

#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "docstore/raw/v1/document.pb.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/rpc/service_env.h"

namespace docstore::rpc {

// A write may wait for a version it names for half of what is left of the call's time, at most so
// long: the caller must still hear that it did not come.
inline constexpr int64_t kWaitMsMax = 500;

// Monotonic milliseconds until which a write of a call with this deadline may wait.
int64_t WaitUntilMs(const node::Clock& clock, std::chrono::system_clock::time_point deadline);

// INVALID_ARGUMENT (BAD_NAME, BAD_ID, BAD_JSON, TOO_LARGE, BAD_CONDITION, BAD_CONTEXT) names the
// field at fault. Without an id it is the one of the document's `_id`, else a fresh UUIDv7. Takes
// the JSON out of `request`.
absl::StatusOr<core::ClientWrite> MakePut(const ServiceEnv& env, int64_t wait_until_ms,
                                          raw::v1::PutRequest* request);

absl::StatusOr<core::ClientWrite> MakeDelete(const ServiceEnv& env, int64_t wait_until_ms,
                                             const raw::v1::DeleteRequest& request);

// OK for kApplied, else the API's error with what to do.
absl::Status VerdictStatus(const ServiceEnv& env, const core::DocumentKey& key,
                           const core::WriteResult& result);

// `status` of Node::Write itself, which had no effect.
absl::Status RefusedWrite(const absl::Status& status);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_WRITE_REQUEST_H_
