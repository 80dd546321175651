#include "server/rpc/audit/content_digest.h"

#include <string>

#include "server/base/byte_order.h"

namespace docstore::rpc {
namespace {

// Length first, so that no two keys have the same bytes.
std::string KeyBytes(const core::DocumentKey& key) {
  std::string bytes;
  AppendLengthPrefixed(key.collection, &bytes);
  AppendLengthPrefixed(key.id, &bytes);
  return bytes;
}

}  // namespace

uint32_t BucketOf(const core::DocumentKey& key, uint32_t bucket_count) {
  return static_cast<uint32_t>(HashBytes64(KeyBytes(key)) & (bucket_count - 1));
}

Hash128 LiveContentHash(const core::DocumentKey& key, const core::Document& document) {
  std::string bytes = KeyBytes(key);
  for (const core::Version& version : document.versions) {
    if (version.deleted) continue;
    AppendBigEndian64(static_cast<uint64_t>(version.dot.origin), &bytes);
    AppendBigEndian64(version.dot.seq, &bytes);
    AppendBigEndian64(version.hlc, &bytes);
    AppendBigEndian64(version.hash.high, &bytes);
    AppendBigEndian64(version.hash.low, &bytes);
  }
  return HashBytes128(bytes);
}

bool BodyMatches(const core::Version& version) {
  return version.deleted || HashBytes128(*version.body) == version.hash;
}

void ContentDigest::Add(const core::DocumentKey& key, const core::Document& document) {
  if (!document.live()) return;
  const Hash128 hash = LiveContentHash(key, document);
  Bucket& bucket = buckets_[BucketOf(key, static_cast<uint32_t>(buckets_.size()))];
  ++bucket.documents;
  bucket.sum += absl::MakeUint128(hash.high, hash.low);
  ++documents_;
  for (const core::Version& version : document.versions) {
    if (version.deleted) continue;
    ++versions_;
    body_bytes_ += version.body->size();
  }
}

}  // namespace docstore::rpc
