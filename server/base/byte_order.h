// Big-endian and varint encoding of integers, and a reader that never runs past its end.
//
// Big-endian integers sort as bytes the way they sort as numbers: row keys use them. Varints are
// protobuf's base-128: values and tokens use them.

#ifndef DOCSTORE_SERVER_BASE_BYTE_ORDER_H_
#define DOCSTORE_SERVER_BASE_BYTE_ORDER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace docstore {

void AppendBigEndian16(uint16_t value, std::string* out);
void AppendBigEndian32(uint32_t value, std::string* out);
void AppendBigEndian64(uint64_t value, std::string* out);
void AppendVarint(uint64_t value, std::string* out);
// A varint length, then the bytes.
void AppendLengthPrefixed(absl::string_view bytes, std::string* out);

// Reads what the functions above wrote. Each Read returns false, and the reader stays failed, when
// the bytes end early or a varint has over ten bytes; the output is then untouched.
class ByteReader {
 public:
  // `bytes` must outlive the reader and every string_view it hands out.
  explicit ByteReader(absl::string_view bytes) : rest_(bytes) {}

  bool ReadByte(uint8_t* value);
  bool ReadBigEndian16(uint16_t* value);
  bool ReadBigEndian32(uint32_t* value);
  bool ReadBigEndian64(uint64_t* value);
  bool ReadVarint(uint64_t* value);
  bool ReadBytes(uint64_t size, absl::string_view* value);
  bool ReadLengthPrefixed(absl::string_view* value);

  bool failed() const { return failed_; }
  bool done() const { return !failed_ && rest_.empty(); }
  absl::string_view rest() const { return rest_; }

 private:
  bool ReadBigEndian(int bytes, uint64_t* value);
  bool Fail();

  absl::string_view rest_;
  bool failed_ = false;
};

}  // namespace docstore

#endif  // DOCSTORE_SERVER_BASE_BYTE_ORDER_H_
