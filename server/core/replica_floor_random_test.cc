// Replicas with floors and repairs under random writes, restarts and a network that loses, repeats
// and reorders, against a model that knows every write ever made. Floors are arbitrary: whatever a
// node believes of the others, nothing may be lost and nothing come back.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/floor.h"
#include "server/core/replica.h"
#include "server/core/replica_testing.h"
#include "server/core/token.h"

namespace docstore::core {
namespace {

// Every write ever made: its key, and the versions that it replaced or its token named.
struct Oracle {
  struct Entry {
    DocumentKey key;
    bool deleted = false;
    std::vector<Dot> covered;
  };
  std::map<Dot, Entry> writes;
  std::set<Dot> overwritten;

  std::map<DocumentKey, std::set<Dot>> Survivors() const {
    std::map<DocumentKey, std::set<Dot>> survivors;
    for (const auto& [dot, entry] : writes) {
      if (!overwritten.contains(dot) && !entry.deleted) survivors[entry.key].insert(dot);
    }
    return survivors;
  }
};

class Trial {
 public:
  explicit Trial(uint32_t seed) : random_(seed) {
    const size_t replicas = 2 + Below(3);
    for (size_t i = 0; i < replicas; ++i) {
      replicas_.push_back(std::make_unique<StoredReplica>(next_origin_++));
    }
    for (size_t i = 0, keys = 1 + Below(4); i < keys; ++i) {
      keys_.push_back({i % 2 == 0 ? "c" : "d", absl::StrCat("k", i)});
    }
    std::sort(keys_.begin(), keys_.end());
    // Swarm: each trial has its own mix of what happens.
    for (size_t& weight : weights_) weight = std::vector<size_t>{0, 1, 5, 15}[Below(4)];
    weights_[0] += 3;  // something is written
    loss_ = Below(60);
    repetition_ = Below(60);
  }

  void Play(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      Happen(Below(replicas_.size()));
      if (i % 4 == 0) CheckAll();
    }
  }

  // No more writes, losses or restarts: everybody exchanges, and is repaired by the rule that nodes
  // obey, until all know the same.
  void Heal() {
    weights_ = {};
    loss_ = repetition_ = 0;
    inbox_.clear();
    for (int round = 0; round < 40; ++round) {
      const bool moved = ExchangeAll();
      CheckAll();
      if (testing::Test::HasFailure() || Converged()) break;
      if (!moved) RepairByTrigger();
    }
  }

  void CheckConverged() {
    const std::map<DocumentKey, std::set<Dot>> survivors = oracle_.Survivors();
    for (const auto& replica : replicas_) {
      EXPECT_EQ(replica->clock().ToString(), replicas_[0]->clock().ToString());
      EXPECT_EQ(replica->clock().CountDots(), oracle_.writes.size());
      EXPECT_EQ(LiveDots(*replica), survivors);
    }
  }

  // Everybody has everything: the floor takes all that is left of the past.
  void CheckReclaimed() {
    for (const auto& replica : replicas_) {
      replica->RaiseFloor(BaseOf(replica->clock()));
      replica->StripAll();
      EXPECT_TRUE(replica->dots().empty());
      for (const auto& [key, document] : replica->documents()) {
        EXPECT_TRUE(document.context.empty()) << Show(document);
        for (const Version& version : document.versions) EXPECT_FALSE(version.deleted);
      }
      EXPECT_EQ(replica->documents(), replicas_[0]->documents());
      CheckTotals(*replica);
    }
    CheckConverged();
  }

  size_t writes() const { return oracle_.writes.size(); }
  size_t repairs() const { return repairs_; }
  size_t rejected() const { return rejected_; }

 private:
  struct Message {
    size_t to;
    Event event;
  };

  size_t Below(size_t limit) { return random_() % limit; }
  bool Chance(size_t percent) { return Below(100) < percent; }

