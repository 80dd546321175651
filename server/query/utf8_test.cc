#include "server/query/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace docstore::query {
namespace {

constexpr size_t kNone = absl::string_view::npos;

TEST(Utf8, FindsNothingInWellFormedText) {
  EXPECT_EQ(FindBadUtf8(""), kNone);
  EXPECT_EQ(FindBadUtf8("plain ascii, longer than eight bytes"), kNone);
  EXPECT_EQ(FindBadUtf8("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\xEF\xBF\xBF\xF4\x8F\xBF\xBF"),
            kNone);
}

TEST(Utf8, FindsWhereIllFormedSequencesBegin) {
  EXPECT_EQ(FindBadUtf8("abc\xFF"), 3u);
  EXPECT_EQ(FindBadUtf8("0123456789\x80"), 10u);     // continuation without a lead
  EXPECT_EQ(FindBadUtf8("\xC3\xA9\xC0\x80"), 2u);    // overlong NUL
  EXPECT_EQ(FindBadUtf8("a\xE0\x9F\xBF"), 1u);       // overlong
  EXPECT_EQ(FindBadUtf8("a\xED\xA0\x80"), 1u);       // surrogate
  EXPECT_EQ(FindBadUtf8("a\xF0\x8F\xBF\xBF"), 1u);   // overlong
  EXPECT_EQ(FindBadUtf8("ab\xF4\x90\x80\x80"), 2u);  // above U+10FFFF
  EXPECT_EQ(FindBadUtf8("ab\xF5\x80\x80\x80"), 2u);
  EXPECT_EQ(FindBadUtf8("abc\xE2\x82"), 3u);  // ends early
  EXPECT_EQ(FindBadUtf8("abc\xF0\x9F\x98"), 3u);
  EXPECT_EQ(FindBadUtf8("abc\xC3"), 3u);
}

TEST(Utf8, EveryCodePointRoundTrips) {
  for (uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    std::string text;
    AppendUtf8(code_point, &text);
    ASSERT_EQ(Utf8SequenceBytes(text), static_cast<int>(text.size())) << code_point;
    for (size_t cut = 1; cut < text.size(); ++cut) {
      ASSERT_EQ(Utf8SequenceBytes(text.substr(0, cut)), 0) << code_point;
    }
  }
}

}  // namespace
}  // namespace docstore::query
