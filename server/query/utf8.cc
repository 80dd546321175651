#include "server/query/utf8.h"

#include <cstring>

#include "server/base/check.h"

namespace docstore::query {
namespace {

uint8_t At(absl::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

bool Continues(absl::string_view text, size_t i) {
  return i < text.size() && (At(text, i) & 0xC0) == 0x80;
}

// First offset at or after `i` that does not begin eight ASCII bytes.
size_t SkipAscii(absl::string_view text, size_t i) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  while (i + sizeof(uint64_t) <= text.size()) {
    uint64_t block;
    std::memcpy(&block, text.data() + i, sizeof(block));
    if ((block & kHighBits) != 0) break;
    i += sizeof(block);
  }
  return i;
}

}  // namespace

int Utf8SequenceBytes(absl::string_view text) {
  if (text.empty()) return 0;
  const uint8_t lead = At(text, 0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4 || !Continues(text, 1)) return 0;
  if (lead < 0xE0) return 2;
  const uint8_t second = At(text, 1);
  if (!Continues(text, 2)) return 0;
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = lead == 0xF0 && second < 0x90;
  const bool too_high = lead == 0xF4 && second > 0x8F;
  return overlong || too_high || !Continues(text, 3) ? 0 : 4;
}

size_t FindBadUtf8(absl::string_view text) {
  size_t i = SkipAscii(text, 0);
  while (i < text.size()) {
    const int bytes = Utf8SequenceBytes(text.substr(i));
    if (bytes == 0) return i;
    i += bytes;
    if (bytes == 1) i = SkipAscii(text, i);
  }
  return absl::string_view::npos;
}

void AppendUtf8(uint32_t code_point, std::string* out) {
  CHECK(code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF));
  const auto tail = [&](int shift) {
    out->push_back(static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)));
  };
  if (code_point < 0x80) {
    out->push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code_point >> 6)));
    tail(0);
  } else if (code_point < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (code_point >> 12)));
    tail(6);
    tail(0);
  } else {
    out->push_back(static_cast<char>(0xF0 | (code_point >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace docstore::query
