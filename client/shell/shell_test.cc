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

// "c/ID", held at a node whose clock is `seen` writes of origin a, in versions "3", "4+" (deleted)
// or "5!" (damaged) of that origin.
v1::ListContentResponse Holding(uint64_t seen, const std::string& id,
                                const std::vector<std::string>& versions) {
  v1::ListContentResponse content;
  v1::DotRange* range = content.add_clock();
  range->set_origin(0xa);
  range->set_first(1);
  range->set_last(seen);
  if (versions.empty()) return content;
  v1::ContentEntry* entry = content.add_entries();
  entry->mutable_key()->set_collection("c");
  entry->mutable_key()->set_id(id);
  for (const std::string& text : versions) {
    v1::ContentVersion* version = entry->add_versions();
    version->mutable_dot()->set_origin(0xa);
    version->mutable_dot()->set_seq(static_cast<uint64_t>(text[0] - '0'));
    version->set_timestamp(uint64_t{1000} << 16);
    version->set_deleted(absl::EndsWith(text, "+"));
    version->set_damaged(absl::EndsWith(text, "!"));
    if (version->deleted()) continue;
    version->set_hash_low(0xf);
    version->set_json_bytes(2);
  }
  return content;
}

// The first of two nodes knows both.
void Introduce(FakeNode* first, const std::string& name, const std::string& other,
               const std::string& other_address) {
  v1::GetStatusResponse status;
  v1::Node* node = status.add_nodes();
  node->set_name(name);
  node->set_client_address(first->address());
  node = status.add_nodes();
  node->set_name(other);
  node->set_client_address(other_address);
  first->SetStatus(status);
}

TEST(Verify, FindsEqualNodesEqual) {
  FakeNode one("one"), two("two");
  Introduce(&one, "one", "two", two.address());
  one.SetContent({Holding(3, "x", {"3"})});
  two.SetContent({Holding(4, "x", {"3"})});
  const Ran ran = Execute(one.address(), "verify");
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_EQ(ran.out,
            "{\"equal\":true,\"complete\":true,\"document_count\":1,\"json_bytes\":2,"
            "\"in_flight\":0,\"nodes\":["
            "{\"name\":\"one\",\"asked\":true,\"document_count\":1,\"version_count\":0,"
            "\"json_bytes\":2,\"error\":\"\"},"
            "{\"name\":\"two\",\"asked\":true,\"document_count\":1,\"version_count\":0,"
            "\"json_bytes\":2,\"error\":\"\"}],\"differences\":[]}\n");
  EXPECT_EQ(Execute(one.address(), "verify", Format::kPretty).out,
            "compared 1 document (2 bytes) of 2 nodes: equal, 0 still in flight\n");
}

TEST(Verify, NamesTheDocumentThatOneNodeLacksAndWhatEachHolds) {
  FakeNode one("one"), two("two");
  Introduce(&one, "one", "two", two.address());
  one.SetContent({Holding(3, "x", {"3"})});
  two.SetContent({Holding(4, "x", {})});
  const Ran ran = Execute(one.address(), "verify --output json");
  EXPECT_EQ(ran.code, kExitDiverged);
  EXPECT_TRUE(absl::StrContains(
      ran.out,
      "\"differences\":[{\"collection\":\"c\",\"id\":\"x\",\"problem\":\"two lacks a:3\","
      "\"nodes\":[{\"name\":\"one\",\"versions\":[{\"dot\":\"a:3\",\"written_at_ms\":1000,"
      "\"json_bytes\":2,\"hash\":\"0000000000000000000000000000000f\"}]},"
      "{\"name\":\"two\",\"versions\":[]}]}]}"))
      << ran.out;
  EXPECT_TRUE(absl::StrContains(ran.err, "1 document not the same on all nodes: c/x")) << ran.err;
  EXPECT_EQ(Execute(one.address(), "verify --output csv").out,
            "collection,id,node,holds,problem\r\n"
            "c,x,one,a:3,two lacks a:3\r\n"
            "c,x,two,nothing,two lacks a:3\r\n");
  EXPECT_EQ(Execute(one.address(), "verify", Format::kPretty).out,
            "c/x: two lacks a:3\n"
            "  one holds a:3\n"
            "    a:3: 2 bytes, hash 0000000000000000000000000000000f\n"
            "  two holds nothing\n"
            "compared 1 document (2 bytes) of 2 nodes: not equal, 0 still in flight\n");
}

