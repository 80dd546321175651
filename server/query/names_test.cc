#include "server/query/names.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace docstore::query {
namespace {

std::string Print(const std::optional<InputError>& error) {
  return error.has_value() ? absl::StrCat(error->offset, ": ", error->message) : "ok";
}

TEST(CollectionName, AcceptsTheNamedCharactersOnly) {
  EXPECT_EQ(Print(CheckCollectionName("orders")), "ok");
  EXPECT_EQ(Print(CheckCollectionName("A.z-9_0")), "ok");
  EXPECT_EQ(Print(CheckCollectionName("")), "0: the collection name is empty");
  EXPECT_EQ(Print(CheckCollectionName("ab/c")),
            "2: a collection name consists of letters, digits, underscore, point and hyphen");
  EXPECT_EQ(CheckCollectionName("abc\xC3\xA9")->offset, 3u);
  EXPECT_EQ(CheckCollectionName(std::string("a\0b", 3))->offset, 1u);
}

TEST(CollectionName, EndsAt128Bytes) {
  EXPECT_EQ(Print(CheckCollectionName(std::string(128, 'x'))), "ok");
  EXPECT_EQ(Print(CheckCollectionName(std::string(129, 'x'))),
            "128: the collection name is longer than 128 bytes");
}

TEST(Id, AcceptsAnyUtf8ButNul) {
  EXPECT_EQ(Print(CheckId("a b/\"\n\xE2\x82\xAC")), "ok");
  EXPECT_EQ(Print(CheckId("")), "0: the id is empty");
  EXPECT_EQ(Print(CheckId(std::string("ab\0c", 4))), "2: the id holds a NUL character");
  EXPECT_EQ(Print(CheckId("abc\xFFz")), "3: the id is not UTF-8");
  EXPECT_EQ(Print(CheckId(std::string("a\xFF\0", 3))), "1: the id is not UTF-8");
}

TEST(Id, EndsAt1024Bytes) {
  EXPECT_EQ(Print(CheckId(std::string(1024, 'x'))), "ok");
  EXPECT_EQ(Print(CheckId(std::string(1025, 'x'))), "1024: the id is longer than 1024 bytes");
}

TEST(Uuid7, LaysOutTimeVersionVariantAndRandomBits) {
  EXPECT_EQ(FormatUuid7(0x0123456789AB, 0, 0), "01234567-89ab-7000-8000-000000000000");
  EXPECT_EQ(FormatUuid7(0, ~uint64_t{0}, ~uint64_t{0}), "00000000-0000-7fff-bfff-ffffffffffff");
  // The example of RFC 9562, appendix A.6.
  EXPECT_EQ(FormatUuid7(0x017F22E279B0, 0xCC3, 0x18C4DC0C0C07398F << 2),
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(Uuid7, SortsByTime) { EXPECT_LT(FormatUuid7(1000, ~0ull, ~0ull), FormatUuid7(1001, 0, 0)); }

}  // namespace
}  // namespace docstore::query
