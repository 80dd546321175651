#include "server/query/json_string.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace docstore::query {
namespace {

std::string Scan(absl::string_view json) {
  const JsonStringScan scan = ScanJsonString(json, 1);
  if (scan.error != nullptr) return absl::StrCat(scan.offset, ": ", scan.error);
  return absl::StrCat(scan.offset, scan.escaped ? " escaped" : "");
}

TEST(JsonString, EndsAtItsQuote) {
  EXPECT_EQ(Scan(R"("")"), "1");
  EXPECT_EQ(Scan(R"("abc" )"), "4");
  EXPECT_EQ(Scan(R"("a\"c\\" x)"), "7 escaped");
  EXPECT_EQ(Scan(R"("\b\f\n\r\t\/\u0041\ud83D\uDe00")"), "31 escaped");
  EXPECT_EQ(Scan("\"\x7F\""), "2");
}

TEST(JsonString, NamesTheByteThatIsWrong) {
  EXPECT_EQ(Scan("\"ab"), "3: the text ends inside a string");
  EXPECT_EQ(Scan("\"ab\n\""), "3: a control character stands unescaped in a string");
  EXPECT_EQ(Scan(std::string("\"a\0\"", 4)), "2: a control character stands unescaped in a string");
  const std::string escape = ": no such escape in a JSON string";
  EXPECT_EQ(Scan(R"("a\x")"), "2" + escape);
  EXPECT_EQ(Scan(R"("a\)"), "2" + escape);
  EXPECT_EQ(Scan(R"("ab\u12g4")"), "3" + escape);
  EXPECT_EQ(Scan(R"("ab\u12)"), "3" + escape);
  EXPECT_EQ(Scan(R"("\U0041")"), "1" + escape);
  const std::string half = ": the escape of half a surrogate pair is no character";
  EXPECT_EQ(Scan(R"("\uD800")"), "1" + half);
  EXPECT_EQ(Scan(R"("\uD800\n")"), "1" + half);
  EXPECT_EQ(Scan(R"("\uD800\uD800")"), "1" + half);
  EXPECT_EQ(Scan(R"("a\uDC00")"), "2" + half);
}

// Plain bytes are skipped eight at a time: whatever ends a run must be seen at every place of one.
TEST(JsonString, SeesEveryByteAtEveryPlaceOfARun) {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (size_t place = 1; place < 20; ++place) {
      std::string json = "\"" + std::string(24, 'x') + "\"";
      json[place] = static_cast<char>(byte);
      std::string expected = "25";
      if (byte < 0x20) {
        expected = absl::StrCat(place, ": a control character stands unescaped in a string");
      } else if (byte == '"') {
        expected = absl::StrCat(place);
      } else if (byte == '\\') {
        expected = absl::StrCat(place, ": no such escape in a JSON string");
      }
      ASSERT_EQ(Scan(json), expected) << byte << " at " << place;
    }
  }
}

TEST(JsonString, UnescapesWhatEscapesMean) {
  EXPECT_EQ(UnescapeJsonString("plain"), "plain");
  EXPECT_EQ(UnescapeJsonString(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(UnescapeJsonString(R"(\u0041\u00e9\u20AC)"), "A\xC3\xA9\xE2\x82\xAC");
  EXPECT_EQ(UnescapeJsonString(R"(x\ud83d\ude00y)"), "x\xF0\x9F\x98\x80y");
  EXPECT_EQ(UnescapeJsonString(R"(\udbff\udfff)"), "\xF4\x8F\xBF\xBF");
  EXPECT_EQ(UnescapeJsonString(R"(a\u0000b)"), std::string("a\0b", 3));
}

}  // namespace
}  // namespace docstore::query
