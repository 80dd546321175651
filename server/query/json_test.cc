#include "server/query/json.h"

#include <random>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"

namespace docstore::query {
namespace {

constexpr JsonLimits kLimits = {.bytes_max = 8 << 20};

// "OFFSET KIND: MESSAGE", or "ID BODY".
std::string Check(const std::string& json, absl::string_view id = "id",
                  const JsonLimits& limits = kLimits) {
  const auto result = CheckDocument(json, id, limits);
  if (const auto* error = std::get_if<InputError>(&result)) {
    constexpr const char* kKinds[] = {"json", "large", "id", "collection"};
    return absl::StrCat(error->offset, " ", kKinds[static_cast<int>(error->kind)], ": ",
                        error->message);
  }
  const CheckedDocument& document = std::get<CheckedDocument>(result);
  return absl::StrCat(document.id, " ", document.Body(json));
}

std::string Arrays(int depth) {
  return R"({"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
}

TEST(Json, GivesTextBackAsSent) {
  for (const std::string json :
       {R"({})", R"( { } )", "\r\n\t{\"a\" : [1, 2.50, -0, 1E+2, 0.1e-5] , \"b\":{\"a\":null}}\n",
        R"({"":"","\u0041":true,"A\"":false})", R"({"a":[[],{}],"b":"\ud83d\ude00\u0000"})"}) {
    EXPECT_EQ(Check(json), "id " + json);
  }
}

TEST(Json, KeepsIntegersOfAnyLengthThatADoubleHolds) {
  const std::string hundred = R"({"n":)" + std::string(100, '9') + "}";
  EXPECT_EQ(Check(hundred), "id " + hundred);
  const std::string edge = R"({"n":-)" + std::string(308, '9') + "}";
  EXPECT_EQ(Check(edge), "id " + edge);
  EXPECT_EQ(Check(R"({"n":)" + std::string(400, '9') + "}"),
            "5 json: the number overflows a double");
  EXPECT_EQ(Check(R"({"n":9007199254740993})"), R"(id {"n":9007199254740993})");
}

TEST(Json, RefusesNumbersThatOverflowADouble) {
  const std::string overflows = " json: the number overflows a double";
  EXPECT_EQ(Check(R"({"n":1e999})"), "5" + overflows);
  EXPECT_EQ(Check(R"({"a":1, "n":[-1E309]})"), "13" + overflows);
  EXPECT_EQ(Check(R"({"n":1.8e308})"), "5" + overflows);
  EXPECT_EQ(Check(R"({"n":1e99999999999999999999})"), "5" + overflows);
  for (const char* number : {"1.7976931348623157e308", "1e-999", "-1e-99999999999999999999",
                             "0e999", "0.00000000001e310", "5e-324"}) {
    EXPECT_EQ(Check(absl::StrFormat(R"({"n":%s})", number)),
              absl::StrFormat(R"(id {"n":%s})", number));
  }
}

TEST(Json, RefusesMalformedNumbersWhereTheyBreak) {
  EXPECT_EQ(Check(R"({"n":01})"), "6 json: a digit follows the 0 that a number begins with");
  EXPECT_EQ(Check(R"({"n":-00})"), "7 json: a digit follows the 0 that a number begins with");
  EXPECT_EQ(Check(R"({"n":-})"), "6 json: expected a digit");
  EXPECT_EQ(Check(R"({"n":1.})"), "7 json: expected a digit");
  EXPECT_EQ(Check(R"({"n":1e})"), "7 json: expected a digit");
  EXPECT_EQ(Check(R"({"n":1e+})"), "8 json: expected a digit");
  EXPECT_EQ(Check(R"({"n":.5})"), "5 json: expected a value");
  EXPECT_EQ(Check(R"({"n":+5})"), "5 json: expected a value");
  EXPECT_EQ(Check(R"({"n":NaN})"), "5 json: expected a value");
  EXPECT_EQ(Check(R"({"n":0x1})"), "6 json: expected a comma or the end of an object");
}

TEST(Json, RefusesMalformedStructureWhereItBreaks) {
  EXPECT_EQ(Check(""), "0 json: the text ends early");
  EXPECT_EQ(Check("  "), "2 json: the text ends early");
  EXPECT_EQ(Check(" [1]"), "1 json: a document is a JSON object");
  EXPECT_EQ(Check("null"), "0 json: a document is a JSON object");
  EXPECT_EQ(Check("{"), "1 json: the text ends early");
  EXPECT_EQ(Check("{a:1}"), "1 json: expected the name of a member");
  EXPECT_EQ(Check(R"({"a" 1})"), "5 json: expected a colon");
  EXPECT_EQ(Check(R"({"a":})"), "5 json: expected a value");
  EXPECT_EQ(Check(R"({"a":1,})"), "7 json: expected the name of a member");
  EXPECT_EQ(Check(R"({"a":1 "b":2})"), "7 json: expected a comma or the end of an object");
  EXPECT_EQ(Check(R"({"a":[1,]})"), "8 json: expected a value");
  EXPECT_EQ(Check(R"({"a":[1 2]})"), "8 json: expected a comma or the end of an array");
  EXPECT_EQ(Check(R"({"a":[1})"), "7 json: expected a comma or the end of an array");
  EXPECT_EQ(Check(R"({"a":trux})"), "8 json: expected a value");
  EXPECT_EQ(Check(R"({"a":tru)"), "8 json: the text ends early");
  EXPECT_EQ(Check(R"({"a":"x)"), "7 json: the text ends inside a string");
  EXPECT_EQ(Check(R"({"a":"\q"})"), "6 json: no such escape in a JSON string");
  EXPECT_EQ(Check(R"({} x)"), "3 json: something follows the end of the document");
  EXPECT_EQ(Check(R"({}{})"), "2 json: something follows the end of the document");
  EXPECT_EQ(Check(std::string("{}\0", 3)), "2 json: something follows the end of the document");
  EXPECT_EQ(Check(std::string("{\"a\":\0}", 7)), "5 json: expected a value");
  EXPECT_EQ(Check("\xEF\xBB\xBF{}"), "0 json: the text begins with a byte order mark");
}

TEST(Json, RefusesBadUtf8WhereItBegins) {
  EXPECT_EQ(Check("{\"a\":\"x\xC3\"}"), "7 json: the text is not UTF-8");
  EXPECT_EQ(Check("{\"a\xED\xA0\x80\":1}"), "3 json: the text is not UTF-8");
}

TEST(Json, RefusesEqualNamesAtAnyLevel) {
  const std::string twice = " json: a member of this name came before in the same object";
  EXPECT_EQ(Check(R"({"a":1,"a":1})"), "7" + twice);
  EXPECT_EQ(Check(R"({"a":1, "\u0061":1})"), "8" + twice);
  EXPECT_EQ(Check(R"({"x":[{"b":{"":1,"c":2,"":3}}]})"), "23" + twice);
  EXPECT_EQ(Check(R"({"a":{"a":{"a":1}},"b":{"a":1}})"), R"(id {"a":{"a":{"a":1}},"b":{"a":1}})");
  EXPECT_EQ(Check(R"({"_id":"id","_id":"id"})"), "12" + twice);
}

TEST(Json, FindsEqualNamesInObjectsOfAnySize) {
  std::mt19937_64 random(5);
  for (int members = 2; members < 60; ++members) {
    const int second = 1 + static_cast<int>(random() % (members - 1));
    const int first = static_cast<int>(random() % second);
    std::string json = "{";
    size_t offset = 0;
    for (int i = 0; i < members; ++i) {
      if (i > 0) json += ",";
      if (i == second) offset = json.size();
      absl::StrAppendFormat(&json, R"("m%d":%d)", i == second ? first : i, i);
    }
    json += "}";
    EXPECT_EQ(Check(json), absl::StrCat(offset,
                                        " json: a member of this name came before in the "
                                        "same object"));
  }
}

TEST(Json, EndsAtItsLimits) {
  EXPECT_EQ(Check(Arrays(99)), "id " + Arrays(99));
  EXPECT_EQ(Check(Arrays(100)), "104 json: the document is more than 100 deep");
  EXPECT_EQ(Check(Arrays(1'000'000)), "104 json: the document is more than 100 deep");
  EXPECT_EQ(Check(R"({"a":{}})", "id", {.bytes_max = 100, .depth_max = 1}),
            "5 json: the document is more than 1 deep");
  EXPECT_EQ(Check(R"({"a":1})", "id", {.bytes_max = 7}), R"(id {"a":1})");
  EXPECT_EQ(Check(R"({"a":1})", "id", {.bytes_max = 6}),
            "6 large: the document has 7 bytes, more than 6");
}

TEST(Json, TakesTheIdMemberOut) {
  EXPECT_EQ(Check(R"({"_id":"x","a":1})", "x"), R"(x {"a":1})");
  EXPECT_EQ(Check(R"({ "_id" : "x" , "a":1 })", "x"), R"(x { "a":1 })");
  EXPECT_EQ(Check(R"({"a":1 , "_id":"x" , "b":2})", "x"), R"(x {"a":1  , "b":2})");
  EXPECT_EQ(Check(R"({"a":1, "_id":"x" })", "x"), R"(x {"a":1 })");
  EXPECT_EQ(Check(R"({ "_id":"x" })", "x"), R"(x { })");
  EXPECT_EQ(Check(R"({"\u005fid":"\u0078"})", "x"), R"(x {})");
  EXPECT_EQ(Check(R"({"a":{"_id":5},"_ID":6})", "x"), R"(x {"a":{"_id":5},"_ID":6})");
}

TEST(Json, GivesTheBodyBackWhenAnIdWasPutInFront) {
  for (const std::string body : {R"({})", R"({ })", R"({ "a" : 1})", "{\n\"a\":{}\n}"}) {
    const bool empty = body.find('"') == std::string::npos;
    EXPECT_EQ(Check(R"({"_id":"i\"d")" + std::string(empty ? "" : ",") + body.substr(1), "i\"d"),
              "i\"d " + body);
  }
}

TEST(Json, RefusesAnIdMemberThatIsNotTheId) {
  EXPECT_EQ(Check(R"({"a":1, "_id": "y"})", "x"),
            "15 id: the _id member is not the id of the document");
  EXPECT_EQ(Check(R"({"_id":5})", "5"), "7 id: the _id member is not a string");
  EXPECT_EQ(Check(R"({"_id":[1]})", ""), "7 id: the _id member is not a string");
  EXPECT_EQ(Check(R"({"_id":[1})", ""), "9 json: expected a comma or the end of an array");
}

TEST(Json, TakesTheIdFromItsMemberWhenNoneIsGiven) {
  EXPECT_EQ(Check(R"({"a":1,"_id":"o\/1"})", ""), R"(o/1 {"a":1})");
  EXPECT_EQ(Check(R"({"a":1})", ""), R"( {"a":1})");
  EXPECT_EQ(Check(R"({"_id":""})", ""), "7 id: in the _id member, the id is empty");
  EXPECT_EQ(Check(R"({"_id":"a\u0000"})", ""),
            "7 id: in the _id member, the id holds a NUL character");
}

// Whatever stands in a text, its check ends, and every cut-off or mangled text is refused or good.
TEST(Json, SurvivesRandomMutations) {
  std::mt19937_64 random(6);
  const std::string good =
      R"({"_id":"id","a":[1,-2.5e3,true,{"b\u0041":"\ud83d\ude00"}],"c":null,"d":{"e":"é"}})";
  ASSERT_EQ(Check(good).substr(0, 3), "id ");
  for (size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_NE(Check(good.substr(0, cut)).find(" json: "), std::string::npos) << cut;
  }
  for (int i = 0; i < 100'000; ++i) {
    std::string json = good;
    for (uint64_t n = 1 + random() % 3; n > 0; --n) {
      const size_t at = random() % json.size();
      if (random() % 2 == 0) {
        json[at] = good[random() % good.size()];
      } else {
        json[at] = static_cast<char>(random());
      }
    }
    const auto result = CheckDocument(json, "", kLimits);
    if (const auto* error = std::get_if<InputError>(&result)) {
      ASSERT_LE(error->offset, json.size());
      continue;
    }
    // What is left when the `_id` is gone is a document without one.
    const CheckedDocument& document = std::get<CheckedDocument>(result);
    const std::string body = document.Body(json);
    ASSERT_EQ(Check(body), "id " + body) << json;
  }
}

}  // namespace
}  // namespace docstore::query