  void Happen(size_t at) {
    size_t total = 0;
    for (const size_t weight : weights_) total += weight;
    size_t drawn = Below(total);
    size_t what = 0;
    while (drawn >= weights_[what]) drawn -= weights_[what++];
    switch (what) {
      case 0:
        return Write(at);
      case 1:
        return Remember(at);
      case 2:
        return Deliver();
      case 3:
        return Send(at, Below(replicas_.size()), 1 + Below(4));
      case 4:
        return RaiseFloor(at);
      case 5:
        return StripSome(at);
      case 6:
        return SendChunk(at, Below(replicas_.size()));
      default:
        replicas_[at]->Restart(next_origin_++);
    }
  }

  void Write(size_t at) {
    StoredReplica& replica = *replicas_[at];
    const std::string body = Chance(25) ? "" : absl::StrCat("{", Below(50), "}");
    ClientWrite write = MakeWrite(keys_[Below(keys_.size())], body);
    if (!kept_.empty() && Chance(50)) {
      const auto& [key, token] = kept_[Below(kept_.size())];
      write = MakeWrite(key, body, Chance(30) ? Guard::kIfVersion : Guard::kContext, token);
    } else if (Chance(20)) {
      write.guard = Guard::kIfAbsent;
    }
    const Document before = replica.document(write.key);
    const bool repairing = replica.replica().repair().has_value();
    const WriteResult result = replica.Write(write);
    EXPECT_EQ(result.verdict == WriteVerdict::kRepairing, repairing);
    if (result.verdict != WriteVerdict::kApplied) return;
    Oracle::Entry entry{write.key, write.deleted, before.dots()};
    if (write.guard == Guard::kContext || write.guard == Guard::kIfVersion) {
      const auto* const version = std::get_if<VersionToken>(&write.token);
      if (version == nullptr) {
        entry.covered = std::get<ResolveToken>(write.token).dots;
      } else if (before.Find(version->dot) != nullptr) {
        entry.covered = {version->dot};
      } else {
        entry.covered.clear();
      }
    }
    oracle_.overwritten.insert(entry.covered.begin(), entry.covered.end());
    oracle_.writes[result.version.dot] = std::move(entry);
  }

  void Remember(size_t at) {
    const DocumentKey& key = keys_[Below(keys_.size())];
    const Document& document = replicas_[at]->document(key);
    if (document.versions.empty() || Chance(50)) {
      kept_.push_back({key, ResolveTokenOf(document)});
    } else {
      const Version& version = document.versions[Below(document.versions.size())];
      kept_.push_back({key, VersionToken{version.dot, version.hlc}});
    }
    if (kept_.size() > 12) kept_.erase(kept_.begin());
  }

  // Hands over any message under way; it may stay and come again.
  void Deliver() {
    if (inbox_.empty()) return;
    const size_t any = Below(inbox_.size());
    const Message message = inbox_[any];
    if (!Chance(repetition_)) inbox_.erase(inbox_.begin() + any);
    if (!Chance(loss_)) Receive(message.to, message.event);
  }

  void Receive(size_t to, const Event& event) {
    StoredReplica& replica = *replicas_[to];
    const Clock clock = replica.clock();
    const bool repairing = replica.replica().repair().has_value();
    const Effects effects = replica.Step({event});
    rejected_ += effects.rejected.size();
    for (const PeerRejected& rejected : effects.rejected) replica.Step({LinkEnded{rejected.link}});
    EXPECT_EQ(effects.applied.size() + effects.rejected.size(), 1u);
    EXPECT_EQ(effects.clock_changed, replica.clock() != clock);
    EXPECT_TRUE(replica.clock().Covers(clock));
    if (repairing && !replica.replica().repair().has_value()) ++repairs_;
  }

  // Ships up to `dots` of what `to` lacks, a key at a time, each on a link of its own.
  void Send(size_t from, size_t to, size_t dots) {
    if (from == to) return;
    const StoredReplica& source = *replicas_[from];
    Clock asked;
    for (const auto& [dot, key] : source.dots()) {
      if (dots > 0 && !replicas_[to]->clock().Contains(dot) && Chance(60)) {
        asked.Add(dot);
        --dots;
      }
    }
    for (const DocumentKey& key : keys_) {
      RemoteDocument remote = source.Ship(key, asked);
      if (remote.resolved.empty() && !Chance(10)) continue;
      if (Chance(20)) remote.resolved.clear();  // only carried
      inbox_.push_back({to, source.Frame({std::move(remote)}, next_link_++)});
    }
  }

