#include "server/core/document.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/hash.h"

namespace docstore::core {
namespace {

// Merge with a peer that has no floor.
Document MergeStates(const Document& local, const Document& remote, const Clock& clock) {
  return Merge(local, remote, clock, [](const Dot&) { return false; });
}

constexpr Origin kA{0xa};
constexpr Origin kB{0xb};
constexpr Origin kC{0xc};

Version Live(const Dot& dot, uint64_t hlc, const std::string& body) {
  Version version{.dot = dot, .hlc = hlc, .deleted = false, .hash = HashBytes128(body)};
  version.body = std::make_shared<const std::string>(body);
  return version;
}

Version Tombstone(const Dot& dot, uint64_t hlc) {
  return {.dot = dot, .hlc = hlc, .deleted = true};
}

Document First(const Version& version) { return ReplaceCovered({}, {}, version); }

TEST(Document, IsEmptyWithoutVersionsAndContext) {
  const Document document;
  EXPECT_TRUE(document.empty());
  EXPECT_EQ(document.winner(), nullptr);
  EXPECT_FALSE(document.live());
  EXPECT_FALSE(document.conflicted());
  EXPECT_EQ(document.max_hlc(), 0u);
  EXPECT_EQ(document.ToString(), "{} ctx {}");
}

TEST(Document, ShowsLiveBeforeTombstoneThenTimeThenDot) {
  EXPECT_TRUE(WinsOver(Live({kA, 1}, 1, "x"), Tombstone({kB, 9}, 9)));
  EXPECT_TRUE(WinsOver(Live({kA, 1}, 2, "x"), Live({kB, 9}, 1, "y")));
  EXPECT_TRUE(WinsOver(Live({kB, 1}, 2, "x"), Live({kA, 9}, 2, "y")));
  EXPECT_TRUE(WinsOver(Live({kA, 2}, 2, "x"), Live({kA, 1}, 2, "y")));
  EXPECT_FALSE(WinsOver(Live({kA, 2}, 2, "x"), Live({kA, 2}, 2, "x")));
  Document document;
  document.versions = {Live({kA, 1}, 5, "1"), Tombstone({kA, 2}, 9), Live({kB, 1}, 7, "2"),
                       Tombstone({kC, 1}, 8)};
  std::string shown;
  for (const Version* version : document.Shown()) {
    absl::StrAppend(&shown, ToString(version->dot), " ");
  }
  // The second tombstone is shown like the first.
  EXPECT_EQ(shown, "b:1 a:1 a:2 ");
  EXPECT_EQ(document.winner()->dot, (Dot{kB, 1}));
  EXPECT_TRUE(document.live());
  EXPECT_EQ(document.max_hlc(), 9u);
  EXPECT_EQ(document.body_bytes(), 2u);
  EXPECT_EQ(document.dots().size(), 4u);
}

TEST(Document, CollapsesVersionsOfEqualBody) {
  Document document;
  document.versions = {Live({kA, 1}, 5, "same"), Live({kB, 1}, 7, "same")};
  ASSERT_EQ(document.Shown().size(), 1u);
  EXPECT_EQ(document.Shown()[0]->dot, (Dot{kB, 1}));
  EXPECT_FALSE(document.conflicted());
  document.versions.push_back(Live({kC, 1}, 6, "other"));
  EXPECT_EQ(document.Shown().size(), 2u);
  EXPECT_TRUE(document.conflicted());
}

TEST(Document, OnlyTombstonesAreNoConflict) {
  Document document;
  document.versions = {Tombstone({kA, 1}, 5), Tombstone({kB, 1}, 7)};
  EXPECT_FALSE(document.live());
  EXPECT_FALSE(document.conflicted());
}

TEST(Document, ReplaceOneLeavesTheOtherSiblings) {
  Document document;
  document.versions = {Live({kA, 1}, 1, "1"), Live({kB, 1}, 2, "2")};
  document.context = VersionVector({{kA, 1}, {kB, 1}});
  EXPECT_EQ(ReplaceOne(document, {kB, 1}, Live({kA, 2}, 3, "3")).ToString(),
            "{a:1@1 a:2@3} ctx {a:2 b:1}");
}

TEST(Document, ReplacingInAStrippedDocumentRemembersWhatWasThere) {
  Document document;
  document.versions = {Live({kA, 1}, 1, "1"), Live({kB, 1}, 2, "2")};
  EXPECT_EQ(ReplaceOne(document, {kB, 1}, Live({kC, 2}, 3, "3")).ToString(),
            "{a:1@1 c:2@3} ctx {a:1 b:1 c:2}");
  EXPECT_EQ(ReplaceCovered(document, {}, Live({kC, 2}, 3, "3")).ToString(),
            "{a:1@1 b:1@2 c:2@3} ctx {a:1 b:1 c:2}");
}

TEST(Document, MergeDropsWhatThePeerHasSeenGoWhateverItsContext) {
  const Document local = First(Live({kA, 1}, 1, "1"));
  const Document stripped{.versions = {Live({kB, 1}, 2, "2")}};
  const auto upto = [](uint64_t seq) { return [seq](const Dot& dot) { return dot.seq <= seq; }; };
  EXPECT_EQ(Merge(local, stripped, Clock(), upto(0)).ToString(), "{a:1@1 b:1@2} ctx {a:1 b:1}");
  EXPECT_EQ(Merge(local, stripped, Clock(), upto(1)).ToString(), "{b:1@2} ctx {a:1 b:1}");
  EXPECT_EQ(Merge(stripped, {}, Clock(), upto(1)).ToString(), "{} ctx {}");
  // What both hold was not overwritten, however much the peer has seen.
  EXPECT_EQ(Merge(local, local, Clock(), upto(1)), local);
}

// PROTOCOL.md, worked examples: the numbers are theirs.

TEST(Document, Example1ConcurrentWritesBecomeSiblings) {
  const Document base = First(Live({kA, 1}, 1, "v1"));
  const Document at_b = ReplaceCovered(base, base.context, Live({kB, 1}, 2, "v2"));
  const Document at_c = ReplaceCovered(base, base.context, Live({kC, 1}, 3, "v3"));
  EXPECT_EQ(at_b.ToString(), "{b:1@2} ctx {a:1 b:1}");
  EXPECT_EQ(at_c.ToString(), "{c:1@3} ctx {a:1 c:1}");
  Clock clock({{kA, 1, 1}});
  Document at_a = MergeStates(base, at_b, clock);
  EXPECT_EQ(at_a.ToString(), "{b:1@2} ctx {a:1 b:1}");
  clock.Add(Dot{kB, 1});
  at_a = MergeStates(at_a, at_c, clock);
  clock.Add(Dot{kC, 1});
  EXPECT_EQ(at_a.ToString(), "{b:1@2 c:1@3} ctx {a:1 b:1 c:1}");
  // The other order.
  EXPECT_EQ(MergeStates(MergeStates(base, at_c, Clock({{kA, 1, 1}})), at_b,
                        Clock({{kA, 1, 1}, {kC, 1, 1}})),
            at_a);
  const Document resolved = ReplaceCovered(at_a, at_a.context, Live({kA, 2}, 4, "v4"));
  clock.Add(Dot{kA, 2});
  EXPECT_EQ(resolved.ToString(), "{a:2@4} ctx {a:2 b:1 c:1}");
  // A late copy of B's state changes nothing.
  EXPECT_EQ(MergeStates(resolved, at_b, clock), resolved);
}

TEST(Document, Example2DeleteLosesToAWriteItHadNotSeen) {
  const Document base = First(Live({kA, 1}, 1, "v1"));
  const Document deleted = ReplaceCovered(base, base.context, Tombstone({kB, 1}, 9));
  const Document written = ReplaceCovered(base, base.context, Live({kC, 1}, 3, "v3"));
  EXPECT_EQ(deleted.ToString(), "{b:1@9+} ctx {a:1 b:1}");
  const Document merged = MergeStates(deleted, written, Clock({{kA, 1, 1}, {kB, 1, 1}}));
  EXPECT_EQ(merged.ToString(), "{b:1@9+ c:1@3} ctx {a:1 b:1 c:1}");
  EXPECT_EQ(merged.winner()->dot, (Dot{kC, 1}));
  // Without the write, a delayed copy of what was deleted does not come back.
  EXPECT_EQ(MergeStates(deleted, base, Clock({{kA, 1, 1}, {kB, 1, 1}})), deleted);
}

TEST(Document, Example5StaleContextMakesASibling) {
  const Document base = First(Live({kA, 1}, 1, "v1"));
  const Document now = ReplaceCovered(base, base.context, Live({kB, 2}, 2, "v2"));
  const Document after = ReplaceCovered(now, base.context, Live({kC, 1}, 3, "v3"));
  EXPECT_EQ(after.ToString(), "{b:2@2 c:1@3} ctx {a:1 b:2 c:1}");
}

TEST(Document, VersionDroppedHereStaysDropped) {
  // The clock alone tells: the record itself is gone.
  const Document late = First(Live({kA, 1}, 1, "v1"));
  EXPECT_EQ(MergeStates({}, late, Clock({{kA, 1, 1}})).versions.size(), 0u);
  EXPECT_EQ(MergeStates({}, late, Clock()), late);
}

// One key on several nodes that write, read from each other's clients and exchange whole states in
// any order, against an oracle that knows every write and what it overwrote.
class History {
 public:
  static constexpr size_t kNodes = 4;

