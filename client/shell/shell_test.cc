// The shell's language from text to exit code, against a node in this process.

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/fake_node.h"
#include "client/shell/arguments.h"
#include "client/shell/failure.h"
#include "client/shell/line_parser.h"
#include "client/shell/printer.h"
#include "client/shell/script.h"
#include "client/shell/session.h"
#include "client/shell/verbs.h"
#include "gtest/gtest.h"

namespace docstore::client::shell {
namespace {

// What running `script` gave.
struct Ran {
  ExitCode code = kExitOk;
  std::string out;
  std::string err;
};

Ran Execute(const std::string& servers, const std::string& script, Format format = Format::kJsonl,
            bool keep_going = false, const std::string& input = "",
            std::atomic<bool>* interrupted = nullptr) {
  std::istringstream commands(script), in(input);
  std::ostringstream out, err;
  SessionOptions options;
  options.servers = servers;
  options.deadline_ms = 5000;
  options.in = &in;
  options.out = &out;
  options.err = &err;
  options.format = format;
  options.interrupted = interrupted;
  Session session(options);
  bool quit = false;
  Ran ran;
  ran.code = RunScript(&session, &commands, "", keep_going, &quit);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

std::string TestFile(const std::string& name) {
  return absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name);
}

std::string Contents(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

TEST(Shell, PutsGetsAndDeletes) {
  FakeNode node;
  const Ran ran = Execute(node.address(),
                          "# a comment\n"
                          "put orders/42 {\"total\":9.50,\n\"n\":1}\n"
                          "get orders/42\n"
                          "put orders {}\n"
                          "put orders/\"a b\" {\"x\":1}\n"
                          "get orders/\"a b\"\n"
                          "del orders/\"a b\"\n");
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_EQ(ran.out,
            "{\"id\":\"42\",\"version\":\"v1\"}\n"
            "{\"_id\":\"42\",\"total\":9.50,\"n\":1}\n"
            "{\"id\":\"made-2\",\"version\":\"v2\"}\n"
            "{\"id\":\"a b\",\"version\":\"v3\"}\n"
            "{\"_id\":\"a b\",\"x\":1}\n"
            "{\"id\":\"a b\",\"version\":\"v4\"}\n");
}

TEST(Shell, ShowsAllVersionsAndResolves) {
  FakeNode node;
  ASSERT_EQ(Execute(node.address(), "put c/a {\"v\":1}").code, kExitOk);
  node.AddSibling("c", "a", "{\"v\":2}");
  node.AddSibling("c", "a", "");
  EXPECT_EQ(Execute(node.address(), "get c/a --all --output json").out,
            "{\"id\":\"a\",\"version\":\"v1\",\"doc\":{\"v\":1},\"siblings\":["
            "{\"version\":\"v2\",\"doc\":{\"v\":2},\"written_at_ms\":0},"
            "{\"version\":\"v3\",\"deleted\":true,\"written_at_ms\":0}],"
            "\"resolve_context\":\"all-v1-v2-v3\"}\n");
  EXPECT_TRUE(
      absl::StrContains(Execute(node.address(), "get c/a").err, "2 versions besides this one"));
  EXPECT_EQ(Execute(node.address(), "conflicts").out,
            "{\"collection\":\"c\",\"id\":\"a\",\"sibling_count\":2}\n");
  EXPECT_EQ(Execute(node.address(), "resolve c/a keep 4").code, kExitUsage);
  EXPECT_EQ(Execute(node.address(), "resolve c/a").code, kExitUsage);
  EXPECT_EQ(Execute(node.address(), "resolve c/a keep 2 --context all-v1").code, kExitCondition);
  EXPECT_EQ(Execute(node.address(), "resolve c/a keep 2 --context all-v1-v2-v3").code, kExitOk);
  EXPECT_EQ(node.JsonOf("c", "a"), "{\"v\":2}");
  EXPECT_EQ(Execute(node.address(), "conflicts", Format::kPretty).out, "no conflicts\n");
}

TEST(Shell, ResolvesInFavourOfADelete) {
  FakeNode node;
  ASSERT_EQ(Execute(node.address(), "put c/a {}").code, kExitOk);
  node.AddSibling("c", "a", "");
  EXPECT_EQ(Execute(node.address(), "resolve c/a keep 2").code, kExitOk);
  EXPECT_EQ(Execute(node.address(), "get c/a").code, kExitNotFound);
}

TEST(Shell, ListsByRangeAndPrefix) {
  FakeNode node;
  ASSERT_EQ(Execute(node.address(), "put c/a {}\nput c/ab {}\nput c/b {}\nput c/c {}").code,
            kExitOk);
  EXPECT_EQ(Execute(node.address(), "list c limit 3").out,
            "{\"_id\":\"a\"}\n{\"_id\":\"ab\"}\n{\"_id\":\"b\"}\n");
  EXPECT_EQ(Execute(node.address(), "list c from ab to c").out,
            "{\"_id\":\"ab\"}\n{\"_id\":\"b\"}\n");
  EXPECT_EQ(Execute(node.address(), "list c prefix a --ids --output csv").out,
            "_id,version\r\na,v1\r\nab,v2\r\n");
  EXPECT_EQ(Execute(node.address(), "list empty --output json").out, "[]\n");
  EXPECT_EQ(Execute(node.address(), "collections").out.substr(0, 32),
            "{\"name\":\"c\",\"document_count\":4,\"");
}

TEST(Shell, GivesEachFailureItsExitCodeAndAdvice) {
  FakeNode node;
  ASSERT_EQ(Execute(node.address(), "put c/a {}").code, kExitOk);
  const std::pair<const char*, ExitCode> cases[] = {
      {"get c/none", kExitNotFound},
      {"del c/none", kExitNotFound},
      {"put c/a {} --if-absent", kExitCondition},
      {"put c/a {} --if-version v9", kExitCondition},
      {"put c/a {BAD}", kExitFailed},
      {"put c/a", kExitUsage},
      {"put c/a 5", kExitUsage},
      {"put c/a {} {}", kExitUsage},
      {"put c/a {} --if-absent --context v1", kExitUsage},
      {"put c/a {} --nonsense", kExitUsage},
      {"put /a {}", kExitUsage},
      {"get c", kExitUsage},
      {"get c/", kExitUsage},
      {"get c/\"a", kExitUsage},
      {"del c/a --if-absent", kExitUsage},
      {"list c limit x", kExitUsage},
      {"list c --output yaml", kExitUsage},
      {"wait converged --timeout 2d", kExitUsage},
      {"import c no-such-file", kExitFailed},
      {"put c/a {\"x\":", kExitUsage},
      {"frobnicate", kExitUsage},
      {"cluster", kExitUsage},
  };
  for (const auto& [command, code] : cases) {
    const Ran ran = Execute(node.address(), command);
    EXPECT_EQ(ran.code, code) << command << ran.err;
    EXPECT_EQ(ran.out, "") << command;
    EXPECT_TRUE(absl::StartsWith(ran.err, "error: ")) << command;
    EXPECT_TRUE(absl::StrContains(ran.err, "\n  ")) << command << ran.err;
  }
}

TEST(Shell, TellsUnreachableFromNoAccess) {
  FakeNode node;
  node.FailWith(RefusalOf(grpc::StatusCode::PERMISSION_DENIED, "NO_RIGHT", "no"));
  EXPECT_EQ(Execute(node.address(), "get c/a").code, kExitNoAccess);
  node.Stop();
  const Ran ran = Execute(node.address(), "get c/a");
  EXPECT_EQ(ran.code, kExitUnreachable);
  EXPECT_TRUE(absl::StrContains(ran.err, "--server")) << ran.err;
  EXPECT_EQ(Execute("nonsense", "get c/a").code, kExitUsage);
}

TEST(Shell, SaysThatAnAmbiguousWriteMustBeLookedAt) {
  FakeNode node;
  node.FailWith(grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed"));
  const Ran ran = Execute(node.address(), "put c/a {}");
  EXPECT_EQ(ran.code, kExitUnreachable);
  EXPECT_TRUE(absl::StrContains(ran.err, "look before you repeat it")) << ran.err;
}

TEST(Shell, ShowsOffsetAndReasonOfABadDocument) {
  FakeNode node;
  EXPECT_EQ(Execute(node.address(), "put c/a {BAD}").err,
            "error: not JSON (BAD_JSON, field json, byte 5)\n"
            "  correct the document; nothing was written\n");
}

TEST(Shell, StopsAtTheFirstFailureUnlessToldToGoOn) {
  FakeNode node;
  const std::string script = "get c/none\nput c/a {}\nfrobnicate\n";
  const Ran stopped = Execute(node.address(), script);
  EXPECT_EQ(stopped.code, kExitNotFound);
  EXPECT_EQ(stopped.out, "");
  const Ran went_on = Execute(node.address(), script, Format::kJsonl, true);
  EXPECT_EQ(went_on.code, kExitNotFound);
  EXPECT_EQ(went_on.out, "{\"id\":\"a\",\"version\":\"v1\"}\n");
}

TEST(Shell, LeavesAtQuit) {
  FakeNode node;
  EXPECT_EQ(Execute(node.address(), "quit\nget c/none").code, kExitOk);
}

TEST(Shell, StopsWhenInterrupted) {
  FakeNode node;
  node.Hang();
  std::atomic<bool> interrupted = false;
  std::thread interrupter([&] {
    while (node.calls() == 0) std::this_thread::yield();
    interrupted = true;
  });
  const Ran ran =
      Execute(node.address(), "get c/a\nget c/b", Format::kJsonl, true, "", &interrupted);
  interrupter.join();
  EXPECT_EQ(ran.code, kExitInterrupted);
  EXPECT_EQ(node.calls(), 1u);
}

TEST(Shell, ReportsTheCluster) {
  FakeNode node("node1");
  v1::GetStatusResponse status;
  status.set_cluster_name("prod");
  status.set_ready(true);
  status.set_converged(true);
  status.set_document_count(3);
  status.add_alarms("disk\x1b[31m");
  v1::Node* self = status.add_nodes();
  self->set_name("node1");
  self->set_state(v1::NODE_STATE_SELF);
  self->set_role(v1::NODE_ROLE_MASTER);
  node.SetStatus(status);
  const std::string json = Execute(node.address(), "cluster status --output json").out;
  EXPECT_TRUE(absl::StrContains(json,
                                "\"nodes\":[{\"name\":\"node1\",\"state\":\"self\",\"role\":"
                                "\"master\",\"behind\":0"))
      << json;
  EXPECT_TRUE(absl::StrContains(json, "\"converged\":true")) << json;
  const std::string pretty = Execute(node.address(), "cluster status", Format::kPretty).out;
  EXPECT_TRUE(absl::StrContains(pretty, "cluster prod as node1 sees it")) << pretty;
  EXPECT_TRUE(absl::StrContains(pretty, "alarm: disk\\u001b[31m")) << pretty;
}

TEST(Shell, WaitsUntilConverged) {
  FakeNode node;
  v1::WaitConvergedResponse response;
  response.set_waited_ms(12);
  v1::NodeBehind* behind = response.add_behind();
  behind->set_name("node3");
  node.SetConvergence(response);
  const Ran no = Execute(node.address(), "wait converged --timeout 1s");
  EXPECT_EQ(no.code, kExitNotConverged);
  EXPECT_EQ(no.out,
            "{\"converged\":false,\"waited_ms\":12,\"behind\":[{\"name\":\"node3\",\"reachable\":"
            "false,\"missing\":0}]}\n");
  EXPECT_TRUE(absl::StrContains(no.err, "node3 is unreachable")) << no.err;
  response.set_converged(true);
  response.clear_behind();
  node.SetConvergence(response);
  EXPECT_EQ(Execute(node.address(), "wait converged").code, kExitOk);
}

TEST(Shell, ImportsAndExportsTheSameDocuments) {
  FakeNode node;
  const std::string lines =
      "{\"_id\":\"a\",\"n\":1.0}\n{\"_id\":\"b c\",\"t\":\"\\u0041\"}\n{\"_id\":\"d\"}\n";
  const Ran in = Execute(node.address(), "import c -", Format::kJsonl, false, lines);
  EXPECT_EQ(in.code, kExitOk) << in.err;
  EXPECT_TRUE(absl::StartsWith(in.out, "{\"imported\":3,\"failed\":0,\"unknown\":0,")) << in.out;
  EXPECT_EQ(node.JsonOf("c", "b c"), "{\"t\":\"\\u0041\"}");
  EXPECT_EQ(Execute(node.address(), "export c").out, lines);
  const std::string file = TestFile("export.jsonl");
  const Ran out = Execute(node.address(), absl::StrCat("export c \"", file, "\""));
  EXPECT_EQ(out.code, kExitOk) << out.err;
  EXPECT_EQ(Contents(file), lines);
  ASSERT_EQ(Execute(node.address(), absl::StrCat("import d \"", file, "\"")).code, kExitOk);
  EXPECT_EQ(Execute(node.address(), "export d").out, lines);
}

TEST(Shell, ExportsPrettyDocumentsOnOneLine) {
  FakeNode node;
  ASSERT_EQ(Execute(node.address(), "put c/a {\n  \"x\": [1,\n    2]\n}").code, kExitOk);
  EXPECT_EQ(Execute(node.address(), "export c").out, "{\"_id\":\"a\",\"x\": [1,2]}\n");
}

TEST(Shell, KeepsTheOldFileWhenAnExportFails) {
  FakeNode node;
  const std::string file = TestFile("kept.jsonl");
  std::ofstream(file) << "old";
  node.FailWith(grpc::Status(grpc::StatusCode::INTERNAL, "broken"));
  EXPECT_EQ(Execute(node.address(), absl::StrCat("export c ", file)).code, kExitFailed);
  EXPECT_EQ(Contents(file), "old");
  EXPECT_EQ(Execute(node.address(), "export c /no/such/directory/x").code, kExitFailed);
}

TEST(Shell, ReportsFailedDocumentsWithTheirLine) {
  FakeNode node;
  const Ran ran =
      Execute(node.address(), "import c -", Format::kJsonl, false,
              "{\"_id\":\"a\"}\n\nnot json\n{\"_id\":\"b\",\"x\":\"BAD\"}\n{\"_id\":\"c\"}\n");
  EXPECT_EQ(ran.code, kExitPartial);
  EXPECT_TRUE(absl::StartsWith(ran.out, "{\"imported\":2,\"failed\":2,\"unknown\":0,")) << ran.out;
  EXPECT_TRUE(absl::StrContains(ran.err, "line 3: not JSON at byte 0")) << ran.err;
  EXPECT_TRUE(absl::StrContains(ran.err, "line 4: not JSON (BAD_JSON, byte 5)")) << ran.err;
}

TEST(Shell, ImportsThroughTheNextNodeWhenOneGoesAway) {
  FakeNode first;
  FakeNode second;
  first.BreakBulkAfter(2);
  const Ran ran =
      Execute(absl::StrCat(first.address(), ",", second.address()), "import c - --id-field k",
              Format::kJsonl, false, "{\"k\":1}\n{\"k\":2}\n{\"j\":3}\n{\"k\":4}\n");
  EXPECT_EQ(ran.code, kExitPartial);
  EXPECT_TRUE(absl::StartsWith(ran.out, "{\"imported\":3,\"failed\":0,\"unknown\":1,")) << ran.out;
  EXPECT_TRUE(absl::StrContains(ran.err, "line 3: the write was sent")) << ran.err;
  EXPECT_EQ(second.JsonOf("c", "4"), "{\"k\":4}");
}

TEST(Shell, SaysHowFarAnInterruptedImportCame) {
  FakeNode node;
  node.Hang();
  std::atomic<bool> interrupted = false;
  std::thread interrupter([&] {
    while (node.calls() == 0) std::this_thread::yield();
    interrupted = true;
  });
  const Ran ran =
      Execute(node.address(), "import c -", Format::kJsonl, false, "{}\n{}\n{}\n", &interrupted);
  interrupter.join();
  EXPECT_EQ(ran.code, kExitInterrupted);
  EXPECT_TRUE(absl::StartsWith(ran.err, "error: interrupted after 0 documents were written; of 3"))
      << ran.err;
}

TEST(Shell, CallsAnImportWithoutServerUnreachable) {
  FakeNode node;
  node.Stop();
  EXPECT_EQ(Execute(node.address(), "import c -", Format::kJsonl, false, "{}").code,
            kExitUnreachable);
}

TEST(Shell, HelpsWithExamplesThatParse) {
  FakeNode node;
  const std::string all = Execute(node.address(), "help").out;
  for (const Verb& verb : Verbs()) {
    EXPECT_TRUE(absl::StrContains(all, verb.name));
    EXPECT_GE(verb.examples.size(), 2u) << verb.name;
    const Ran ran = Execute(node.address(), "help " + verb.name);
    EXPECT_EQ(ran.code, kExitOk);
    EXPECT_TRUE(absl::StrContains(ran.out, verb.usage)) << ran.out;
    for (const std::string& example : verb.examples) {
      EXPECT_TRUE(absl::StrContains(ran.out, example));
      EXPECT_NE(Execute(node.address(), example).code, kExitUsage) << example;
    }
  }
  EXPECT_EQ(Execute(node.address(), "help frobnicate").code, kExitUsage);
}

TEST(Arguments, ReadsDurations) {
  EXPECT_EQ(*ParseDuration("250ms"), 250);
  EXPECT_EQ(*ParseDuration("30s"), 30'000);
  EXPECT_EQ(*ParseDuration("7"), 7000);
  EXPECT_EQ(*ParseDuration("2m"), 120'000);
  EXPECT_EQ(*ParseDuration("1h"), 3'600'000);
  for (const char* text : {"", "s", "0s", "-1s", "61m", "1.5s", "2d", "99999999999999999999s"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Arguments, FormatsAddressesAsTheyAreTyped) {
  EXPECT_EQ(FormatAddress("c", "a/b"), "c/a/b");
  EXPECT_EQ(FormatAddress("c", "a b"), "c/\"a b\"");
  EXPECT_EQ(FormatAddress("c", "a\"\n"), "c/\"a\\\"\\n\"");
}

}  // namespace
}  // namespace docstore::client::shell
