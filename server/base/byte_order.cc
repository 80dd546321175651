#include "server/base/byte_order.h"

namespace docstore {
namespace {

void AppendBigEndian(uint64_t value, int bytes, std::string* out) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

}  // namespace

void AppendBigEndian16(uint16_t value, std::string* out) { AppendBigEndian(value, 2, out); }
void AppendBigEndian32(uint32_t value, std::string* out) { AppendBigEndian(value, 4, out); }
void AppendBigEndian64(uint64_t value, std::string* out) { AppendBigEndian(value, 8, out); }

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void AppendLengthPrefixed(absl::string_view bytes, std::string* out) {
  AppendVarint(bytes.size(), out);
  out->append(bytes.data(), bytes.size());
}

bool ByteReader::Fail() {
  failed_ = true;
  return false;
}

bool ByteReader::ReadBigEndian(int bytes, uint64_t* value) {
  if (failed_ || rest_.size() < static_cast<size_t>(bytes)) return Fail();
  uint64_t result = 0;
  for (int i = 0; i < bytes; ++i) result = result << 8 | static_cast<uint8_t>(rest_[i]);
  rest_.remove_prefix(bytes);
  *value = result;
  return true;
}

bool ByteReader::ReadByte(uint8_t* value) {
  uint64_t wide;
  if (!ReadBigEndian(1, &wide)) return false;
  *value = static_cast<uint8_t>(wide);
  return true;
}

bool ByteReader::ReadBigEndian16(uint16_t* value) {
  uint64_t wide;
  if (!ReadBigEndian(2, &wide)) return false;
  *value = static_cast<uint16_t>(wide);
  return true;
}

bool ByteReader::ReadBigEndian32(uint32_t* value) {
  uint64_t wide;
  if (!ReadBigEndian(4, &wide)) return false;
  *value = static_cast<uint32_t>(wide);
  return true;
}

bool ByteReader::ReadBigEndian64(uint64_t* value) { return ReadBigEndian(8, value); }

bool ByteReader::ReadVarint(uint64_t* value) {
  constexpr int kVarintBytesMax = 10;
  uint64_t result = 0;
  for (int i = 0; i < kVarintBytesMax; ++i) {
    uint8_t byte;
    if (!ReadByte(&byte)) return false;
    if (i == kVarintBytesMax - 1 && byte > 1) return Fail();
    result |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      *value = result;
      return true;
    }
  }
  return Fail();
}

bool ByteReader::ReadBytes(uint64_t size, absl::string_view* value) {
  if (failed_ || rest_.size() < size) return Fail();
  *value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool ByteReader::ReadLengthPrefixed(absl::string_view* value) {
  uint64_t size;
  return ReadVarint(&size) && ReadBytes(size, value);
}

}  // namespace docstore