  void RaiseFloor(size_t at) {
    Floor floor = BaseOf(replicas_[at]->clock());
    if (Chance(50)) {
      std::vector<Dot> lower = floor.entries();
      for (Dot& dot : lower) dot.seq = Below(dot.seq + 1);
      floor = Floor(lower);
    }
    replicas_[at]->RaiseFloor(floor);
  }

  // As the background does, in no particular order and never all.
  void StripSome(size_t at) {
    StripRows strip;
    for (const auto& [dot, key] : replicas_[at]->dots()) {
      if (Chance(50)) strip.dots.push_back({dot, key});
    }
    for (const DocumentKey& key : keys_) {
      if (Chance(30)) strip.keys.push_back(key);
    }
    replicas_[at]->Step({std::move(strip)});
  }

  // The next part of the repair that `to` is in, or the first of a new one.
  RepairChunk NextChunk(size_t to, size_t from) {
    KeyRange range;
    const std::optional<RepairProgress>& repair = replicas_[to]->replica().repair();
    if (repair.has_value()) range.after = repair->through;
    const DocumentKey& through = keys_[Below(keys_.size())];
    if (range.after < through && Chance(60)) range.through = through;
    return replicas_[from]->Chunk(range);
  }
  void SendChunk(size_t to, size_t from) {
    if (to == from) return;
    const Event chunk = NextChunk(to, from);
    inbox_.push_back({to, chunk});
  }

  bool Repairing(size_t at) const { return replicas_[at]->replica().repair().has_value(); }
  bool Refuses(size_t from, size_t to) const {
    return !CoversFloor(replicas_[to]->clock(), replicas_[from]->replica().floor());
  }
  bool Serves(size_t from, size_t to) const {
    return !Repairing(from) && !Repairing(to) && !Refuses(from, to);
  }

  // Every pair that can: `to` gets all that `from` has and it lacks. True when anybody learnt.
  bool ExchangeAll() {
    bool moved = false;
    for (size_t from = 0; from < replicas_.size(); ++from) {
      for (size_t to = 0; to < replicas_.size(); ++to) {
        if (from == to || !Serves(from, to)) continue;
        const Clock missing(replicas_[from]->clock().Minus(replicas_[to]->clock()));
        std::vector<RemoteDocument> documents;
        for (const DocumentKey& key : keys_) {
          RemoteDocument remote = replicas_[from]->Ship(key, missing);
          if (Clock(remote.resolved).Minus(replicas_[to]->clock()).empty()) continue;
          documents.push_back(std::move(remote));
        }
        if (documents.empty()) continue;
        Receive(to, replicas_[from]->Frame(std::move(documents), next_link_++));
        moved = true;
      }
    }
    return moved;
  }

  // `from` has a dot that `to` lacks, and nobody who serves `to` has it.
  bool Needs(size_t to, size_t from) const {
    Clock served = replicas_[to]->clock();
    for (size_t other = 0; other < replicas_.size(); ++other) {
      if (other != to && Serves(other, to)) served.Add(replicas_[other]->clock());
    }
    return !served.Covers(replicas_[from]->clock());
  }

  // The source that the node's rule has `to` repaired from.
  std::optional<size_t> SourceFor(size_t to) const {
    std::optional<size_t> source;
    for (size_t from = 0; from < replicas_.size(); ++from) {
      if (from == to) continue;
      if (Repairing(to)) {
        // Goes on with anybody, best with one that is not being repaired itself.
        if (!source.has_value() || !Repairing(from)) source = from;
        continue;
      }
      // Of two that refuse each other the lower one goes first.
      const bool mutual = Refuses(to, from) && Needs(from, to);
      if (!Repairing(from) && Refuses(from, to) && Needs(to, from) && (!mutual || to < from)) {
        return from;
      }
    }
    return source;
  }

  void RepairByTrigger() {
    for (size_t to = 0; to < replicas_.size(); ++to) {
      const std::optional<size_t> from = SourceFor(to);
      if (!from.has_value()) continue;
      do {
        Receive(to, NextChunk(to, *from));
      } while (Repairing(to) && !testing::Test::HasFailure());
      return;
    }
    ADD_FAILURE() << "nobody learns and nobody is repaired";
  }

