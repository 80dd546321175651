// Replicas under random writes and deliveries, step by step against a model that knows every write
// ever made and holds plain sets where the core holds vectors and intervals.

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/base/check.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/replica.h"
#include "server/core/replica_testing.h"
#include "server/core/token.h"
#include "server/core/version_vector.h"

namespace docstore::core {
namespace {

using Dots = std::set<Dot>;

// What one replica holds of one key: its versions (with "is a tombstone"), and all dots of the key
// that are among them or were overwritten.
struct ModelDocument {
  std::map<Dot, bool> versions;
  Dots seen;

  bool live() const {
    return std::any_of(versions.begin(), versions.end(), [](const auto& v) { return !v.second; });
  }
  Dots dots() const {
    Dots dots;
    for (const auto& [dot, deleted] : versions) dots.insert(dot);
    return dots;
  }
};

// What a client kept of a read: the token, and in sets what it stands for.
struct Kept {
  DocumentKey key;
  Token token;
  Dots covered;
  Dots dots;
};

struct ModelWrite {
  ClientWrite write;
  Kept kept;
};

// A frame under way: what the core ships, and the same in sets.
struct Shipped {
  RemoteDocument remote;
  ModelDocument state;
  Dots resolved;
};

// Every write ever made: its key, and what its writer had seen of that key.
struct Oracle {
  struct Entry {
    DocumentKey key;
    bool deleted = false;
    Dots covered;
  };
  std::map<Dot, Entry> writes;
  std::map<Dot, uint64_t> hlcs;  // as the core chose them; they decide nothing but the winner
  Dots overwritten;

  Dot WinnerOf(const std::map<Dot, bool>& versions) const {
    const auto rank = [this](const auto& version) {
      return std::make_tuple(!version.second, hlcs.at(version.first), version.first);
    };
    return std::max_element(versions.begin(), versions.end(),
                            [&](const auto& a, const auto& b) { return rank(a) < rank(b); })
        ->first;
  }

  void Add(const Dot& dot, Entry entry) {
    overwritten.insert(entry.covered.begin(), entry.covered.end());
    CHECK(writes.emplace(dot, std::move(entry)).second);
  }
  std::map<DocumentKey, Dots> Survivors() const {
    std::map<DocumentKey, Dots> survivors;
    for (const auto& [dot, entry] : writes) {
      if (!overwritten.contains(dot)) survivors[entry.key].insert(dot);
    }
    return survivors;
  }
};

class ModelReplica {
 public:
  explicit ModelReplica(Oracle* oracle) : oracle_(*oracle) {}

  void Restart(Origin origin) {
    origin_ = origin;
    next_seq_ = 1;
    waiting_.clear();
  }
  // "ticket VERDICT dot" of every write answered.
  std::vector<std::string> Step(int64_t now_ms,
                                const std::vector<std::variant<ModelWrite, Shipped>>& events) {
    replies_.clear();
    now_ms_ = now_ms;
    for (const auto& event : events) {
      if (const auto* shipped = std::get_if<Shipped>(&event)) {
        Merge(*shipped);
      } else if (const auto& write = std::get<ModelWrite>(event); !Try(write)) {
        waiting_.push_back(write);
      }
    }
    for (const ModelWrite& write : std::exchange(waiting_, {})) {
      if (!Try(write)) waiting_.push_back(write);
    }
    return replies_;
  }

  const ModelDocument& document(const DocumentKey& key) { return documents_[key]; }
  const std::map<Dot, DocumentKey>& clock() const { return clock_; }

