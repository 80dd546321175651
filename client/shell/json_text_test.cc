#include "client/shell/json_text.h"

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace docstore::client::shell {
namespace {

std::string MembersText(absl::string_view text) {
  const auto members = Members(text);
  if (!members.ok()) return std::string(members.status().message());
  std::string out;
  for (const Member& member : *members) absl::StrAppend(&out, member.name, "=", member.value, ";");
  return out;
}

TEST(JsonText, SlicesMembersWithoutTouchingThem) {
  EXPECT_EQ(MembersText("{}"), "");
  EXPECT_EQ(MembersText(" {\"a\" : 1e+2 ,\"\\u0061\":[{\"b\":\"}\\\"\"}, null ]\n} "),
            "\"a\"=1e+2;\"\\u0061\"=[{\"b\":\"}\\\"\"}, null ];");
  EXPECT_EQ(MembersText("{\"n\":123456789012345678901234567890}"),
            "\"n\"=123456789012345678901234567890;");
}

TEST(JsonText, RefusesWhatIsNotOneObject) {
  for (const char* text : {"",
                           " ",
                           "[]",
                           "1",
                           "{",
                           "{]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\":01}",
                           "{\"a\":1.}",
                           "{\"a\":-}",
                           "{\"a\":+1}",
                           "{\"a\":tru}",
                           "{\"a\":nullx}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\u12g4\"}",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"",
                           "{\"a\":\"\\",
                           "{a:1}",
                           "{} {}",
                           "{\"a\":1}x",
                           "{\"a\":[1,]}"}) {
    EXPECT_FALSE(Members(text).ok()) << text;
  }
  EXPECT_EQ(MembersText("{\"a\":1 2}"), "not JSON at byte 7: expected ',' or '}'");
}

TEST(JsonText, RefusesDeepNestingInsteadOfOverflowing) {
  const std::string deep = "{\"a\":" + std::string(1'000'000, '[');
  EXPECT_FALSE(Members(deep).ok());
}

TEST(JsonText, QuotesWhatATerminalWouldObey) {
  EXPECT_EQ(Quote("a\"b\\c\nd\x1b[31m\x7f\xC2\x9B"),
            "\"a\\\"b\\\\c\\nd\\u001b[31m\\u007f\\u009b\"");
  EXPECT_EQ(Quote("größe €"), "\"größe €\"");
}

TEST(JsonText, UnquotesAllEscapes) {
  EXPECT_EQ(*Unquote("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\""),
            "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  for (const char* text :
       {"\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"", "a", "\"a", "\"a\"b"}) {
    EXPECT_FALSE(Unquote(text).ok()) << text;
  }
}

TEST(JsonText, UnquoteUndoesQuote) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = random() % 12; i > 0; --i) {
      const uint32_t kind = random() % 4;
      if (kind == 0) text.push_back(static_cast<char>(random() % 128));
      if (kind == 1)
        absl::StrAppend(&text, "\xC2", std::string(1, static_cast<char>(0x80 + random() % 64)));
      if (kind == 2) text.append("\xE2\x82\xAC");
      if (kind == 3) text.append("\\u0041");
    }
    ASSERT_EQ(*Unquote(Quote(text)), text);
  }
}

TEST(JsonText, PutsTheIdInFront) {
  EXPECT_EQ(WithId("a\"b", "{\"x\":1}"), "{\"_id\":\"a\\\"b\",\"x\":1}");
  EXPECT_EQ(WithId("a", "{ \"x\": 1 }"), "{\"_id\":\"a\", \"x\": 1 }");
  EXPECT_EQ(WithId("a", "{}"), "{\"_id\":\"a\"}");
  EXPECT_EQ(WithId("a", " { } "), "{\"_id\":\"a\" } ");
}

TEST(JsonText, LeavesOutLineBreaksAndIndentationOnly) {
  EXPECT_EQ(OneLine("{\n  \"a\": [1,\r\n    2],\n  \"b c\": \"x  y\"\n}"),
            "{\"a\": [1,2],\"b c\": \"x  y\"}");
  EXPECT_EQ(OneLine("{ \"a\" : 1 }"), "{ \"a\" : 1 }");
}

TEST(JsonText, IndentsForReading) {
  EXPECT_EQ(Indent("{\"a\":[1.50,{}],\"b\":{\"c\":\"x,{\"}}"),
            "{\n  \"a\": [\n    1.50,\n    {}\n  ],\n  \"b\": {\n    \"c\": \"x,{\"\n  }\n}");
  EXPECT_EQ(Indent("not json"), "not json");
}

// Bytes that are often almost JSON.
std::string Noise(std::mt19937* random) {
  constexpr char kBytes[] = "{}[]\",:\\ \n01-.eEtrufalsn\x80\xff";
  std::string text;
  for (int i = (*random)() % 24; i > 0; --i) {
    text.push_back(kBytes[(*random)() % (sizeof(kBytes) - 1)]);
  }
  return text;
}

TEST(JsonText, NeverCrashesOnRandomBytes) {
  std::mt19937 random(2);
  for (int round = 0; round < 200'000; ++round) {
    const std::string text = Noise(&random);
    const auto end = ValueEnd(text, 0);
    EXPECT_TRUE(!end.ok() || *end <= text.size());
    Unquote(text).IgnoreError();
    WithId(text, text);
    OneLine(text);
    Indent(text);
    if (const auto members = Members(text); members.ok()) {
      // What is one object is one after it was put on one line or indented.
      EXPECT_TRUE(Members(OneLine(text)).ok()) << text;
      EXPECT_TRUE(Members(Indent(text)).ok()) << text;
      EXPECT_EQ(Members(WithId("a", text))->size(), members->size() + 1) << text;
    }
  }
}

}  // namespace
}  // namespace docstore::client::shell
