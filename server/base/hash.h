// Hashes that are the same on every node, in every process and in every build.
//
// absl::Hash differs per process and must never be stored or sent. These are XXH3 of bytes.

#ifndef DOCSTORE_SERVER_BASE_HASH_H_
#define DOCSTORE_SERVER_BASE_HASH_H_

#include <compare>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace docstore {

struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};

// 128 bits of `bytes`; tells stored bodies apart, not a defence against an attacker.
Hash128 HashBytes128(absl::string_view bytes);

// 64 bits of `bytes`.
uint64_t HashBytes64(absl::string_view bytes);

}  // namespace docstore

#endif  // DOCSTORE_SERVER_BASE_HASH_H_
