#include "client/demo/demo_shell.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/demo/dispute.h"
#include "client/demo/load.h"
#include "client/demo/sample_data.h"
#include "client/shell/failure.h"
#include "client/shell/json_text.h"
#include "client/shell/verbs.h"

namespace docstore::client::demo {

using shell::Arguments;
using shell::Field;
using shell::Grammar;
using shell::Number;
using shell::Printer;
using shell::Text;
using shell::Word;

namespace {

constexpr int64_t kConvergeMs = 60'000;
constexpr uint64_t kLoadDefault = 1000;

const Grammar kNothing = {};
const Grammar kOneNode = {1, 1, {}, {}, {}};
const Grammar kAtMostOne = {0, 1, {}, {}, {}};

// "2" or "node2", as an index.
absl::StatusOr<size_t> NodeOf(const Word& word) {
  uint64_t number = 0;
  if (absl::SimpleAtoi(absl::StripPrefix(word.text, "node"), &number) && number >= 1 &&
      number <= kNodes) {
    return number - 1;
  }
  return shell::UsageError(absl::StrCat("there is no node \"", word.text, "\""),
                           absl::StrCat("the nodes are 1 to ", kNodes));
}

std::string Count(uint64_t count, const char* noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::string Words(const std::vector<std::string>& names) {
  return names.empty() ? "none" : absl::StrJoin(names, " ");
}

Field Strings(std::string name, const std::vector<std::string>& texts) {
  const auto quote = [](std::string* out, const std::string& text) {
    out->append(shell::Quote(text));
  };
  return shell::Json(std::move(name), absl::StrCat("[", absl::StrJoin(texts, ",", quote), "]"));
}

const char* StateOf(const NodeSurvey& node) {
  if (!node.running) return "down";
  if (!node.status.has_value()) return "silent";
  if (node.cut) return "cut off";
  return node.status->ready ? "up" : "starting";
}

// One line of \status; a node that does not answer has no counts.
std::vector<Field> Row(const std::string& name, const NodeSurvey& node, bool for_people) {
  const auto count = [&](const char* column, uint64_t ClusterStatus::*member) {
    if (node.status.has_value())
      return Number(column, static_cast<int64_t>((*node.status).*member));
    return for_people ? Text(column, "-") : shell::Json(column, "null");
  };
  return {Text("node", name),
          Text("state", StateOf(node)),
          Number("behind", static_cast<int64_t>(node.behind)),
          Number("ahead", static_cast<int64_t>(node.ahead)),
          count("documents", &ClusterStatus::document_count),
          count("conflicts", &ClusterStatus::conflict_count),
          for_people ? Text("linked to", Words(node.linked)) : Strings("linked", node.linked)};
}

uint64_t ConflictsIn(const Survey& survey) {
  uint64_t conflicts = 0;
  for (const NodeSurvey& node : survey.nodes) {
    if (node.status.has_value()) conflicts = std::max(conflicts, node.status->conflict_count);
  }
  return conflicts;
}

}  // namespace

struct DemoShell::Verb {
  std::string name;
  std::string usage;
  std::string summary;
  const Grammar* grammar;
  absl::Status (DemoShell::*run)(const Arguments& arguments);  // null: leaves
};

const std::vector<DemoShell::Verb>& DemoShell::Table() {
  static const auto* const verbs = new std::vector<Verb>{
      {"\\status", "\\status", "the three nodes: who lacks what, who is linked to whom", &kNothing,
       &DemoShell::Status},
      {"\\node", "\\node N", "ask node N from now on", &kOneNode, &DemoShell::ChooseNode},
      {"\\partition", "\\partition N", "cut node N off from the other nodes; it goes on serving",
       &kOneNode, &DemoShell::Partition},
      {"\\heal", "\\heal [N]", "end all cuts, or that of node N, and watch them converge",
       &kAtMostOne, &DemoShell::Heal},
      {"\\kill", "\\kill N", "kill -9 node N", &kOneNode, &DemoShell::Kill},
      {"\\start", "\\start N", "start node N again on its data", &kOneNode, &DemoShell::StartNode},
      {"\\load", "\\load [N]", "write N (1000) documents through all nodes that run", &kAtMostOne,
       &DemoShell::Load},
      {"\\conflict", "\\conflict [C/ID]",
       "write one document (stock/beans) at two nodes that do not see each other's write",
       &kAtMostOne, &DemoShell::Conflict},
      {"\\help", "\\help", "this list", &kNothing, &DemoShell::Help},
      {"\\quit", "\\quit", "end the nodes and remove their data (Ctrl-D does too)", &kNothing,
       nullptr},
  };
  return *verbs;
}

std::vector<std::string> DemoShell::Verbs() {
  std::vector<std::string> names;
  for (const Verb& verb : Table()) names.push_back(verb.name);
  return names;
}

DemoShell::DemoShell(DemoCluster* cluster, const shell::SessionOptions& base)
    : cluster_(*cluster), base_(base) {
  for (size_t node = 0; node < kNodes; ++node) OpenSession(node);
}

void DemoShell::OpenSession(size_t node) {
  shell::SessionOptions options = base_;
  options.servers = cluster_.client_address(node);
  sessions_[node] = std::make_unique<shell::Session>(options);
}

absl::Status DemoShell::WriteSamples() {
  for (const absl::StatusOr<Written>& written : cluster_.client(0)->BulkWrite(SampleDocuments())) {
    if (!written.ok()) return written.status();
  }
  return cluster_.AwaitConverged(kConvergeMs);
}

absl::Status DemoShell::Run(const std::vector<Word>& words, bool* quit) {
  if (words.empty()) return absl::OkStatus();
  const bool own = words[0].kind == Word::Kind::kBare && absl::StartsWith(words[0].text, "\\");
  if (own) {
    const absl::Status status = RunOwn(words, quit);
    base_.out->flush();
    return status;
  }
  absl::Status status = shell::RunCommand(session(), words, quit);
  if (status.ok() && words.size() == 1 && words[0].text == "help") {
    *base_.out << "\\help lists what the demo adds.\n" << std::flush;
  }
  if (status.ok()) return status;
  const std::string backslashed = absl::StrCat("\\", words[0].text);
  const std::vector<std::string> verbs = Verbs();
  if (std::find(verbs.begin(), verbs.end(), backslashed) != verbs.end() &&
      shell::ExitCodeOf(status) == shell::kExitUsage) {
    return shell::WithAdvice(std::move(status), absl::StrCat("here it is ", backslashed));
  }
  if (!cluster_.running(current_)) {
    return shell::WithAdvice(std::move(status),
                             absl::StrCat("\\start ", current_ + 1, " brings ",
                                          cluster_.name(current_), " back; \\node N asks another"));
  }
  return status;
}

absl::Status DemoShell::RunOwn(const std::vector<Word>& words, bool* quit) {
  session()->set_format(base_.format);
  const auto verb = std::find_if(Table().begin(), Table().end(),
                                 [&](const Verb& each) { return each.name == words[0].text; });
  if (verb == Table().end()) {
    return shell::UsageError(absl::StrCat("unknown verb ", words[0].text.substr(0, 40)),
                             "\\help lists the demo's verbs, help those of the shell");
  }
  const absl::StatusOr<Arguments> arguments =
      Arguments::Sort(words, 1, *verb->grammar, absl::StrCat("usage: ", verb->usage));
  if (!arguments.ok()) return arguments.status();
  if (verb->run != nullptr) return (this->*verb->run)(*arguments);
  *quit = true;
  return absl::OkStatus();
}

absl::Status DemoShell::ChooseNode(const Arguments& arguments) {
  const absl::StatusOr<size_t> node = NodeOf(arguments.at(0));
  if (!node.ok()) return node.status();
  current_ = *node;
  session()->set_format(base_.format);
  const std::string name = cluster_.name(*node);
  Answer().Acknowledge({Text("node", name), Text("server", cluster_.client_address(*node))},
                       absl::StrCat(name, " takes the commands now"));
  return absl::OkStatus();
}

absl::Status DemoShell::Partition(const Arguments& arguments) {
  const absl::StatusOr<size_t> node = NodeOf(arguments.at(0));
  if (!node.ok()) return node.status();
  cluster_.Cut(*node);
  const std::string name = cluster_.name(*node);
  Answer().Acknowledge(
      {Text("cut", name)},
      absl::StrCat(name,
                   " is cut off; all nodes go on taking writes. \\conflict writes one "
                   "document on both sides, \\heal ends it"));
  return absl::OkStatus();
}

absl::Status DemoShell::Heal(const Arguments& arguments) {
  std::vector<std::string> healed;
  size_t only = kNodes;
  if (arguments.positions() > 0) {
    const absl::StatusOr<size_t> node = NodeOf(arguments.at(0));
    if (!node.ok()) return node.status();
    only = *node;
  }
  const Survey before = cluster_.Look();
  std::vector<std::string> lacking;
  for (size_t node = 0; node < kNodes; ++node) {
    if (before.nodes[node].behind > 0) {
      lacking.push_back(
          absl::StrCat(cluster_.name(node), " lacks ", Count(before.nodes[node].behind, "write")));
    }
    if (!cluster_.cut(node) || (only != kNodes && only != node)) continue;
    cluster_.Heal(node);
    healed.push_back(cluster_.name(node));
  }
  session()->err() << (lacking.empty() ? "nobody lacks anything" : absl::StrJoin(lacking, ", "))
                   << "; the cut is over\n";
  return SayConverged({Strings("healed", healed)},
                      absl::StrCat("healed ", healed.empty() ? "nothing" : Words(healed)));
}

absl::Status DemoShell::SayConverged(std::vector<Field> fields, const std::string& done) {
  for (size_t node = 0; node < kNodes; ++node) {
    const bool down = !cluster_.running(node);
    if (!down && !cluster_.cut(node)) continue;
    fields.push_back(shell::Boolean("converged", false));
    Answer().Acknowledge(fields, absl::StrCat(done, "; ", cluster_.name(node),
                                              down ? " is down (\\start " : " is cut off (\\heal ",
                                              node + 1, "), so not all can have everything"));
    return absl::OkStatus();
  }
  const int64_t began_ms = NowMs();
  const absl::Status status = cluster_.AwaitConverged(kConvergeMs);
  if (absl::IsDeadlineExceeded(status)) {
    return shell::Failure(shell::kExitNotConverged, status.message(),
                          "\\status shows who lacks what");
  }
  if (!status.ok()) return status;
  const int64_t took_ms = NowMs() - began_ms;
  const uint64_t conflicts = ConflictsIn(cluster_.Look());
  fields.push_back(shell::Boolean("converged", true));
  fields.push_back(Number("waited_ms", took_ms));
  fields.push_back(Number("conflicts", static_cast<int64_t>(conflicts)));
  Answer().Acknowledge(
      fields, absl::StrCat(done, "; all nodes hold the same after ",
                           absl::StrFormat("%.1f s, ", static_cast<double>(took_ms) / 1000),
                           Count(conflicts, "conflict"),
                           conflicts > 0 ? ": conflicts lists, resolve C/ID keep N decides" : ""));
  return absl::OkStatus();
}

absl::Status DemoShell::Kill(const Arguments& arguments) {
  const absl::StatusOr<size_t> node = NodeOf(arguments.at(0));
  if (!node.ok()) return node.status();
  const std::string name = cluster_.name(*node);
  if (!cluster_.running(*node)) {
    return shell::Failure(shell::kExitFailed, absl::StrCat(name, " is down already"),
                          absl::StrCat("\\start ", *node + 1, " brings it back"));
  }
  cluster_.Kill(*node);
  Answer().Acknowledge({Text("killed", name)},
                       absl::StrCat(name,
                                    " is killed; what it had acknowledged is on its disk. "
                                    "\\start ",
                                    *node + 1, " brings it back"));
  return absl::OkStatus();
}

absl::Status DemoShell::StartNode(const Arguments& arguments) {
  const absl::StatusOr<size_t> node = NodeOf(arguments.at(0));
  if (!node.ok()) return node.status();
  const std::string name = cluster_.name(*node);
  if (cluster_.running(*node)) {
    return shell::Failure(shell::kExitFailed, absl::StrCat(name, " runs already"),
                          "\\status shows how it is");
  }
  if (cluster_.cut(*node)) {
    session()->err() << "it is cut off: it looks for the others for 10 s, then serves alone\n"
                     << std::flush;
  }
  const absl::Status started = cluster_.Restart(*node);
  if (!started.ok()) return started;
  OpenSession(*node);
  session()->set_format(base_.format);
  return SayConverged({Text("started", name)}, absl::StrCat(name, " is back"));
}

absl::Status DemoShell::Status(const Arguments&) {
  const Survey survey = cluster_.Look();
  const shell::Format format = session()->format();
  const bool for_people = format == shell::Format::kPretty || format == shell::Format::kTable;
  Printer printer = session()->MakePrinter(Printer::Shape::kMany);
  for (size_t node = 0; node < kNodes; ++node) {
    printer.Record(Row(cluster_.name(node), survey.nodes[node], for_people));
  }
  printer.Say(survey.converged ? "converged: all nodes hold the same"
                               : "not converged (behind, ahead: in writes)");
  printer.Finish();
  return absl::OkStatus();
}

absl::Status DemoShell::Load(const Arguments& arguments) {
  uint64_t count = kLoadDefault;
  if (arguments.positions() > 0 &&
      (!absl::SimpleAtoi(arguments.at(0).text, &count) || count < 1 || count > kLoadMax)) {
    return shell::UsageError(absl::StrCat("\"", arguments.at(0).text, "\" is no such number"),
                             absl::StrCat("give one from 1 to ", kLoadMax));
  }
  std::vector<Client*> clients;
  std::vector<std::string> names;
  for (size_t node = 0; node < kNodes; ++node) {
    if (!cluster_.running(node)) continue;
    clients.push_back(cluster_.client(node));
    names.push_back(cluster_.name(node));
  }
  if (clients.empty()) {
    return shell::Failure(shell::kExitUnreachable, "no node runs", "\\start 1 brings one back");
  }
  const LoadResult result = WriteLoad(clients, loaded_ + 1, count);
  loaded_ += count;
  const uint64_t rate =
      result.written * 1000 / static_cast<uint64_t>(std::max<int64_t>(result.took_ms, 1));
  Answer().Acknowledge(
      {Number("written", static_cast<int64_t>(result.written)), Number("took_ms", result.took_ms),
       Strings("nodes", names)},
      absl::StrCat("wrote ", Count(result.written, "document"), " to load through ", Words(names),
                   absl::StrFormat(" in %.2f s (", static_cast<double>(result.took_ms) / 1000),
                   rate, " a second, each on disk before its answer)"));
  return result.first_failure;
}

absl::Status DemoShell::Conflict(const Arguments& arguments) {
  shell::Address address = {"stock", "beans"};
  if (arguments.positions() > 0) {
    const absl::StatusOr<shell::Address> given = shell::ParseAddress(arguments.at(0), true);
    if (!given.ok()) return given.status();
    address = *given;
  }
  const absl::StatusOr<Dispute> dispute = MakeDispute(&cluster_, address, ++conflicts_);
  if (!dispute.ok()) return dispute.status();
  const std::string full = shell::FormatAddress(address.collection, address.id);
  Answer().Acknowledge(
      {Text("id", address.id), Text("first", dispute->first), Text("second", dispute->second),
       shell::Boolean("separated", dispute->separated)},
      absl::StrCat(dispute->first, " and ", dispute->second, " wrote ", full,
                   dispute->separated ? " on their sides of the cut; after \\heal"
                                      : ", both from the version that was there;",
                   " get ", full, " --all shows both"));
  return absl::OkStatus();
}

absl::Status DemoShell::Help(const Arguments&) {
  for (const Verb& verb : Table()) {
    *base_.out << absl::StrFormat("  %-18s%s\n", verb.usage, verb.summary);
  }
  *base_.out << "All verbs of the shell go to the node that the prompt names; help lists them.\n";
  return absl::OkStatus();
}

}  // namespace docstore::client::demo
