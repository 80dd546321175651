#include "server/query/json_string.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/ascii.h"
#include "server/base/check.h"
#include "server/query/utf8.h"

namespace docstore::query {
namespace {

constexpr size_t kHexDigits = 4;
constexpr size_t kUnicodeEscapeBytes = 2 + kHexDigits;  // \uXXXX

bool IsHigh(uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLow(uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

uint32_t HexValue(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c)) ? c - '0' : (c | 0x20) - 'a' + 10;
}

// The code unit of the \uXXXX that `text` begins with; false when it begins with none.
bool ReadCodeUnit(absl::string_view text, uint32_t* unit) {
  if (text.size() < kUnicodeEscapeBytes || text[0] != '\\' || text[1] != 'u') return false;
  *unit = 0;
  for (const char c : text.substr(2, kHexDigits)) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return false;
    *unit = *unit << 4 | HexValue(c);
  }
  return true;
}

// The character that the single letter after a backslash stands for, NUL when it is none.
char SimpleEscape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

// Bytes of the escape that `rest` begins with; 0 and `*error` when it is none.
size_t EscapeBytes(absl::string_view rest, const char** error) {
  if (rest.size() >= 2 && SimpleEscape(rest[1]) != '\0') return 2;
  uint32_t unit = 0;
  if (!ReadCodeUnit(rest, &unit)) {
    *error = "no such escape in a JSON string";
    return 0;
  }
  if (!IsHigh(unit) && !IsLow(unit)) return kUnicodeEscapeBytes;
  uint32_t second = 0;
  if (IsHigh(unit) && ReadCodeUnit(rest.substr(kUnicodeEscapeBytes), &second) && IsLow(second)) {
    return 2 * kUnicodeEscapeBytes;
  }
  *error = "the escape of half a surrogate pair is no character";
  return 0;
}

// First offset at or after `i` that does not begin eight plain characters of a string: eight bytes
// at a time, by the well-known test for a zero byte in a word.
size_t SkipPlain(absl::string_view json, size_t i) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighBits = kOnes * 0x80;
  const auto has_zero = [](uint64_t word) { return (word - kOnes) & ~word & kHighBits; };
  while (i + sizeof(uint64_t) <= json.size()) {
    uint64_t word;
    std::memcpy(&word, json.data() + i, sizeof(word));
    const uint64_t control = (word - kOnes * 0x20) & ~word & kHighBits;
    if ((control | has_zero(word ^ kOnes * '"') | has_zero(word ^ kOnes * '\\')) != 0) break;
    i += sizeof(word);
  }
  return i;
}

}  // namespace

JsonStringScan ScanJsonString(absl::string_view json, size_t begin) {
  JsonStringScan scan;
  for (size_t i = SkipPlain(json, begin); i < json.size();) {
    const unsigned char c = json[i];
    if (c == '"') {
      scan.offset = i;
      return scan;
    }
    if (c < 0x20) return {"a control character stands unescaped in a string", i};
    if (c != '\\') {
      ++i;
      continue;
    }
    scan.escaped = true;
    const size_t bytes = EscapeBytes(json.substr(i), &scan.error);
    if (bytes == 0) return {scan.error, i};
    i = SkipPlain(json, i + bytes);
  }
  return {"the text ends inside a string", json.size()};
}

std::string UnescapeJsonString(absl::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  while (!raw.empty()) {
    if (raw[0] != '\\') {
      text.push_back(raw[0]);
      raw.remove_prefix(1);
      continue;
    }
    CHECK(raw.size() >= 2);
    if (const char simple = SimpleEscape(raw[1]); simple != '\0') {
      text.push_back(simple);
      raw.remove_prefix(2);
      continue;
    }
    uint32_t code_point = 0;
    CHECK(ReadCodeUnit(raw, &code_point));
    raw.remove_prefix(kUnicodeEscapeBytes);
    if (IsHigh(code_point)) {
      uint32_t low = 0;
      CHECK(ReadCodeUnit(raw, &low));
      raw.remove_prefix(kUnicodeEscapeBytes);
      code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(code_point, &text);
  }
  return text;
}

}  // namespace docstore::query