  bool Converged() const {
    return std::all_of(replicas_.begin(), replicas_.end(), [this](const auto& replica) {
      return replica->clock() == replicas_[0]->clock() && !replica->replica().repair().has_value();
    });
  }

  std::map<DocumentKey, std::set<Dot>> LiveDots(const StoredReplica& replica) const {
    std::map<DocumentKey, std::set<Dot>> live;
    for (const auto& [key, document] : replica.documents()) {
      for (const Version& version : document.versions) {
        if (!version.deleted) live[key].insert(version.dot);
      }
    }
    return live;
  }

  void CheckAll() {
    for (const auto& replica : replicas_) {
      for (const auto& [dot, key] : replica->dots()) {
        EXPECT_TRUE(replica->clock().Contains(dot)) << ToString(dot);
        EXPECT_EQ(oracle_.writes.at(dot).key, key);
      }
      EXPECT_TRUE(CoversFloor(replica->clock(), replica->replica().floor()));
      for (const auto& [dot, entry] : oracle_.writes) CheckWrite(*replica, dot, entry);
      CheckTotals(*replica);
    }
  }

  void CheckWrite(const StoredReplica& replica, const Dot& dot, const Oracle::Entry& entry) {
    const Document& document = replica.document(entry.key);
    const bool below = replica.replica().floor().Covers(dot);
    if (!replica.clock().Contains(dot)) return;
    EXPECT_TRUE(below || replica.dots().contains(dot)) << ToString(dot) << " is not in the index";
    // A tombstone may have gone with a peer's whose floor has passed it: the context stands for it.
    EXPECT_TRUE(document.Find(dot) != nullptr || oracle_.overwritten.contains(dot) ||
                (entry.deleted && (below || document.context.Covers(dot))))
        << "J1: " << ToString(dot) << " is in the clock and gone";
    for (const Dot& victim : entry.covered) {
      EXPECT_EQ(document.Find(victim), nullptr)
          << "J1: " << ToString(dot) << " has overwritten " << ToString(victim);
      EXPECT_TRUE(below || document.context.Covers(victim))
          << "J2: " << ToString(victim) << ", which " << ToString(dot) << " has overwritten";
    }
  }

  void CheckTotals(const StoredReplica& replica) const {
    std::map<std::string, CollectionRow> counted;
    for (const DocumentKey& key : keys_) {
      const Document& document = replica.document(key);
      CollectionRow& row = counted[key.collection];
      row.name = key.collection;
      row.documents += document.live() ? 1 : 0;
      row.conflicts += document.conflicted() ? 1 : 0;
      row.body_bytes += document.body_bytes();
    }
    for (const auto& [name, row] : replica.collections()) EXPECT_EQ(row, counted[name]);
  }

  std::mt19937 random_;
  Oracle oracle_;
  std::vector<std::unique_ptr<StoredReplica>> replicas_;
  std::vector<DocumentKey> keys_;
  std::vector<size_t> weights_ = std::vector<size_t>(8);
  size_t loss_ = 0;        // per cent
  size_t repetition_ = 0;  // per cent
  std::vector<Message> inbox_;
  std::vector<std::pair<DocumentKey, Token>> kept_;
  uint64_t next_origin_ = 1;
  uint64_t next_link_ = 1;
  size_t repairs_ = 0;
  size_t rejected_ = 0;
};

TEST(ReplicaFloorRandom, NothingIsLostAndNothingComesBack) {
  size_t writes = 0;
  size_t repairs = 0;
  size_t rejected = 0;
  for (uint32_t seed = 1; seed <= 3000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Trial trial(seed);
    trial.Play(seed % 3 == 0 ? 160 : 60);
    trial.Heal();
    if (testing::Test::HasFailure()) break;
    trial.CheckConverged();
    trial.CheckReclaimed();
    writes += trial.writes();
    repairs += trial.repairs();
    rejected += trial.rejected();
  }
  // All of it happened, and often.
  EXPECT_GT(writes, 30'000u);
  EXPECT_GT(repairs, 1'000u);
  EXPECT_GT(rejected, 1'000u);
}

}  // namespace
}  // namespace docstore::core
