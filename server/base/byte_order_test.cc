#include "server/base/byte_order.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include "absl/strings/escaping.h"

namespace docstore {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

std::string Varint(uint64_t value) {
  std::string bytes;
  AppendVarint(value, &bytes);
  return bytes;
}

TEST(ByteOrder, WritesBigEndianAndVarints) {
  std::string bytes;
  AppendBigEndian16(0x0102, &bytes);
  AppendBigEndian32(0x03040506, &bytes);
  AppendBigEndian64(0x0708090a0b0c0d0e, &bytes);
  EXPECT_EQ(absl::BytesToHexString(bytes), "0102030405060708090a0b0c0d0e");
  EXPECT_EQ(absl::BytesToHexString(Varint(0)), "00");
  EXPECT_EQ(absl::BytesToHexString(Varint(127)), "7f");
  EXPECT_EQ(absl::BytesToHexString(Varint(128)), "8001");
  EXPECT_EQ(absl::BytesToHexString(Varint(kMax)), "ffffffffffffffffff01");
  bytes.clear();
  AppendLengthPrefixed("abc", &bytes);
  EXPECT_EQ(absl::BytesToHexString(bytes), "03616263");
}

TEST(ByteOrder, ReadsWhatItWrote) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    const uint64_t n = random() >> (random() % 64);
    std::string bytes;
    AppendBigEndian16(static_cast<uint16_t>(n), &bytes);
    AppendBigEndian32(static_cast<uint32_t>(n), &bytes);
    AppendBigEndian64(n, &bytes);
    AppendVarint(n, &bytes);
    const std::string before = bytes;
    AppendLengthPrefixed(before, &bytes);
    bytes.push_back('x');
    ByteReader reader(bytes);
    uint16_t n16 = 0;
    uint32_t n32 = 0;
    uint64_t n64 = 0;
    uint64_t varint = 0;
    absl::string_view text;
    uint8_t last = 0;
    ASSERT_TRUE(reader.ReadBigEndian16(&n16) && reader.ReadBigEndian32(&n32) &&
                reader.ReadBigEndian64(&n64) && reader.ReadVarint(&varint) &&
                reader.ReadLengthPrefixed(&text));
    EXPECT_EQ(n16, static_cast<uint16_t>(n));
    EXPECT_EQ(n32, static_cast<uint32_t>(n));
    EXPECT_EQ(n64, n);
    EXPECT_EQ(varint, n);
    EXPECT_EQ(text, before);
    EXPECT_FALSE(reader.done());
    EXPECT_TRUE(reader.ReadByte(&last) && reader.done());
    EXPECT_EQ(last, 'x');
  }
}

TEST(ByteOrder, BigEndianSortsAsNumbers) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 10000; ++i) {
    const uint64_t a = random() >> (random() % 64);
    const uint64_t b = random() >> (random() % 64);
    std::string a_bytes;
    std::string b_bytes;
    AppendBigEndian64(a, &a_bytes);
    AppendBigEndian64(b, &b_bytes);
    EXPECT_EQ(a < b, a_bytes < b_bytes);
  }
}

TEST(ByteReader, FailsForGoodWhenBytesEndEarly) {
  const std::string bytes("\x01\x02\x03", 3);
  ByteReader reader(bytes);
  uint32_t value = 77;
  uint8_t byte = 0;
  EXPECT_FALSE(reader.ReadBigEndian32(&value));
  EXPECT_EQ(value, 77u);
  EXPECT_TRUE(reader.failed());
  EXPECT_FALSE(reader.done());
  EXPECT_FALSE(reader.ReadByte(&byte));
}

TEST(ByteReader, RefusesEachShortRead) {
  uint8_t byte = 0;
  uint16_t n16 = 0;
  uint64_t n64 = 0;
  absl::string_view text;
  EXPECT_FALSE(ByteReader("").ReadByte(&byte));
  EXPECT_FALSE(ByteReader("a").ReadBigEndian16(&n16));
  EXPECT_FALSE(ByteReader("1234567").ReadBigEndian64(&n64));
  EXPECT_FALSE(ByteReader("").ReadVarint(&n64));
  EXPECT_FALSE(ByteReader("\x80").ReadVarint(&n64));
  EXPECT_FALSE(ByteReader("abc").ReadBytes(4, &text));
  EXPECT_FALSE(ByteReader("\x04"
                          "abc")
                   .ReadLengthPrefixed(&text));
  EXPECT_FALSE(ByteReader(Varint(kMax) + "abc").ReadLengthPrefixed(&text));
}

TEST(ByteReader, RefusesVarintBeyond64Bits) {
  uint64_t value = 0;
  std::string ten_bytes(9, '\xff');
  EXPECT_TRUE(ByteReader(ten_bytes + '\x01').ReadVarint(&value));
  EXPECT_EQ(value, kMax);
  EXPECT_FALSE(ByteReader(ten_bytes + '\x02').ReadVarint(&value));
  EXPECT_FALSE(ByteReader(ten_bytes + "\x81\x01").ReadVarint(&value));
}

}  // namespace
}  // namespace docstore
