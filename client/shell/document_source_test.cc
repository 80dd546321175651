#include "client/shell/document_source.h"

#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/shell/failure.h"
#include "client/shell/json_text.h"
#include "gtest/gtest.h"

namespace docstore::client::shell {
namespace {

// All documents as "LINE:TEXT;", or why the file is refused, with the advice.
std::string Read(const std::string& file, const std::string& at = "") {
  std::istringstream in(file);
  auto source = DocumentSource::Open(&in, at);
  if (!source.ok()) {
    return absl::StrCat("refused: ", source.status().message(), "|", AdviceOf(source.status()));
  }
  std::string out, text;
  uint64_t line = 0;
  while (source->Next(&text, &line)) absl::StrAppend(&out, line, ":", text, ";");
  return out;
}

std::string Slice(absl::string_view text, absl::string_view id_field = "_id") {
  const auto document = SliceDocument(text, id_field);
  if (!document.ok()) return absl::StrCat("refused: ", document.status().message());
  return absl::StrCat(document->id, "|", document->json);
}

TEST(DocumentSource, ReadsJsonLines) {
  EXPECT_EQ(Read(""), "");
  EXPECT_EQ(Read("\n \n"), "");
  EXPECT_EQ(Read("{\"a\":1}\n\n{\"a\":2}\r\n  {\"a\":3}"),
            "1:{\"a\":1};3:{\"a\":2}\r;4:  {\"a\":3};");
  EXPECT_EQ(Read("\n{\"a\":1}"), "2:{\"a\":1};");
  EXPECT_EQ(Read("\xEF\xBB\xBF{\"a\":1}\n"), "1:{\"a\":1};");
  EXPECT_EQ(Read("oops\n{\"a\":2}"), "1:oops;2:{\"a\":2};");
}

TEST(DocumentSource, ReadsAnArray) {
  EXPECT_EQ(Read("[]"), "");
  EXPECT_EQ(Read("\n[{\"a\":1},\n {\"a\":\n 2}\n, 3]"), "2:{\"a\":1};3:{\"a\":\n 2};5:3;");
  EXPECT_EQ(Read("[{\"a\":1}").substr(0, 17), "refused: not JSON");
}

TEST(DocumentSource, ReadsAnArrayBelowAMember) {
  EXPECT_EQ(Read("{\"x\":1,\n\"3166-1\":[{\"a\":1},\n{\"a\":2}]}", "3166-1"),
            "2:{\"a\":1};3:{\"a\":2};");
  EXPECT_EQ(Read("{\"x\":[],\"y\":1}", "y"),
            "refused: the file has no array \"y\" at its top|its arrays: x");
}

TEST(DocumentSource, SaysWhatToDoWithOneLargeObject) {
  EXPECT_EQ(Read("{\n\"x\":[],\"y\":1,\n\"z\":[1]\n}"),
            "refused: the first line is not a whole document|the file is one object with arrays in "
            "it; choose one with --at NAME: x, z");
}

TEST(SliceDocument, TakesTheIdAndCutsItOut) {
  EXPECT_EQ(Slice("{\"_id\":\"x\",\"a\":1}"), "x|{\"a\":1}");
  EXPECT_EQ(Slice("{\"a\":1,\"_id\":\"x\"}"), "x|{\"a\":1}");
  EXPECT_EQ(Slice("{\"a\":1 , \"_id\" : \"x\" , \"b\":2 }"), "x|{\"a\":1 ,  \"b\":2 }");
  EXPECT_EQ(Slice("{\"_id\":\"x\"}"), "x|{}");
  EXPECT_EQ(Slice("{\"\\u005fid\":\"\\u0078\",\"a\":1}"), "x|{\"a\":1}");
  EXPECT_EQ(Slice("{\"a\":1}"), "|{\"a\":1}");
}

TEST(SliceDocument, TakesOtherValuesAsTheirText) {
  EXPECT_EQ(Slice("{\"_id\":5.0}"), "5.0|{}");
  EXPECT_EQ(Slice("{\"_id\":{\"$oid\":\"a\"}}"), "{\"$oid\":\"a\"}|{}");
  EXPECT_EQ(Slice("{\"_id\":null}"), "null|{}");
}

TEST(SliceDocument, LeavesAnotherIdFieldInPlace) {
  EXPECT_EQ(Slice("{\"alpha_2\":\"NO\",\"n\":1}", "alpha_2"), "NO|{\"alpha_2\":\"NO\",\"n\":1}");
  EXPECT_EQ(Slice("{\"_id\":\"NO\",\"alpha_2\":\"NO\"}", "alpha_2"), "NO|{\"alpha_2\":\"NO\"}");
}

TEST(SliceDocument, RefusesWhatWouldLoseSomething) {
  for (const char* text :
       {"", "[]", "{\"_id\":\"\"}", "{\"_id\":\"a\",\"_id\":\"a\"}", "{\"_id\":\"\\ud800\"}",
        "{\"_id\":\"a\" 5,\"b\":1}", "{\"_id\":[1}", "{\"_id\":\"a\"}}"}) {
    EXPECT_EQ(Slice(text).substr(0, 8), "refused:") << text;
  }
  EXPECT_EQ(Slice("{\"_id\":5,\"k\":\"x\"}", "k"),
            "refused: its member _id is 5, but k makes its id \"x\"");
  EXPECT_EQ(Slice("{\"_id\":5}", "k"), "refused: its member _id is 5, but k makes its id \"\"");
}

TEST(SliceDocument, UndoesWhatAnExportPutsInFront) {
  for (const char* json : {"{}", "{ }", "{\"a\":1}", "{ \"a\": 1 , \"b\":[ ] }", "{\t\"x\":{}}"}) {
    EXPECT_EQ(Slice(WithId("k 1", json)), absl::StrCat("k 1|", json));
  }
}

}  // namespace
}  // namespace docstore::client::shell