 private:
  bool KnowsOrigins(const Dots& dots) const {
    return std::all_of(dots.begin(), dots.end(), [this](const Dot& dot) {
      const auto it = clock_.lower_bound({dot.origin, 0});
      return dot.origin == origin_ || (it != clock_.end() && it->first.origin == dot.origin);
    });
  }
  bool Answer(const ModelWrite& write, const std::string& answer) {
    replies_.push_back(absl::StrCat(write.write.ticket, " ", answer));
    return true;
  }
  bool Wait(const ModelWrite& write, const std::string& verdict) {
    return now_ms_ < write.write.wait_until_ms ? false : Answer(write, verdict);
  }
  bool ApplyWrite(const ModelWrite& write, const Dots& covered, const Dots& also_seen) {
    ModelDocument& document = documents_[write.write.key];
    const Dot dot{origin_, next_seq_++};
    for (const Dot& old : covered) document.versions.erase(old);
    document.seen.insert(also_seen.begin(), also_seen.end());
    document.seen.insert(dot);
    document.versions[dot] = write.write.deleted;
    clock_[dot] = write.write.key;
    oracle_.Add(dot, {write.write.key, write.write.deleted, covered});
    return Answer(write, absl::StrCat("APPLIED ", ToString(dot)));
  }

  bool Try(const ModelWrite& write) {
    const ModelDocument& document = documents_[write.write.key];
    const Dots seen = document.seen;
    switch (write.write.guard) {
      case Guard::kNone:
        if (write.write.deleted && !document.live()) return Answer(write, "NOT_FOUND");
        return ApplyWrite(write, seen, seen);
      case Guard::kIfAbsent:
        if (document.live()) return Answer(write, "ALREADY_EXISTS");
        return ApplyWrite(write, seen, seen);
      case Guard::kIfVersion:
      case Guard::kContext:
        return std::holds_alternative<VersionToken>(write.kept.token) ? TryVersion(write)
                                                                      : TryResolve(write);
    }
    return true;
  }
  bool TryVersion(const ModelWrite& write) {
    const ModelDocument& document = documents_[write.write.key];
    const bool guard = write.write.guard == Guard::kIfVersion;
    const Dot named = *write.kept.dots.begin();
    if (document.versions.contains(named)) {
      if (guard && oracle_.WinnerOf(document.versions) != named) return Answer(write, "MOVED");
      return ApplyWrite(write, {named}, {});
    }
    if (!clock_.contains(named) && !document.seen.contains(named))
      return Wait(write, "NOT_CAUGHT_UP");
    return guard ? Answer(write, "MOVED") : ApplyWrite(write, {}, {});
  }
  bool TryResolve(const ModelWrite& write) {
    const ModelDocument& document = documents_[write.write.key];
    if (!KnowsOrigins(write.kept.covered)) return Wait(write, "UNKNOWN_ORIGIN");
    if (write.write.guard == Guard::kIfVersion &&
        (document.versions.empty() || document.dots() != write.kept.dots)) {
      const bool seen = std::all_of(
          write.kept.dots.begin(), write.kept.dots.end(),
          [&](const Dot& dot) { return clock_.contains(dot) || document.seen.contains(dot); });
      return seen ? Answer(write, "MOVED") : Wait(write, "NOT_CAUGHT_UP");
    }
    return ApplyWrite(write, write.kept.covered, write.kept.covered);
  }
  void Merge(const Shipped& shipped) {
    ModelDocument& mine = documents_[shipped.remote.key];
    const ModelDocument& theirs = shipped.state;
    for (const Dot& dot : mine.dots()) {
      if (theirs.seen.contains(dot) && !theirs.versions.contains(dot)) mine.versions.erase(dot);
    }
    for (const auto& [dot, deleted] : theirs.versions) {
      if (!mine.seen.contains(dot)) mine.versions[dot] = deleted;
    }
    mine.seen.insert(theirs.seen.begin(), theirs.seen.end());
    for (const Dot& dot : shipped.resolved) clock_[dot] = shipped.remote.key;
  }

  Oracle& oracle_;
  Origin origin_{};
  uint64_t next_seq_ = 1;
  int64_t now_ms_ = 0;
  std::map<DocumentKey, ModelDocument> documents_;
  std::map<Dot, DocumentKey> clock_;
  std::vector<ModelWrite> waiting_;
  std::vector<std::string> replies_;
};

class Trial {
 public:
  explicit Trial(uint32_t seed) : random_(seed) {
    const size_t count = 2 + Below(3);
    for (size_t i = 0; i < count; ++i) {
      real_.push_back(std::make_unique<StoredReplica>(next_origin_));
      model_.push_back(std::make_unique<ModelReplica>(&oracle_));
      model_[i]->Restart(Origin{next_origin_++});
    }
    inbox_.resize(count);
  }