TEST(Verify, LooksAgainAtWhatIsUnderWay) {
  FakeNode one("one"), two("two");
  Introduce(&one, "one", "two", two.address());
  one.SetContent({Holding(3, "x", {"3"})});
  // It arrives before the second look.
  two.SetContent({Holding(2, "x", {}), Holding(2, "x", {}), Holding(3, "x", {"3"})});
  Ran ran = Execute(one.address(), "verify");
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_TRUE(absl::StrContains(ran.out, "\"in_flight\":0")) << ran.out;
  // It does not arrive.
  two.SetContent({Holding(2, "x", {})});
  ran = Execute(one.address(), "verify");
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_TRUE(absl::StrContains(ran.out, "\"in_flight\":1")) << ran.out;
}

TEST(Verify, ReportsNothingThatOnlyOneLookSaw) {
  FakeNode one("one"), two("two");
  Introduce(&one, "one", "two", two.address());
  one.SetContent({Holding(3, "x", {"3"})});
  // A delete that was reclaimed between the two nodes' answers, then one that was not.
  two.SetContent({Holding(4, "x", {}), Holding(4, "x", {}), Holding(4, "x", {"4+"})});
  const Ran ran = Execute(one.address(), "verify");
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_TRUE(absl::StrContains(ran.out, "\"in_flight\":1")) << ran.out;
}

TEST(Verify, NamesDamagedBytesOfEqualVersions) {
  FakeNode one("one"), two("two");
  Introduce(&one, "one", "two", two.address());
  one.SetContent({Holding(3, "x", {"3"})});
  two.SetContent({Holding(3, "x", {"3!"})});
  const Ran ran = Execute(one.address(), "verify");
  EXPECT_EQ(ran.code, kExitDiverged);
  EXPECT_TRUE(
      absl::StrContains(ran.out, "\"problem\":\"at two the body of a:3 does not match its hash\""))
      << ran.out;
  EXPECT_TRUE(absl::StrContains(ran.out, "\"damaged\":true")) << ran.out;
}

TEST(Verify, NamesTheMemberItCannotAskAndComparesTheOthers) {
  FakeNode one("one"), two("two");
  one.SetContent({Holding(3, "x", {"3"})});
  Introduce(&one, "one", "two", "");
  Ran ran = Execute(one.address(), "verify");
  EXPECT_EQ(ran.code, kExitNotConverged);
  EXPECT_TRUE(absl::StrContains(ran.err, "cannot ask two: its client address is not known"))
      << ran.err;
  EXPECT_TRUE(absl::StrContains(ran.out, "\"complete\":false")) << ran.out;
  Introduce(&one, "one", "two", two.address());
  two.Stop();
  ran = Execute(one.address(), "verify");
  EXPECT_EQ(ran.code, kExitNotConverged);
  EXPECT_TRUE(absl::StrContains(ran.err, "cannot ask two: cannot connect")) << ran.err;
  // Somebody else has taken the address.
  FakeNode three("three");
  Introduce(&one, "one", "two", three.address());
  ran = Execute(one.address(), "verify");
  EXPECT_EQ(ran.code, kExitNotConverged);
  EXPECT_TRUE(absl::StrContains(ran.err, "at its address answers three")) << ran.err;
}

TEST(Verify, EndsWhenInterrupted) {
  FakeNode one("one"), two("two");
  Introduce(&one, "one", "two", two.address());
  two.Hang();
  std::atomic<bool> interrupted = false;
  std::thread user([&two, &interrupted] {
    while (two.calls() == 0) std::this_thread::yield();
    interrupted = true;
  });
  EXPECT_EQ(Execute(one.address(), "verify", Format::kJsonl, false, "", &interrupted).code,
            kExitInterrupted);
  user.join();
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
