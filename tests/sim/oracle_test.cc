#include "tests/sim/oracle.h"

#include <string>

#include "gtest/gtest.h"

namespace docstore::sim {
namespace {

const core::DocumentKey kKey{"c", "k"};
constexpr core::Origin kA{0xa};
constexpr core::Origin kB{0xb};

TEST(Oracle, ExpectsWhatNothingKnownReplaced) {
  Oracle oracle;
  oracle.Add({.dot = {kA, 1}, .key = kKey});
  oracle.Add({.dot = {kB, 1}, .key = kKey});
  oracle.AddReplaced({kB, 1}, {kA, 1});
  EXPECT_EQ(oracle.Current(kKey), (std::vector<core::Dot>{{kB, 1}}));
  core::Clock clock;
  clock.Add(core::Dot{kA, 1});
  EXPECT_EQ(oracle.Expected(kKey, clock), (std::vector<core::Dot>{{kA, 1}}));
  clock.Add(core::Dot{kB, 1});
  EXPECT_EQ(oracle.Expected(kKey, clock), (std::vector<core::Dot>{{kB, 1}}));
  EXPECT_TRUE(oracle.Expected({"c", "other"}, clock).empty());
}

TEST(Oracle, FollowsReplacementsStepByStep) {
  Oracle oracle;
  for (uint64_t seq = 1; seq <= 3; ++seq) oracle.Add({.dot = {kA, seq}, .key = kKey});
  oracle.AddReplaced({kA, 2}, {kA, 1});
  oracle.AddReplaced({kA, 3}, {kA, 2});
  const auto is = [](uint64_t seq) {
    return [seq](const core::Dot& dot) { return dot.seq == seq; };
  };
  EXPECT_TRUE(oracle.ReplacedByAny({kA, 1}, is(3)));
  EXPECT_TRUE(oracle.ReplacedByAny({kA, 1}, is(2)));
  EXPECT_FALSE(oracle.ReplacedByAny({kA, 1}, is(1)));
  EXPECT_FALSE(oracle.ReplacedByAny({kA, 3}, is(1)));
}

TEST(Oracle, ExpectsNothingThatAWriteLostByNowHadReplaced) {
  Oracle oracle;
  for (uint64_t seq = 1; seq <= 3; ++seq) oracle.Add({.dot = {kA, seq}, .key = kKey});
  oracle.AddReplaced({kA, 2}, {kA, 1});
  oracle.AddReplaced({kA, 3}, {kA, 2});
  core::Clock clock;
  clock.Add(core::Dot{kA, 1});
  clock.Add(core::Dot{kA, 3});
  EXPECT_EQ(oracle.Expected(kKey, clock), (std::vector<core::Dot>{{kA, 3}}));
}

TEST(Oracle, KnowsOnlyWhatWasAdded) {
  Oracle oracle;
  EXPECT_EQ(oracle.Find({kA, 1}), nullptr);
  EXPECT_TRUE(oracle.Current(kKey).empty());
}

}  // namespace
}  // namespace docstore::sim
