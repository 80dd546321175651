#include "client/shell/verbs.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/shell/cluster_verbs.h"
#include "client/shell/document_verbs.h"
#include "client/shell/export.h"
#include "client/shell/failure.h"
#include "client/shell/import.h"
#include "client/shell/verify.h"

namespace docstore::client::shell {
namespace {

const Grammar kHelpGrammar = {0, 2, {}, {}, {}};
const Grammar kQuitGrammar = {};
const Grammar kDemoGrammar = {0, 0, {}, {"--docstored"}, {}};

// The shell's program takes it before a session is made.
absl::Status Demo(Session*, const Arguments&) {
  return Failure(kExitFailed, "the demo has nodes and a prompt of its own",
                 "leave the shell and run it alone: docstore demo");
}

std::vector<Verb> DocumentVerbTable() {
  return {
      {"put",
       "put C/ID {JSON} [--if-absent | --if-version TOKEN | --context TOKEN]",
       "write one document",
       "Replaces what the node holds; put C {JSON} lets the server make the id.\n"
       "--if-absent      fails (exit 4) when the document exists\n"
       "--if-version T   fails (exit 4) when version T is no longer the winner\n"
       "--context T      replaces what T was read with; when stale, makes a sibling\n"
       "One node checks a condition: two nodes may both accept, which makes siblings.\n"
       "JSON may span lines. An id with blanks or quotes is a JSON string: C/\"a b\"",
       {"put orders/42 {\"customer\":\"Ada\",\"total\":9.5}",
        "put orders/\"no 43\" {\"total\":12} --if-absent"},
       &kPutGrammar,
       &Put},
      {"get",
       "get C/ID [--all]",
       "read one document",
       "--all also shows the other versions of a conflict, numbered for resolve, each with its\n"
       "version, and the resolve_context that covers them",
       {"get orders/42", "get orders/42 --all --output json"},
       &kGetGrammar,
       &Get},
      {"del",
       "del C/ID [--if-version TOKEN | --context TOKEN]",
       "delete one document",
       "A delete that races a write loses to it: the document stays, with a sibling.",
       {"del orders/42", "del orders/\"no 43\""},
       &kDeleteGrammar,
       &Delete},
      {"list",
       "list C [from ID] [to ID] [prefix P] [limit N] [--ids]",
       "documents in id order",
       "from is inclusive, to is exclusive; ids are ordered by their bytes.\n"
       "--ids shows ids and versions only",
       {"list orders limit 10", "list orders from 2024- to 2025- --output csv"},
       &kListGrammar,
       &List},
      {"import",
       "import C FILE [--id-field NAME] [--at NAME]",
       "write the documents of a file",
       "FILE holds JSON lines or one array; - reads stdin. --at NAME takes the array below that\n"
       "member of the one object in FILE. The id is member --id-field (default _id): a string as "
       "it\n"
       "is, another value as its JSON text; without one the server makes it. _id itself is not\n"
       "stored in the document. Not one transaction: each document stands alone, failures are\n"
       "listed with their line (exit 8).\n"
       "If the node goes away, puts that name an id and have no answer yet are sent again to the\n"
       "next --server; such a document may then have two equal versions. Those without an id are\n"
       "reported as unknown.",
       {"import countries /usr/share/iso-codes/json/iso_3166-1.json --at 3166-1 --id-field alpha_2",
        "import orders orders.jsonl"},
       &kImportGrammar,
       &Import},
      {"export",
       "export C [FILE]",
       "write a collection as JSON lines",
       "Ordered by id, _id first, one document a line: converged nodes give equal bytes, and "
       "import\n"
       "takes it back. FILE appears whole or not at all; without it, stdout.",
       {"export orders orders.jsonl", "export countries"},
       &kExportGrammar,
       &Export},
  };
}

std::vector<Verb> ClusterVerbTable() {
  return {
      {"collections",
       "collections",
       "what collections there are",
       "",
       {"collections", "collections --output csv"},
       &kCollectionsGrammar,
       &Collections},
      {"conflicts",
       "conflicts [C] [limit N]",
       "documents with more than one version",
       "",
       {"conflicts", "conflicts orders limit 10"},
       &kConflictsGrammar,
       &Conflicts},
      {"resolve",
       "resolve C/ID keep N [--context TOKEN]",
       "end a conflict by keeping one version",
       "get C/ID --all numbers the versions: 1 is the winner. --context TOKEN (its "
       "resolve_context)\n"
       "makes sure that they are still the ones you saw (exit 4 when not).",
       {"resolve orders/42 keep 1", "resolve orders/42 keep 2"},
       &kResolveGrammar,
       &Resolve},
      {"cluster status",
       "cluster status [--watch]",
       "members, links and how far each is behind",
       "behind: writes the answering node has and that one has not; ahead: the other way round.\n"
       "--watch repeats it every second until Ctrl-C",
       {"cluster status", "cluster status --output json"},
       &kStatusGrammar,
       &Status},
      {"wait converged",
       "wait converged [--timeout 30s]",
       "wait until every member has all writes so far",
       "Exit 7 when that did not happen in time, or a member cannot be reached.",
       {"wait converged", "wait converged --timeout 2m"},
       &kWaitGrammar,
       &Wait},
      {"verify",
       "verify [--collection C]",
       "compare what documents all members hold",
       "Reads every document of every member and changes nothing. Names each document that is not\n"
       "the same everywhere, or whose bytes do not have their hash, and what each node holds of "
       "it\n"
       "(exit 9). Documents that differ only by writes under way are counted as in flight: they "
       "are\n"
       "no fault. Exit 7 when a member could not be asked: the others are compared all the same.",
       {"verify", "verify --collection orders --output json"},
       &kVerifyGrammar,
       &Verify},
  };
}

std::vector<Verb> ShellVerbTable() {
  return {
      {"demo",
       "demo [--docstored FILE]",
       "three temporary nodes to try faults on (docstore demo)",
       "Runs alone: docstore demo, or docstore -e demo. Starts three nodes in a temporary "
       "directory\n"
       "and opens a prompt that can also cut, kill and start them; all is gone at its end.",
       {"demo", "demo --docstored ./docstored"},
       &kDemoGrammar,
       &Demo},
      {"help",
       "help [VERB]",
       "this list, or one verb with examples",
       "",
       {"help", "help put"},
       &kHelpGrammar,
       nullptr},
      {"quit",
       "quit",
       "leave the shell (Ctrl-D does too)",
       "",
       {"quit", "exit"},
       &kQuitGrammar,
       nullptr},
  };
}

const Verb* FindVerb(const std::string& name) {
  for (const Verb& verb : Verbs()) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

bool BeginsVerb(const std::string& word) {
  return std::any_of(Verbs().begin(), Verbs().end(),
                     [&word](const Verb& verb) { return absl::StartsWith(verb.name, word + " "); });
}

// The verb that `words` begin with, and how many of them name it.
const Verb* VerbOf(const std::vector<Word>& words, size_t* used) {
  const bool two = words.size() > 1 && words[1].kind == Word::Kind::kBare;
  *used = 2;
  const Verb* verb = two ? FindVerb(absl::StrCat(words[0].text, " ", words[1].text)) : nullptr;
  if (verb != nullptr) return verb;
  *used = 1;
  return FindVerb(words[0].text == "exit" ? "quit" : words[0].text);
}

absl::Status UnknownVerb(const std::vector<Word>& words) {
  const std::string& word = words[0].text;
  if (BeginsVerb(word)) {
    std::string forms;
    for (const Verb& verb : Verbs()) {
      if (absl::StartsWith(verb.name, word + " ")) {
        absl::StrAppend(&forms, forms.empty() ? "" : " or ", verb.usage);
      }
    }
    return UsageError(absl::StrCat(word, " what?"), absl::StrCat("write ", forms));
  }
  return UsageError(absl::StrCat("unknown verb \"", word.substr(0, 40), "\""),
                    "help lists the verbs; help put shows one");
}

absl::Status Help(Session* session, const std::vector<Word>& words) {
  std::ostream& out = *session->options().out;
  if (words.size() == 1) {
    for (const Verb& verb : Verbs()) out << absl::StrFormat("  %-16s%s\n", verb.name, verb.summary);
    out << "C is a collection, C/ID a document. --output pretty|json|jsonl|table|csv goes with any "
           "verb.\nhelp VERB shows usage and examples.\n";
    return absl::OkStatus();
  }
  const std::vector<Word> named(words.begin() + 1, words.end());
  size_t used = 0;
  const Verb* verb = VerbOf(named, &used);
  if (verb == nullptr && named.size() == 1) {
    for (const Verb& candidate : Verbs()) {
      if (absl::StartsWith(candidate.name, named[0].text + " ")) verb = &candidate;
    }
  }
  if (verb == nullptr) return UnknownVerb(named);
  out << verb->usage << "\n  " << verb->summary << "\n";
  if (!verb->details.empty()) {
    out << "\n" << verb->details << "\n";
  }
  out << "\nexamples:\n";
  for (const std::string& example : verb->examples) out << "  " << example << "\n";
  return absl::OkStatus();
}

// Says that a command runs, for as long as it lives.
class Busy {
 public:
  explicit Busy(std::atomic<bool>* flag) : flag_(flag) {
    if (flag_ != nullptr) before_ = flag_->exchange(true);
  }
  ~Busy() {
    if (flag_ != nullptr) flag_->store(before_);
  }

 private:
  std::atomic<bool>* const flag_;
  bool before_ = false;
};

// Takes `--output FORMAT` out of `words`.
absl::Status TakeFormat(Session* session, std::vector<Word>* words) {
  session->set_format(session->options().format);
  for (size_t i = 0; i < words->size(); ++i) {
    const Word& word = (*words)[i];
    if (word.kind != Word::Kind::kBare || !absl::StartsWith(word.text, "--output")) continue;
    const bool joined = absl::StartsWith(word.text, "--output=");
    if (!joined && word.text != "--output") continue;
    if (!joined && i + 1 == words->size()) {
      return UsageError("--output needs a value", "choose one of pretty, json, jsonl, table, csv");
    }
    const absl::StatusOr<Format> format =
        ParseFormat(joined ? word.text.substr(9) : (*words)[i + 1].text);
    if (!format.ok()) return format.status();
    session->set_format(*format);
    words->erase(words->begin() + static_cast<int64_t>(i),
                 words->begin() + static_cast<int64_t>(i) + (joined ? 1 : 2));
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<Verb>& Verbs() {
  static const auto* const verbs = [] {
    auto* all = new std::vector<Verb>(DocumentVerbTable());
    for (Verb& verb : ClusterVerbTable()) all->push_back(std::move(verb));
    for (Verb& verb : ShellVerbTable()) all->push_back(std::move(verb));
    return all;
  }();
  return *verbs;
}

absl::Status RunCommand(Session* session, const std::vector<Word>& typed, bool* quit) {
  const Busy busy(session->options().busy);
  std::vector<Word> words = typed;
  if (absl::Status status = TakeFormat(session, &words); !status.ok()) return status;
  if (words.empty()) return absl::OkStatus();
  size_t used = 0;
  const Verb* verb = VerbOf(words, &used);
  if (verb == nullptr) return UnknownVerb(words);
  const absl::StatusOr<Arguments> arguments =
      Arguments::Sort(words, used, *verb->grammar, "usage: " + verb->usage);
  if (!arguments.ok()) return arguments.status();
  absl::Status status;
  if (verb->name == "quit") {
    *quit = true;
  } else if (verb->name == "help") {
    status = Help(session, words);
  } else {
    status = verb->run(session, *arguments);
  }
  session->options().out->flush();
  if (status.ok() && !session->options().out->good()) {
    return Failure(kExitFailed, "cannot write the output", "is the disk full, or the reader gone?");
  }
  return status;
}

}  // namespace docstore::client::shell