  void Play(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      const size_t at = Below(real_.size());
      if (Chance(20)) Send(at);
      if (Chance(2)) Restart(at);
      if (Chance(30)) Remember(at);
      Step(at, RandomEvents(at));
    }
  }

  // Everybody sends everybody what is missing, until all have everything.
  void ExchangeAll() {
    for (size_t round = 0; round < real_.size() + 1; ++round) {
      for (size_t from = 0; from < real_.size(); ++from) {
        for (size_t to = 0; to < real_.size(); ++to) {
          if (from == to) continue;
          real_[to]->Advance(10'000);  // nothing waits longer
          const Clock missing(real_[from]->clock().Minus(real_[to]->clock()));
          std::vector<Event> events;
          for (Shipped& shipped : Ship(from, missing)) events.emplace_back(std::move(shipped));
          Step(to, std::move(events));
        }
      }
    }
  }

  void CheckConverged() const {
    const std::map<DocumentKey, Dots> survivors = oracle_.Survivors();
    for (const auto& replica : real_) {
      EXPECT_EQ(replica->clock(), real_[0]->clock());
      EXPECT_EQ(replica->dots(), real_[0]->dots());
      EXPECT_EQ(replica->documents(), real_[0]->documents());
      EXPECT_EQ(replica->documents().size(), survivors.size());
      for (const auto& [key, document] : replica->documents()) {
        const std::vector<Dot> dots = document.dots();
        EXPECT_EQ(Dots(dots.begin(), dots.end()), survivors.at(key));
        for (const Version& version : document.versions) {
          const Version* const other = real_[0]->document(key).Find(version.dot);
          ASSERT_NE(other, nullptr);
          EXPECT_EQ(version.body == nullptr, other->body == nullptr);
          if (version.body != nullptr) {
            EXPECT_EQ(*version.body, *other->body);
          }
        }
      }
    }
    for (const auto& [dot, entry] : oracle_.writes) {
      EXPECT_TRUE(real_[0]->clock().Contains(dot));
    }
  }
  size_t writes() const { return oracle_.writes.size(); }

 private:
  using Event = std::variant<ModelWrite, Shipped>;

  size_t Below(size_t limit) { return random_() % limit; }
  bool Chance(size_t percent) { return Below(100) < percent; }
  DocumentKey RandomKey() { return {Chance(70) ? "c" : "d", absl::StrCat("k", Below(3))}; }

  // A client at replica `at` reads something and keeps what it got.
  void Remember(size_t at) {
    const DocumentKey key = RandomKey();
    const Document& document = real_[at]->document(key);
    const ModelDocument& sets = model_[at]->document(key);
    if (document.versions.empty() || Chance(40)) {
      kept_.push_back({key, ResolveTokenOf(document), sets.seen, sets.dots()});
      return;
    }
    const Version& version =
        Chance(70) ? *document.winner() : document.versions[Below(document.versions.size())];
    kept_.push_back({key, VersionToken{version.dot, version.hlc}, {version.dot}, {version.dot}});
  }

  ModelWrite RandomWrite(size_t at) {
    ModelWrite result;
    const std::string body = Chance(25) ? "" : absl::StrCat("{", Below(40), "}");
    if (!kept_.empty() && Chance(60)) {
      // Fresh reads more often than stale ones.
      const size_t back = std::min(Chance(70) ? Below(3) : Below(kept_.size()), kept_.size() - 1);
      result.kept = kept_[kept_.size() - 1 - back];
      result.write = MakeWrite(result.kept.key, body,
                               Chance(50) ? Guard::kIfVersion : Guard::kContext, result.kept.token);
    } else {
      result.write = MakeWrite(RandomKey(), body);
      if (Chance(20)) result.write.guard = Guard::kIfAbsent;
    }
    result.write.ticket = next_ticket_++;
    result.write.wait_until_ms = real_[at]->now().monotonic_ms + Below(30) * Below(2);
    return result;
  }

  // The keys of replica `from` that `asked` touches.
  std::vector<Shipped> Ship(size_t from, const Clock& asked) {
    std::map<DocumentKey, Dots> resolved;
    for (const auto& [dot, key] : model_[from]->clock()) {
      if (asked.Contains(dot)) resolved[key].insert(dot);
    }
    std::vector<Shipped> shipped;
    for (auto& [key, dots] : resolved) {
      const ModelDocument& state = model_[from]->document(key);
      for (const auto& [dot, deleted] : state.versions) {
        if (model_[from]->clock().contains(dot)) dots.insert(dot);
      }
      shipped.push_back({real_[from]->Ship(key, asked), state, dots});
    }
    return shipped;
  }

  // A sender may account for less than its state knows: the rest travels as passengers.
  void ResolveFewer(Shipped* shipped) {
    std::erase_if(shipped->resolved, [this](const Dot&) { return Chance(50); });
    Clock resolved;
    for (const Dot& dot : shipped->resolved) resolved.Add(dot);
    shipped->remote.resolved = resolved.ToRanges();
  }

  // Puts messages of whole states under way to a random replica: what it lacks, or anything.
  void Send(size_t from) {
    const size_t to = Below(real_.size());
    if (to == from) return;
    Clock asked;
    for (const auto& [dot, key] : real_[from]->dots()) {
      if (Chance(50) && (!real_[to]->clock().Contains(dot) || Chance(10))) asked.Add(dot);
    }
    for (Shipped& shipped : Ship(from, asked)) {
      if (Chance(15)) continue;  // lost
      if (Chance(30)) ResolveFewer(&shipped);
      inbox_[to].push_back(std::move(shipped));
    }
  }

  std::vector<Event> RandomEvents(size_t at) {
    std::vector<Event> events;
    for (size_t i = Below(5); i > 0; --i) {
      if (Chance(45)) {
        events.emplace_back(RandomWrite(at));
      } else if (!inbox_[at].empty()) {
        const size_t any = Below(inbox_[at].size());  // reordered
        events.emplace_back(inbox_[at][any]);
        if (!Chance(25)) inbox_[at].erase(inbox_[at].begin() + any);  // else repeated later
      }
    }
    return events;
  }

  void Restart(size_t at) {
    real_[at]->Restart(next_origin_);
    model_[at]->Restart(Origin{next_origin_++});
  }

  void Step(size_t at, const std::vector<Event>& events) {
    StoredReplica& real = *real_[at];
    real.Advance(Below(20));
    std::vector<core::Event> real_events;
    for (const Event& event : events) {
      if (const auto* shipped = std::get_if<Shipped>(&event)) {
        real_events.push_back(PeerDocuments{.documents = {shipped->remote}});
      } else {
        real_events.push_back(std::get<ModelWrite>(event).write);
      }
    }
    const Clock clock_before = real.clock();
    const std::map<DocumentKey, Document> before = real.documents();
    const Effects effects = real.Step(std::move(real_events));
    std::vector<std::string> replies;
    for (const Reply& reply : effects.replies) {
      const bool applied = reply.result.verdict == WriteVerdict::kApplied;
      if (applied) oracle_.hlcs[reply.result.version.dot] = reply.result.version.hlc;
      replies.push_back(absl::StrCat(
          reply.ticket, " ",
          Show(applied ? reply.result : WriteResult{.verdict = reply.result.verdict})));
    }
    EXPECT_EQ(replies, model_[at]->Step(real.now().monotonic_ms, events));
    EXPECT_TRUE(real.clock().Covers(clock_before));
    EXPECT_EQ(effects.clock_changed, real.clock() != clock_before);
    CheckStored(at);
    for (const auto& [key, document] : before) CheckNothingLost(document, real.document(key));
    for (const auto& [key, document] : real.documents()) CheckDocument(at, key, document);
  }

  // The dot index is the clock, and both are the model's.
  void CheckStored(size_t at) {
    Clock indexed;
    for (const auto& [dot, key] : real_[at]->dots()) indexed.Add(dot);
    EXPECT_EQ(indexed, real_[at]->clock());
    EXPECT_EQ(real_[at]->dots(), model_[at]->clock());
  }

  void CheckNothingLost(const Document& before, const Document& after) {
    for (const Dot& dot : before.dots()) {
      EXPECT_TRUE(after.Find(dot) != nullptr || oracle_.overwritten.contains(dot))
          << ToString(dot) << " is gone and nobody has overwritten it";
    }
  }

  void CheckDocument(size_t at, const DocumentKey& key, const Document& document) {
    const std::vector<Dot> dots = document.dots();
    const ModelDocument& sets = model_[at]->document(key);
    EXPECT_EQ(Dots(dots.begin(), dots.end()), sets.dots());
    for (const Dot& dot : document.context.entries()) {
      EXPECT_EQ(oracle_.writes.at(dot).key, key) << "the context names a foreign write";
    }
    for (const auto& [dot, entry] : oracle_.writes) {
      if (entry.key != key) continue;
      EXPECT_EQ(document.context.Covers(dot), sets.seen.contains(dot)) << ToString(dot);
      const bool held = document.Find(dot) != nullptr;
      const bool overwritten = oracle_.overwritten.contains(dot);
      if (document.context.Covers(dot)) {
        EXPECT_TRUE(held || overwritten);
      }
      if (!real_[at]->clock().Contains(dot)) continue;
      EXPECT_TRUE(held || overwritten) << "J1: " << ToString(dot) << " is in the clock and gone";
      for (const Dot& victim : entry.covered) {
        EXPECT_EQ(document.Find(victim), nullptr)
            << "J1: " << ToString(victim) << " is overwritten";
        EXPECT_TRUE(document.context.Covers(victim)) << "J2: " << ToString(victim);
      }
    }
  }

  std::mt19937 random_;
  Oracle oracle_;
  std::vector<std::unique_ptr<StoredReplica>> real_;
  std::vector<std::unique_ptr<ModelReplica>> model_;
  std::vector<std::vector<Shipped>> inbox_;
  std::vector<Kept> kept_;
  uint64_t next_origin_ = 1;
  uint64_t next_ticket_ = 1;
};

TEST(ReplicaRandom, EveryStepAgreesWithTheSetsOfWrites) {
  size_t writes = 0;
  for (uint32_t seed = 1; seed <= 250 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Trial trial(seed);
    trial.Play(120);
    trial.ExchangeAll();
    trial.CheckConverged();
    writes += trial.writes();
  }
  EXPECT_GT(writes, 5000u);
}

TEST(ReplicaRandom, OneReplicaIsAMap) {
  std::mt19937 random(1);
  StoredReplica replica(1);
  std::map<DocumentKey, std::string> model;
  for (int i = 0; i < 5000; ++i) {
    const DocumentKey key{"c", absl::StrCat(random() % 40)};
    const std::string body = random() % 4 == 0 ? "" : absl::StrCat(random());
    ClientWrite write = MakeWrite(key, body);
    if (random() % 4 == 0) write.guard = Guard::kIfAbsent;
    const bool refused = write.guard == Guard::kIfAbsent ? model.contains(key)
                                                         : body.empty() && !model.contains(key);
    EXPECT_EQ(replica.Write(write).verdict != WriteVerdict::kApplied, refused);
    if (!refused) {
      model.erase(key);
      if (!body.empty()) model[key] = body;
    }
    if (i % 500 == 0) replica.Restart(2 + i);
  }
  uint64_t bytes = 0;
  for (const auto& [key, document] : replica.documents()) {
    ASSERT_EQ(document.versions.size(), 1u);
    EXPECT_EQ(document.live(), model.contains(key));
    if (document.live()) {
      EXPECT_EQ(*document.winner()->body, model.at(key));
    }
    bytes += document.body_bytes();
  }
  EXPECT_EQ(replica.collections().at("c"), (CollectionRow{"c", model.size(), 0, bytes}));
}

}  // namespace
}  // namespace docstore::core