  explicit History(uint64_t seed) : random_(seed) {}

  void RandomStep() {
    switch (random_() % 5) {
      case 0:
        return WriteOverContext();
      case 1:
        return WriteOverVersion();
      default:
        return Ship(random_() % kNodes, random_() % kNodes, /*everything=*/random_() % 2 == 0);
    }
  }

  void Ship(size_t from, size_t to, bool everything) {
    if (from == to) return;
    const Document before = documents_[to];
    documents_[to] = MergeStates(before, documents_[from], clocks_[to]);
    // Resolved: what the state holds, and of what it superseded all or only some.
    for (const Dot& dot : documents_[from].dots()) clocks_[to].Add(dot);
    for (const auto& [dot, overwrites] : writes_) {
      if (clocks_[from].Contains(dot) && (everything || random_() % 2 == 0)) clocks_[to].Add(dot);
    }
    EXPECT_EQ(MergeStates(documents_[to], documents_[from], clocks_[to]), documents_[to])
        << "repeated";
  }

  // Merge's laws, over the states that three nodes hold now.
  void CheckLaws() {
    const size_t a = random_() % kNodes, b = random_() % kNodes, c = random_() % kNodes;
    const Document ab = MergeStates(documents_[a], documents_[b], clocks_[a]);
    EXPECT_EQ(MergeStates(documents_[b], documents_[a], clocks_[b]), ab) << "not commutative";
    EXPECT_EQ(MergeStates(documents_[a], documents_[a], clocks_[a]), documents_[a])
        << "not idempotent";
    Clock clock_ab = clocks_[a];
    for (const Dot& dot : documents_[b].dots()) clock_ab.Add(dot);
    const Document bc = MergeStates(documents_[b], documents_[c], clocks_[b]);
    EXPECT_EQ(MergeStates(ab, documents_[c], clock_ab), MergeStates(documents_[a], bc, clocks_[a]))
        << "not associative";
  }

