#include "tests/sim/scenario.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/base/hash.h"
#include "server/base/status_macros.h"
#include "server/core/document.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/token.h"
#include "server/core/version_vector.h"
#include "tests/sim/world.h"

namespace docstore::sim {
namespace {

constexpr uint64_t kSeed = 1;
constexpr int64_t kSettleUsMax = 120 * kSecondUs;
constexpr int64_t kAnswerUsMax = 10 * kSecondUs;
constexpr int64_t kWaitMs = 500;

using Words = std::vector<std::string>;

struct Seen {
  core::VersionToken version;
  core::ResolveToken resolve;
};

constexpr const char* kVerdicts[] = {"applied",        "not-found",        "already-exists",
                                     "moved",          "not-caught-up",    "bad-token",
                                     "unknown-origin", "too-many-siblings"};

std::string Name(core::WriteVerdict verdict) {
  const auto number = static_cast<size_t>(verdict);
  return number < std::size(kVerdicts) ? kVerdicts[number] : absl::StrCat("verdict ", number);
}

class Story {
 public:
  explicit Story(bool print) : world_(kSeed, print, &intents_), random_(kSeed) {
    world_.on_ended = [this](Machine* machine, const absl::Status&) {
      if (machine->index() < world_.size()) intents_.RemoveAll(machine->name());
    };
  }

  absl::Status Do(const Words& words) {
    world_.trace().Say(absl::StrJoin(words, " "));
    RETURN_IF_ERROR(Command(words));
    if (!world_.trace().failed()) return absl::OkStatus();
    return absl::FailedPreconditionError(world_.trace().failure());
  }

 private:
  absl::Status Command(const Words& words);
  absl::Status Nodes(const Words& words);
  absl::Status Each(const Words& words);
  absl::Status OnMachine(const std::string& command, Machine* machine);
  absl::Status Cut(const Words& words);
  absl::Status Clock(const Words& words);
  absl::Status Run(const Words& words);
  absl::Status Settle();
  absl::Status Write(const Words& words);
  absl::Status Send(Machine* machine, core::ClientWrite write, const std::string& label,
                    const std::string& verdict);
  absl::Status Read(const Words& words);
  absl::Status Forge(const Words& words);
  absl::Status Writers(const Words& words);
  absl::Status Expect(const Words& words);

  absl::StatusOr<Machine*> Find(const std::string& name, bool running);
  absl::StatusOr<std::vector<Machine*>> FindAll(const std::string& names);
  absl::StatusOr<Seen> Label(const std::string& label) const;

