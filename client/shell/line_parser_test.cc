#include "client/shell/line_parser.h"

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace docstore::client::shell {
namespace {

// Feeds all lines of `text`; says what the last one gave: words as bare, 'quoted' or <JSON>.
std::string Parse(const std::string& text) {
  LineParser parser;
  LineParser::State state = LineParser::State::kComplete;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) state = parser.Feed(line);
  if (state == LineParser::State::kIncomplete) return "incomplete";
  if (state == LineParser::State::kError) return "error: " + parser.error();
  std::string out;
  for (const Word& word : parser.words()) {
    const char* const open = word.kind == Word::Kind::kBare     ? ""
                             : word.kind == Word::Kind::kQuoted ? "'"
                                                                : "<";
    const char* const close = word.kind == Word::Kind::kJson ? ">" : open;
    absl::StrAppend(&out, out.empty() ? "" : " ", open, word.text, close);
  }
  return out;
}

TEST(LineParser, SplitsAtBlanks) {
  EXPECT_EQ(Parse(""), "");
  EXPECT_EQ(Parse("  get\torders/42   --all \r"), "get orders/42 --all");
  EXPECT_EQ(Parse("# get orders/42 {"), "");
  EXPECT_EQ(Parse("get orders/#42"), "get orders/#42");
}

TEST(LineParser, TakesJsonAsOneWord) {
  EXPECT_EQ(Parse("put a/b {\"x\": \"}] \\\" {\", \"y\": [1, {}]} --if-absent"),
            "put a/b <{\"x\": \"}] \\\" {\", \"y\": [1, {}]}> --if-absent");
}

TEST(LineParser, ReadsJsonOverSeveralLines) {
  EXPECT_EQ(Parse("put a/b {\"x\":"), "incomplete");
  EXPECT_EQ(Parse("put a/b {\"x\":\n# no comment\n[1,\n\n2]} --if-absent"),
            "put a/b <{\"x\":\n# no comment\n[1,\n\n2]}> --if-absent");
}

TEST(LineParser, BeginsAnewAfterACommandOrAnError) {
  LineParser parser;
  EXPECT_EQ(parser.Feed("put a/b {"), LineParser::State::kIncomplete);
  EXPECT_TRUE(parser.pending());
  EXPECT_EQ(parser.Feed("]"), LineParser::State::kError);
  EXPECT_FALSE(parser.pending());
  EXPECT_EQ(parser.Feed("list c"), LineParser::State::kComplete);
  EXPECT_EQ(parser.words().size(), 2u);
}

TEST(LineParser, TakesQuotedIds) {
  EXPECT_EQ(Parse("get orders/\"a b\""), "get 'orders/a b'");
  EXPECT_EQ(Parse("get orders/\"a/\\\"\\n\\u00e9\" --all"), "get 'orders/a/\"\n\xC3\xA9' --all");
  EXPECT_EQ(Parse("import c \"my file.jsonl\""), "import c 'my file.jsonl'");
  EXPECT_EQ(Parse("get orders/a\"b"), "get orders/a\"b");
  EXPECT_EQ(Parse("get a/b/\"c"), "get a/b/\"c");
}

TEST(LineParser, RefusesWhatDoesNotEnd) {
  EXPECT_EQ(Parse("get orders/\"a b").substr(0, 6), "error:");
  EXPECT_EQ(Parse("get \"a\"b"), "error: a blank is missing before: b");
  EXPECT_EQ(Parse("put a/b {}x"), "error: a blank is missing before: x");
  EXPECT_EQ(Parse("put a/b {]"), "error: JSON has ']' where '}' is due");
  EXPECT_EQ(Parse("put a/b {\"x\":\"y").substr(0, 34), "error: a JSON string must end on i");
}

TEST(LineParser, LimitsDepthAndLength) {
  EXPECT_EQ(Parse("put a/b " + std::string(kBracketDepthMax + 1, '[')).substr(0, 6), "error:");
  LineParser parser;
  ASSERT_EQ(parser.Feed("put a/b {"), LineParser::State::kIncomplete);
  const std::string line(1 << 20, ' ');
  LineParser::State state = LineParser::State::kIncomplete;
  for (size_t i = 0; i <= kCommandBytesMax >> 20 && state == LineParser::State::kIncomplete; ++i) {
    state = parser.Feed(line);
  }
  EXPECT_EQ(state, LineParser::State::kError);
}

TEST(LineParser, NeverCrashesOnRandomBytes) {
  constexpr char kBytes[] = "{}[]\"/\\ \n\r\t#abc-=\x80\xff";
  std::mt19937 random(3);
  LineParser parser;
  for (int round = 0; round < 300'000; ++round) {
    std::string line;
    for (int i = random() % 16; i > 0; --i) {
      line.push_back(random() % 50 == 0 ? static_cast<char>(random() % 256)
                                        : kBytes[random() % (sizeof(kBytes) - 1)]);
    }
    const LineParser::State state = parser.Feed(line);
    EXPECT_EQ(parser.pending(), state == LineParser::State::kIncomplete);
    EXPECT_EQ(parser.error().empty(), state != LineParser::State::kError) << line;
    if (round % 64 == 0) parser = LineParser();
  }
}

}  // namespace
}  // namespace docstore::client::shell