  // J1: nothing that a known write overwrote is held, and a known write is held or overwritten.
  void CheckInvariants() {
    for (size_t node = 0; node < kNodes; ++node) {
      const Document& document = documents_[node];
      for (const auto& [dot, overwrites] : writes_) {
        if (!clocks_[node].Contains(dot)) continue;
        for (const Dot& victim : overwrites) EXPECT_EQ(document.Find(victim), nullptr);
        if (document.Find(dot) == nullptr) {
          EXPECT_TRUE(Overwritten(dot)) << "lost " << ToString(dot);
        }
      }
      for (const Version& version : document.versions) {
        EXPECT_TRUE(document.context.Covers(version.dot));
      }
      EXPECT_TRUE(std::is_sorted(document.versions.begin(), document.versions.end(),
                                 [](const Version& x, const Version& y) { return x.dot < y.dot; }));
    }
  }

  // When all have heard of all, every node holds exactly the writes that none overwrote.
  void CheckConvergence() {
    for (size_t round = 0; round < 2; ++round) {
      for (size_t from = 0; from < kNodes; ++from) {
        for (size_t to = 0; to < kNodes; ++to) Ship(from, to, /*everything=*/true);
      }
    }
    std::vector<Dot> standing;
    for (const auto& [dot, overwrites] : writes_) {
      if (!Overwritten(dot)) standing.push_back(dot);
    }
    for (size_t node = 0; node < kNodes; ++node) {
      EXPECT_EQ(documents_[node].dots(), standing) << "node " << node;
      EXPECT_EQ(documents_[node], documents_[0]);
      EXPECT_EQ(clocks_[node], clocks_[0]);
    }
  }

