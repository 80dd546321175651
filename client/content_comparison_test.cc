#include "client/content_comparison.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/dot_set.h"
#include "gtest/gtest.h"

namespace docstore::client {
namespace {

const DocumentKey kKey{"c", "id"};
constexpr uint64_t kA = 0xa, kB = 0xb;

ContentVersion Live(uint64_t origin, uint64_t seq) {
  return {.dot = {origin, seq}, .timestamp = seq, .hash_low = 100 * origin + seq};
}

ContentVersion Tombstone(uint64_t origin, uint64_t seq) {
  return {.dot = {origin, seq}, .timestamp = seq, .deleted = true};
}

// A node that has seen the first `a` writes of a and `b` of b.
NodeContent NodeOf(const std::string& name, uint64_t a, uint64_t b,
                   const std::vector<ContentVersion>& versions) {
  NodeContent content{.node = name};
  if (a > 0) content.clock.Add(kA, 1, a);
  if (b > 0) content.clock.Add(kB, 1, b);
  if (!versions.empty()) content.documents[kKey] = versions;
  return content;
}

// "equal", "under way" or the findings.
std::string Judged(const std::vector<NodeContent>& nodes) {
  const Verdict verdict = Judge(nodes, kKey);
  if (!verdict.findings.empty()) return ToString(verdict.findings);
  return verdict.equal ? "equal" : "under way";
}

TEST(Judge, FindsEqualWhatHasTheSameLiveVersions) {
  EXPECT_EQ(Judged({NodeOf("n1", 3, 0, {}), NodeOf("n2", 3, 0, {})}), "equal");
  EXPECT_EQ(Judged({NodeOf("n1", 3, 1, {Live(kA, 1), Live(kB, 1)}),
                    NodeOf("n2", 3, 1, {Live(kA, 1), Live(kB, 1)})}),
            "equal");
}

TEST(Judge, LeavesDeletesOutThatOneNodeHasReclaimed) {
  EXPECT_EQ(Judged({NodeOf("n1", 3, 1, {Tombstone(kA, 3)}), NodeOf("n2", 3, 1, {})}), "equal");
  EXPECT_EQ(Judged({NodeOf("n1", 3, 1, {Live(kA, 1), Tombstone(kB, 1)}),
                    NodeOf("n2", 3, 1, {Live(kA, 1)})}),
            "equal");
}

TEST(Judge, TakesAWriteTheOtherHasNotSeenForUnderWay) {
  EXPECT_EQ(Judged({NodeOf("n1", 3, 0, {Live(kA, 3)}), NodeOf("n2", 2, 0, {})}), "under way");
  EXPECT_EQ(Judged({NodeOf("n1", 3, 0, {Live(kA, 3)}), NodeOf("n2", 2, 0, {Live(kA, 1)})}),
            "under way");
}

TEST(Judge, TakesWhatTheOtherHasReplacedUnseenForUnderWay) {
  EXPECT_EQ(Judged({NodeOf("n1", 3, 0, {Live(kA, 3)}), NodeOf("n2", 3, 1, {Live(kB, 1)})}),
            "under way");
  EXPECT_EQ(Judged({NodeOf("n1", 3, 0, {Live(kA, 3)}), NodeOf("n2", 3, 1, {Tombstone(kB, 1)})}),
            "under way");
}

TEST(Judge, NamesTheNodeThatLostAWriteItHasSeen) {
  EXPECT_EQ(Judged({NodeOf("n1", 3, 0, {Live(kA, 3)}), NodeOf("n2", 4, 0, {})}), "n2 lacks a:3");
  EXPECT_EQ(Judged({NodeOf("n1", 3, 0, {Live(kA, 3)}), NodeOf("n2", 3, 0, {}),
                    NodeOf("n3", 3, 0, {Live(kA, 3)})}),
            "n2 lacks a:3");
  // What n2 holds is known to n1: it did not replace the other there.
  EXPECT_EQ(
      Judged({NodeOf("n1", 3, 1, {Live(kA, 3), Live(kB, 1)}), NodeOf("n2", 4, 1, {Live(kB, 1)})}),
      "n2 lacks a:3");
}

TEST(Judge, FindsAnyDifferenceOfEqualClocks) {
  // Nobody has seen b:9.
  EXPECT_EQ(Judged({NodeOf("n1", 3, 0, {Live(kB, 9)}), NodeOf("n2", 3, 0, {})}), "n2 lacks b:9");
  EXPECT_EQ(Judged({NodeOf("n1", 3, 0, {Live(kB, 9)}), NodeOf("n2", 4, 0, {})}), "under way");
}

TEST(Judge, FindsOneNameOfTwoWrites) {
  for (int what = 0; what < 5; ++what) {
    ContentVersion other = Live(kA, 1);
    if (what == 0) other.hash_low ^= 1;
    if (what == 1) other.hash_high ^= 1;
    if (what == 2) other.timestamp += 1;
    if (what == 3) other = Tombstone(kA, 1);
    if (what == 4) other.deleted = true;
    EXPECT_EQ(Judged({NodeOf("n1", 1, 0, {Live(kA, 1)}), NodeOf("n2", 2, 0, {other})}),
              "nodes hold different versions as a:1")
        << what;
  }
}

TEST(Judge, NamesTheNodeWhoseBytesDoNotHaveTheirHash) {
  ContentVersion damaged = Live(kA, 1);
  damaged.damaged = true;
  EXPECT_EQ(Judged({NodeOf("n1", 1, 0, {Live(kA, 1)}), NodeOf("n2", 1, 0, {damaged})}),
            "at n2 the body of a:1 does not match its hash");
  EXPECT_EQ(Judged({NodeOf("n2", 1, 0, {damaged})}),
            "at n2 the body of a:1 does not match its hash");
}

// The trivial model of a cluster: writes, each with all that its writer had seen, in any order at
// any node. A node holds the writes it has that none of its others has seen.
struct ModelWrite {
  ContentVersion version;
  std::set<size_t> seen;
};

std::vector<ModelWrite> RandomWrites(std::mt19937_64* rng) {
  std::vector<ModelWrite> writes;
  uint64_t last[3] = {};
  const uint64_t count = 1 + (*rng)() % 8;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t origin = (*rng)() % 3;
    ModelWrite write;
    write.version =
        (*rng)() % 3 == 0 ? Tombstone(origin, ++last[origin]) : Live(origin, ++last[origin]);
    for (size_t before = 0; before < i; ++before) {
      if ((*rng)() % 2 == 0) continue;
      write.seen.insert(before);
      write.seen.insert(writes[before].seen.begin(), writes[before].seen.end());
    }
    writes.push_back(write);
  }
  return writes;
}

NodeContent NodeThatHas(const std::string& name, const std::vector<ModelWrite>& writes,
                        const std::set<size_t>& has) {
  NodeContent content{.node = name};
  for (const size_t index : has) {
    const ContentVersion& version = writes[index].version;
    // Single dots: adjacent ranges would make equal clocks differ, so the model's never do.
    content.clock.Add(version.dot.origin, 2 * version.dot.seq, 2 * version.dot.seq);
    const bool replaced = std::any_of(
        has.begin(), has.end(), [&](size_t other) { return writes[other].seen.count(index) > 0; });
    if (replaced) continue;
    content.documents[kKey].push_back(version);
    content.documents[kKey].back().dot.seq *= 2;
  }
  return content;
}

std::set<Dot> LiveDots(const NodeContent& content) {
  std::set<Dot> dots;
  for (const ContentVersion& version : content.Of(kKey)) {
    if (!version.deleted) dots.insert(version.dot);
  }
  return dots;
}

TEST(Judge, FindsNothingWhateverNodesHaveSeen) {
  std::mt19937_64 rng(1);
  int under_way = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::vector<ModelWrite> writes = RandomWrites(&rng);
    std::vector<NodeContent> nodes;
    bool equal = true;
    for (int n = 0; n < 3; ++n) {
      std::set<size_t> has;
      for (size_t i = 0; i < writes.size(); ++i) {
        if (rng() % 4 != 0) has.insert(i);
      }
      nodes.push_back(NodeThatHas(absl::StrCat("n", n), writes, has));
      equal = equal && LiveDots(nodes[n]) == LiveDots(nodes[0]);
    }
    ASSERT_EQ(Judged(nodes), equal ? "equal" : "under way") << "round " << round;
    under_way += equal ? 0 : 1;
  }
  EXPECT_GT(under_way, 5000);
}

TEST(Judge, FindsEveryLossOnceNodesHaveSeenTheSame) {
  std::mt19937_64 rng(2);
  for (int round = 0; round < 5000; ++round) {
    const std::vector<ModelWrite> writes = RandomWrites(&rng);
    std::set<size_t> all;
    for (size_t i = 0; i < writes.size(); ++i) all.insert(i);
    std::vector<NodeContent> nodes;
    for (int n = 0; n < 3; ++n) nodes.push_back(NodeThatHas(absl::StrCat("n", n), writes, all));
    const std::set<Dot> live = LiveDots(nodes[0]);
    if (live.empty()) continue;
    const Dot lost = *std::next(live.begin(), static_cast<int64_t>(rng() % live.size()));
    const size_t loser = rng() % 3;
    std::erase_if(nodes[loser].documents[kKey],
                  [&lost](const ContentVersion& version) { return version.dot == lost; });
    ASSERT_EQ(Judged(nodes), absl::StrCat("n", loser, " lacks ", ToString(lost)));
  }
}

}  // namespace
}  // namespace docstore::client
