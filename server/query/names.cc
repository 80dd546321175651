#include "server/query/names.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/check.h"
#include "server/query/utf8.h"

namespace docstore::query {
namespace {

InputError BadCollection(std::string message, size_t offset) {
  return {InputError::Kind::kBadCollection, std::move(message), offset};
}

InputError BadId(std::string message, size_t offset) {
  return {InputError::Kind::kBadId, std::move(message), offset};
}

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
}

}  // namespace

std::optional<InputError> CheckCollectionName(absl::string_view name) {
  if (name.empty()) return BadCollection("the collection name is empty", 0);
  for (size_t i = 0; i < name.size(); ++i) {
    if (i == kCollectionNameBytesMax) {
      return BadCollection(
          absl::StrCat("the collection name is longer than ", kCollectionNameBytesMax, " bytes"),
          i);
    }
    if (!IsNameCharacter(name[i])) {
      return BadCollection(
          "a collection name consists of letters, digits, underscore, point and hyphen", i);
    }
  }
  return std::nullopt;
}

std::optional<InputError> CheckId(absl::string_view id) {
  if (id.empty()) return BadId("the id is empty", 0);
  const size_t nul = id.find('\0');
  const size_t bad = FindBadUtf8(id);
  if (bad < nul) return BadId("the id is not UTF-8", bad);
  if (nul != absl::string_view::npos) return BadId("the id holds a NUL character", nul);
  if (id.size() > kIdBytesMax) {
    return BadId(absl::StrCat("the id is longer than ", kIdBytesMax, " bytes"), kIdBytesMax);
  }
  return std::nullopt;
}

std::string FormatUuid7(int64_t wall_ms, uint64_t random_a, uint64_t random_b) {
  CHECK(wall_ms >= 0);
  const uint64_t ms = static_cast<uint64_t>(wall_ms) & 0xFFFFFFFFFFFF;
  const uint64_t variant_and_b = 0x8000000000000000 | (random_b >> 2);
  return absl::StrFormat("%08x-%04x-7%03x-%04x-%012x", ms >> 16, ms & 0xFFFF, random_a & 0xFFF,
                         variant_and_b >> 48, variant_and_b & 0xFFFFFFFFFFFF);
}

}  // namespace docstore::query
