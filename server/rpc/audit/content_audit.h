// ContentAudit: GetContentDigest and ListContent over one node; what `docstore verify` asks for.
//
// A call reads one view of the store in slices on the audit executor, where the slices of all calls
// take turns, so that neither the threads of gRPC nor those of the node wait for it. A part of an
// answer is made when the one before has left: a call costs one part of memory, a digest its
// buckets. Thread-safe.

#ifndef DOCSTORE_SERVER_RPC_AUDIT_CONTENT_AUDIT_H_
#define DOCSTORE_SERVER_RPC_AUDIT_CONTENT_AUDIT_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "docstore/v1/cluster.pb.h"
#include "server/rpc/service_env.h"

namespace docstore::rpc {

// Each call holds a snapshot of the store and up to kPartBytesMax, a digest 1.5 MiB more.
inline constexpr int kAuditCallsMax = 8;
inline constexpr int64_t kAuditDeadlineMsMax = 3'600'000;
// A part ends with the entry that passes this.
inline constexpr size_t kPartBytesMax = size_t{1} << 20;
// Ranges of a clock or buckets of a digest in one part: under 1 MiB, at 30 bytes each.
inline constexpr size_t kRecordsPerPartMax = 30'000;
// An empty part is sent after so long without any, so that a caller sees that the node lives.
inline constexpr int64_t kPartIntervalMs = 1000;
inline constexpr size_t kDamagedListedMax = 1000;
inline constexpr int kListedDocumentsMax = 10'000;

class ContentAudit {
 public:
  // `env` must outlive this, which must outlive its calls.
  explicit ContentAudit(const ServiceEnv* env) : env_(*env) {}

  // Begin a call; the reactor deletes itself.
  grpc::ServerWriteReactor<docstore::v1::GetContentDigestResponse>* GetContentDigest(
      grpc::CallbackServerContext* context, const docstore::v1::GetContentDigestRequest& request);
  grpc::ServerWriteReactor<docstore::v1::ListContentResponse>* ListContent(
      grpc::CallbackServerContext* context, const docstore::v1::ListContentRequest& request);

 private:
  const ServiceEnv& env_;
  std::atomic<int> calls_ = 0;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_AUDIT_CONTENT_AUDIT_H_