  Intents intents_;
  World world_;
  node::VirtualRandom random_;
  std::map<std::string, Seen> labels_;
};

absl::Status Unknown(const Words& words) {
  return absl::InvalidArgumentError(absl::StrCat("cannot read: ", absl::StrJoin(words, " ")));
}

absl::Status Untrue(absl::string_view what) { return absl::FailedPreconditionError(what); }

core::DocumentKey KeyOf(const std::string& id) { return {"c", id}; }

absl::StatusOr<Machine*> Story::Find(const std::string& name, bool running) {
  Machine* const machine = world_.Find(name);
  if (machine == nullptr) return absl::InvalidArgumentError(absl::StrCat("no node ", name));
  if (running && !machine->running()) return Untrue(absl::StrCat(name, " is off"));
  return machine;
}

absl::StatusOr<std::vector<Machine*>> Story::FindAll(const std::string& names) {
  std::vector<Machine*> machines;
  if (names == "all") {
    for (int i = 0; i < world_.size(); ++i) machines.push_back(&world_.machine(i));
    return machines;
  }
  for (const absl::string_view name : absl::StrSplit(names, ',')) {
    ASSIGN_OR_RETURN(Machine* const machine, Find(std::string(name), false));
    machines.push_back(machine);
  }
  return machines;
}

absl::StatusOr<Seen> Story::Label(const std::string& label) const {
  const auto it = labels_.find(label);
  if (it == labels_.end()) return absl::InvalidArgumentError(absl::StrCat("no label ", label));
  return it->second;
}

absl::Status Story::Command(const Words& words) {
  const std::string& command = words[0];
  if (command == "nodes") return Nodes(words);
  if (command == "cut") return Cut(words);
  if (command == "clock") return Clock(words);
  if (command == "run") return Run(words);
  if (command == "settle") return Settle();
  if (command == "put" || command == "delete") return Write(words);
  if (command == "read") return Read(words);
  if (command == "forge") return Forge(words);
  if (command == "writers") return Writers(words);
  if (command == "expect") return Expect(words);
  if (command == "heal") {
    world_.network().HealAll();
    return absl::OkStatus();
  }
  return Each(words);
}

absl::Status Story::Nodes(const Words& words) {
  const Words names(words.begin() + 1, words.end());
  for (const std::string& name : names) world_.AddMachine(name, names);
  return absl::OkStatus();
}

absl::Status Story::Each(const Words& words) {
  if (words.size() != 2) return Unknown(words);
  ASSIGN_OR_RETURN(const std::vector<Machine*> machines, FindAll(words[1]));
  for (Machine* const machine : machines) {
    const absl::Status done = OnMachine(words[0], machine);
    if (absl::IsUnimplemented(done)) return Unknown(words);
    RETURN_IF_ERROR(done);
  }
  return absl::OkStatus();
}

absl::Status Story::OnMachine(const std::string& command, Machine* machine) {
  const bool off = command == "start" || command == "wipe" || command == "restore";
  if (off == machine->running()) {
    return Untrue(absl::StrCat(machine->name(), off ? " runs" : " is off"));
  }
  if (command == "start") {
    machine->Start();
  } else if (command == "crash") {
    machine->Kill();
    intents_.RemoveAll(machine->name());
  } else if (command == "wipe") {
    world_.LoseDisk(machine);
  } else if (command == "image") {
    machine->SaveImage();
  } else if (command == "restore") {
    world_.RestoreImage(machine);
  } else if (command == "clone") {
    world_.StartClone(machine);
  } else if (command == "pause" || command == "resume") {
    machine->SetPaused(command == "pause");
  } else {
    return absl::UnimplementedError(command);
  }
  return absl::OkStatus();
}

absl::Status Story::Cut(const Words& words) {
  if (words.size() != 3) return Unknown(words);
  ASSIGN_OR_RETURN(const std::vector<Machine*> some, FindAll(words[1]));
  ASSIGN_OR_RETURN(const std::vector<Machine*> others, FindAll(words[2]));
  for (const Machine* a : some) {
    for (const Machine* b : others) {
      if (a != b) world_.network().Cut(a->address(), b->address());
    }
  }
  return absl::OkStatus();
}

absl::Status Story::Clock(const Words& words) {
  int64_t seconds = 0;
  if (words.size() != 3 || !absl::SimpleAtoi(words[2], &seconds)) return Unknown(words);
  ASSIGN_OR_RETURN(Machine* const machine, Find(words[1], false));
  machine->clock().Jump(seconds * 1000);
  return absl::OkStatus();
}

absl::Status Story::Run(const Words& words) {
  double seconds = 0;
  if (words.size() != 2 || !absl::SimpleAtod(words[1], &seconds)) return Unknown(words);
  world_.RunFor(static_cast<int64_t>(seconds * kSecondUs));
  return absl::OkStatus();
}

absl::Status Story::Settle() {
  const int64_t until_us = world_.time().now_us() + kSettleUsMax;
  while (!world_.Converged()) {
    if (world_.trace().failed()) return absl::OkStatus();
    if (world_.time().now_us() > until_us) return Untrue("the clocks do not become equal");
    world_.RunFor(kSecondUs / 10);
  }
  world_.RunFor(kSecondUs);
  if (!world_.trace().failed()) world_.CheckEqual();
  return absl::OkStatus();
}

absl::Status Story::Write(const Words& words) {
  const bool deleted = words[0] == "delete";
  size_t next = deleted ? 3 : 4;
  if (words.size() < next) return Unknown(words);
  ASSIGN_OR_RETURN(Machine* const machine, Find(words[1], true));
  core::ClientWrite write{.key = KeyOf(words[2]), .deleted = deleted};
  if (!deleted) {
    write.body = std::make_shared<const std::string>(words[3]);
    write.hash = HashBytes128(words[3]);
  }
  std::string label;
  std::string verdict = "applied";
  for (; next < words.size(); next += 2) {
    const std::string& word = words[next];
    if (word == "if-absent") {
      write.guard = core::Guard::kIfAbsent;
      --next;
      continue;
    }
    if (next + 1 == words.size()) return Unknown(words);
    if (word == "as") {
      label = words[next + 1];
      continue;
    }
    if (word == "fails") {
      verdict = words[next + 1];
      continue;
    }
    ASSIGN_OR_RETURN(const Seen seen, Label(words[next + 1]));
    const bool guard = word == "if" || word == "if-all";
    if (!guard && word != "over" && word != "resolve") return Unknown(words);
    write.guard = guard ? core::Guard::kIfVersion : core::Guard::kContext;
    if (word == "over" || word == "if") {
      write.token = seen.version;
    } else {
      write.token = seen.resolve;
    }
  }
  return Send(machine, std::move(write), label, verdict);
}

absl::Status Story::Send(Machine* machine, core::ClientWrite write, const std::string& label,
                         const std::string& verdict) {
  write.wait_until_ms = machine->clock().MonotonicUs() / 1000 + kWaitMs;
  const core::DocumentKey key = write.key;
  const Hash128 hash = write.hash;
  if (!intents_.Add(
          machine->name(), key,
          {.deleted = write.deleted, .hash = hash, .guard = write.guard, .token = write.token})) {
    return Untrue("a delete of that document is under way");
  }
  auto answer = std::make_shared<std::optional<absl::StatusOr<core::WriteResult>>>();
  machine->node().Write(std::move(write), [answer](auto result) { *answer = std::move(result); });
  if (!world_.RunUntil([&answer] { return answer->has_value(); }, kAnswerUsMax)) {
    return Untrue("no answer");
  }
  intents_.Remove(machine->name(), key, hash);
  RETURN_IF_ERROR((*answer)->status());
  const core::WriteResult& result = ***answer;
  if (Name(result.verdict) != verdict) {
    return Untrue(absl::StrCat("the write is ", Name(result.verdict), ", not ", verdict));
  }
  if (result.verdict != core::WriteVerdict::kApplied) return absl::OkStatus();
  world_.oracle().Find(result.version.dot)->acknowledged_us = world_.time().now_us();
  labels_[label] = {.version = result.version,
                    .resolve = {.context = core::VersionVector({result.version.dot}),
                                .dots = {result.version.dot},
                                .hlc = result.version.hlc}};
  return absl::OkStatus();
}

absl::Status Story::Read(const Words& words) {
  if (words.size() != 5 || words[3] != "as") return Unknown(words);
  ASSIGN_OR_RETURN(Machine* const machine, Find(words[1], true));
  const core::Document document = world_.Read(machine, KeyOf(words[2]));
  Seen seen{.resolve = core::ResolveTokenOf(document)};
  if (const core::Version* const winner = document.winner()) {
    seen.version = {.dot = winner->dot, .hlc = winner->hlc};
  }
  labels_[words[4]] = seen;
  return absl::OkStatus();
}

absl::Status Story::Forge(const Words& words) {
  uint64_t ahead = 0;
  if (words.size() != 4 || !absl::SimpleAtoi(words[3], &ahead)) return Unknown(words);
  ASSIGN_OR_RETURN(Machine* const machine, Find(words[2], true));
  const core::Origin origin = machine->stored().origin;
  const core::Dot dot{origin, machine->stored().clock.of(origin).max() + ahead};
  labels_[words[1]] = {.version = {.dot = dot},
                       .resolve = {.context = core::VersionVector({dot}), .dots = {dot}}};
  return absl::OkStatus();
}

absl::Status Story::Writers(const Words& words) {
  uint64_t clients = 0;
  uint64_t rounds = 0;
  if (words.size() != 4 || !absl::SimpleAtoi(words[1], &clients) ||
      !absl::SimpleAtoi(words[2], &rounds)) {
    return Unknown(words);
  }
  for (uint64_t round = 0; round < rounds; ++round) {
    std::vector<std::pair<Machine*, core::ResolveToken>> reads;
    for (uint64_t i = 0; i < clients; ++i) {
      Machine* const machine = &world_.machine(static_cast<int>(random_.Below(world_.size())));
      const core::Document document = world_.Read(machine, KeyOf(words[3]));
      reads.emplace_back(machine, core::ResolveTokenOf(document));
    }
    for (uint64_t i = 0; i < clients; ++i) {
      const std::string body = absl::StrCat("{\"round\":", round, ",\"client\":", i, "}");
      core::ClientWrite write{.key = KeyOf(words[3]),
                              .body = std::make_shared<const std::string>(body),
                              .hash = HashBytes128(body),
                              .guard = core::Guard::kContext,
                              .token = reads[i].second};
      RETURN_IF_ERROR(Send(reads[i].first, std::move(write), "", "applied"));
    }
  }
  return absl::OkStatus();
}

absl::Status Story::Expect(const Words& words) {
  if (words.size() < 3) return Unknown(words);
  ASSIGN_OR_RETURN(Machine* const machine, Find(words[1], false));
  if (words.size() == 3 && words[2] == "off") {
    return machine->running() ? Untrue(absl::StrCat(words[1], " runs")) : absl::OkStatus();
  }
  RETURN_IF_ERROR(Find(words[1], true).status());
  if (words.size() == 3 && words[2] == "ready") {
    return machine->node().ready() ? absl::OkStatus()
                                   : Untrue(absl::StrCat(words[1], " is not ready"));
  }
  if (words.size() < 4) return Unknown(words);
  const core::Document document = world_.Read(machine, KeyOf(words[2]));
  Words bodies;
  for (const core::Version& version : document.versions) {
    if (!version.deleted) bodies.push_back(*version.body);
  }
  absl::c_sort(bodies);
  uint64_t count = 0;
  if (words[3] == "at-most" && words.size() == 5 && absl::SimpleAtoi(words[4], &count)) {
    if (document.versions.size() <= count) return absl::OkStatus();
    return Untrue(absl::StrCat("there are ", document.versions.size(), " versions"));
  }
  Words expected(words.begin() + 4, words.end());
  if (!(words[3] == "absent" && expected.empty()) && words[3] != "is") return Unknown(words);
  absl::c_sort(expected);
  if (bodies == expected) return absl::OkStatus();
  return Untrue(absl::StrCat(words[1], " holds ", words[2], " as ", absl::StrJoin(bodies, " "),
                             " of ", document.ToString()));
}

}  // namespace

absl::Status RunScenario(absl::string_view text, bool print) {
  Story story(print);
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = line.substr(0, line.find('#'));
    const Words words = absl::StrSplit(line, ' ', absl::SkipWhitespace());
    if (words.empty()) continue;
    const absl::Status done = story.Do(words);
    if (!done.ok()) {
      return absl::Status(
          done.code(),
          absl::StrCat("line ", number, ": ", absl::StrJoin(words, " "), ": ", done.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace docstore::sim
