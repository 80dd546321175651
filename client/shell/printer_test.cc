#include "client/shell/printer.h"

#include <sstream>
#include <string>

#include "client/shell/progress.h"
#include "client/shell/prompt_text.h"
#include "gtest/gtest.h"

namespace docstore::client::shell {
namespace {

std::string Documents(Format format, Printer::Shape shape = Printer::Shape::kMany, int count = 2) {
  std::ostringstream out;
  Printer printer(&out, format, shape);
  if (count > 0) printer.Document("a b", "{\"x\":1.50}");
  if (count > 1) printer.Document("c", "{\n \"y\":\"p,\\\"q\"}");
  printer.Finish();
  return out.str();
}

std::string Records(Format format, int count = 2) {
  std::ostringstream out;
  Printer printer(&out, format, Printer::Shape::kMany);
  if (count > 0) printer.Record({Text("name", "größe"), Number("n", 7), Boolean("ok", true)});
  if (count > 1)
    printer.Record({Text("name", "a,\"b\"\x1b"), Number("n", -12), Boolean("ok", false)});
  printer.Finish();
  return out.str();
}

TEST(Printer, PrintsDocumentsInEachFormat) {
  EXPECT_EQ(Documents(Format::kJsonl),
            "{\"_id\":\"a b\",\"x\":1.50}\n{\"_id\":\"c\",\"y\":\"p,\\\"q\"}\n");
  EXPECT_EQ(Documents(Format::kJson),
            "[{\"_id\":\"a b\",\"x\":1.50},\n{\"_id\":\"c\",\n \"y\":\"p,\\\"q\"}]\n");
  EXPECT_EQ(Documents(Format::kJson, Printer::Shape::kOne, 1), "{\"_id\":\"a b\",\"x\":1.50}\n");
  EXPECT_EQ(Documents(Format::kJson, Printer::Shape::kMany, 0), "[]\n");
  EXPECT_EQ(Documents(Format::kPretty, Printer::Shape::kMany, 1),
            "{\n  \"_id\": \"a b\",\n  \"x\": 1.50\n}\n");
  EXPECT_EQ(Documents(Format::kCsv),
            "_id,document\r\na b,\"{\"\"x\"\":1.50}\"\r\nc,\"{\"\"y\"\":\"\"p,\\\"\"q\"\"}\"\r\n");
  EXPECT_EQ(Documents(Format::kTable, Printer::Shape::kMany, 1),
            "_id  document\na b  {\"x\":1.50}\n");
}

TEST(Printer, PrintsRecordsInEachFormat) {
  EXPECT_EQ(Records(Format::kJsonl),
            "{\"name\":\"größe\",\"n\":7,\"ok\":true}\n"
            "{\"name\":\"a,\\\"b\\\"\\u001b\",\"n\":-12,\"ok\":false}\n");
  EXPECT_EQ(Records(Format::kTable),
            "name           n    ok\n"
            "größe          7    true\n"
            "a,\\\"b\\\"\\u001b  -12  false\n");
  EXPECT_EQ(Records(Format::kPretty), Records(Format::kTable));
  EXPECT_EQ(Records(Format::kCsv),
            "name,n,ok\r\ngröße,7,true\r\n\"a,\"\"b\"\"\x1b\",-12,false\r\n");
  EXPECT_EQ(Records(Format::kTable, 0), "");
}

TEST(Printer, AcknowledgesOnOneLine) {
  std::ostringstream out;
  Printer(&out, Format::kJson, Printer::Shape::kOne).Acknowledge({Text("id", "a")}, "wrote a");
  Printer(&out, Format::kJsonl, Printer::Shape::kOne).Acknowledge({Text("id", "a")}, "wrote a");
  Printer(&out, Format::kPretty, Printer::Shape::kOne).Acknowledge({Text("id", "a")}, "wrote a");
  EXPECT_EQ(out.str(), "{\"id\":\"a\"}\n{\"id\":\"a\"}\nwrote a\n");
}

TEST(Progress, DrawsABar) {
  EXPECT_EQ(Bar(0, 10, 4), "[----]   0 %");
  EXPECT_EQ(Bar(5, 10, 4), "[##--]  50 %");
  EXPECT_EQ(Bar(11, 10, 4), "[####] 100 %");
  std::ostringstream err;
  Progress(&err, false, 10).Update(1, 1);
  EXPECT_EQ(err.str(), "");
}

TEST(PromptText, NamesNodeAndState) {
  ClusterStatus status;
  status.seen_by = "node2";
  EXPECT_EQ(PromptText(status), "node2 starting");
  status.ready = true;
  status.nodes = {{}, {}};
  EXPECT_EQ(PromptText(status), "node2 ok");
  status.nodes[1].ahead = 42;
  EXPECT_EQ(PromptText(status), "node2 42 behind");
}

}  // namespace
}  // namespace docstore::client::shell
