#include "server/base/hash.h"

#include <xxhash.h>

namespace docstore {

Hash128 HashBytes128(absl::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return Hash128{.high = hash.high64, .low = hash.low64};
}

uint64_t HashBytes64(absl::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace docstore
