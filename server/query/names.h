// The rules for collection names and document ids, checked wherever one comes in, and new ids.
//
// Pure functions; also used on what peers send.

#ifndef DOCSTORE_SERVER_QUERY_NAMES_H_
#define DOCSTORE_SERVER_QUERY_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "server/query/input_error.h"

namespace docstore::query {

inline constexpr size_t kCollectionNameBytesMax = 128;
inline constexpr size_t kIdBytesMax = 1024;

// Nothing when `name` is 1 to 128 of A-Z a-z 0-9 _ . -; otherwise kBadCollection with the offset of
// the first byte that breaks the rule.
std::optional<InputError> CheckCollectionName(absl::string_view name);

// Nothing when `id` is 1 to 1024 bytes of UTF-8 without NUL; otherwise kBadId with the offset of
// the first byte that breaks the rule.
std::optional<InputError> CheckId(absl::string_view id);

// A UUID of version 7 (RFC 9562) as 36 characters of lower-case text: sorts by time of creation.
// `wall_ms`: milliseconds since 1970, at least 0. The two random numbers give 74 random bits.
std::string FormatUuid7(int64_t wall_ms, uint64_t random_a, uint64_t random_b);

}  // namespace docstore::query

#endif  // DOCSTORE_SERVER_QUERY_NAMES_H_