 private:
  bool Overwritten(const Dot& dot) const {
    return std::any_of(writes_.begin(), writes_.end(), [&](const auto& write) {
      return std::find(write.second.begin(), write.second.end(), dot) != write.second.end();
    });
  }

  Version NewVersion(size_t node) {
    const Dot dot{Origin{node + 1}, ++seqs_[node]};
    const uint64_t hlc = random_() % 8;
    return random_() % 4 == 0 ? Tombstone(dot, hlc) : Live(dot, hlc, absl::StrCat(random_() % 3));
  }

  // With the context that a client read here, elsewhere, long ago or not at all.
  void WriteOverContext() {
    const size_t node = random_() % kNodes;
    contexts_.push_back(documents_[random_() % kNodes].context);
    const VersionVector context = contexts_[random_() % contexts_.size()];
    const Version version = NewVersion(node);
    std::vector<Dot> overwrites;
    for (const auto& [dot, older] : writes_) {
      if (context.Covers(dot)) overwrites.push_back(dot);
    }
    documents_[node] = ReplaceCovered(documents_[node], context, version);
    Record(node, version.dot, overwrites);
  }

  void WriteOverVersion() {
    const size_t node = random_() % kNodes;
    if (documents_[node].versions.empty()) return;
    const Dot replaced = documents_[node].winner()->dot;
    const Version version = NewVersion(node);
    documents_[node] = ReplaceOne(documents_[node], replaced, version);
    Record(node, version.dot, {replaced});
  }

  void Record(size_t node, const Dot& dot, std::vector<Dot> overwrites) {
    writes_[dot] = std::move(overwrites);
    clocks_[node].Add(dot);
  }

  std::mt19937_64 random_;
  std::array<Document, kNodes> documents_;
  std::array<Clock, kNodes> clocks_;
  std::array<uint64_t, kNodes> seqs_{};
  std::map<Dot, std::vector<Dot>> writes_;  // and what each overwrote
  std::vector<VersionVector> contexts_ = {VersionVector()};
};

TEST(Document, RandomHistoriesConvergeAndLoseNothing) {
  for (uint64_t seed = 1; seed <= 1500; ++seed) {
    History history(seed);
    for (int step = 0; step < 30; ++step) {
      history.RandomStep();
      history.CheckLaws();
      history.CheckInvariants();
    }
    history.CheckConvergence();
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace docstore::core
