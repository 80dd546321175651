// ContentDigest: what live documents a node holds, in so few bytes that two nodes can compare.
//
// Documents fall into buckets by their name. A bucket keeps the count and the sum modulo 2^128 of
// one hash for each, so that the order in which they come makes no difference. Only live versions
// count: of two nodes with equal documents one may have reclaimed more tombstones and contexts.
// The timestamp counts, since it decides the winner. PROTOCOL.md, audit. Pure; not thread-safe.

#ifndef DOCSTORE_SERVER_RPC_AUDIT_CONTENT_DIGEST_H_
#define DOCSTORE_SERVER_RPC_AUDIT_CONTENT_DIGEST_H_

#include <cstdint>
#include <vector>

#include "absl/numeric/int128.h"
#include "server/base/hash.h"
#include "server/core/document.h"

namespace docstore::rpc {

// 24 bytes each while a digest is made, about as many on the wire.
inline constexpr uint32_t kBucketCountMax = 1 << 16;

// From 0 to `bucket_count` - 1; that is a power of two up to kBucketCountMax.
uint32_t BucketOf(const core::DocumentKey& key, uint32_t bucket_count);

// Over key, then dot, timestamp and stored hash of each live version, by dot.
Hash128 LiveContentHash(const core::DocumentKey& key, const core::Document& document);

// The stored hash is that of the stored bytes; true for a tombstone.
bool BodyMatches(const core::Version& version);

class ContentDigest {
 public:
  struct Bucket {
    uint64_t documents = 0;
    absl::uint128 sum = 0;
    friend bool operator==(const Bucket&, const Bucket&) = default;
  };

  // `bucket_count` as for BucketOf.
  explicit ContentDigest(uint32_t bucket_count) : buckets_(bucket_count) {}

  // Each document once. One without a live version makes no difference.
  void Add(const core::DocumentKey& key, const core::Document& document);

  const std::vector<Bucket>& buckets() const { return buckets_; }
  uint64_t documents() const { return documents_; }
  uint64_t versions() const { return versions_; }
  uint64_t body_bytes() const { return body_bytes_; }

 private:
  std::vector<Bucket> buckets_;
  uint64_t documents_ = 0;
  uint64_t versions_ = 0;
  uint64_t body_bytes_ = 0;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_AUDIT_CONTENT_DIGEST_H_
