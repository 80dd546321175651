#include "server/core/clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace docstore::core {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
constexpr Origin kA{0xa};
constexpr Origin kB{0xb};

std::string Print(const IntervalSet& set) {
  Clock clock;
  for (const IntervalSet::Interval& i : set.intervals()) clock.Add(Range{kA, i.first, i.last});
  return clock.ToString();
}

IntervalSet Make(const std::vector<IntervalSet::Interval>& intervals) {
  IntervalSet set;
  for (const IntervalSet::Interval& interval : intervals) set.Add(interval.first, interval.last);
  return set;
}

TEST(IntervalSet, IsEmptyAtFirst) {
  const IntervalSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.base(), 0u);
  EXPECT_EQ(set.max(), 0u);
  EXPECT_FALSE(set.Contains(0));
  EXPECT_FALSE(set.Contains(1));
  EXPECT_EQ(set.Gaps(3, 5), (std::vector<IntervalSet::Interval>{{3, 5}}));
}

TEST(IntervalSet, MeltsWhatTouches) {
  EXPECT_EQ(Print(Make({{2, 2}, {3, 3}})), "a:[2..3]");
  EXPECT_EQ(Print(Make({{3, 3}, {2, 2}})), "a:[2..3]");
  EXPECT_EQ(Print(Make({{2, 2}, {4, 4}})), "a:[2,4]");
  EXPECT_EQ(Print(Make({{2, 2}, {4, 4}, {3, 3}})), "a:[2..4]");
  EXPECT_EQ(Print(Make({{1, 1}, {5, 5}, {9, 9}, {3, 8}})), "a:[1,3..9]");
  EXPECT_EQ(Print(Make({{1, 1}, {5, 5}, {9, 9}, {2, 8}})), "a:[1..9]");
  EXPECT_EQ(Print(Make({{1, 9}, {3, 4}})), "a:[1..9]");
  EXPECT_EQ(Print(Make({{5, 6}, {1, 1}})), "a:[1,5..6]");
}

TEST(IntervalSet, BaseJumpsOverSeveralIntervals) {
  IntervalSet set = Make({{3, 4}, {6, 6}, {8, 9}});
  EXPECT_EQ(set.base(), 0u);
  set.Add(5, 5);
  set.Add(7, 7);
  EXPECT_EQ(set.base(), 0u);
  set.Add(1, 2);
  EXPECT_EQ(set.base(), 9u);
}

TEST(IntervalSet, HoldsTheLargestNumbers) {
  IntervalSet set = Make({{kMax, kMax}});
  EXPECT_TRUE(set.Contains(kMax));
  EXPECT_FALSE(set.Contains(kMax - 1));
  EXPECT_EQ(set.max(), kMax);
  EXPECT_EQ(set.Gaps(kMax - 1, kMax), (std::vector<IntervalSet::Interval>{{kMax - 1, kMax - 1}}));
  EXPECT_TRUE(set.Gaps(kMax, kMax).empty());
  set.Add(kMax - 2, kMax - 2);
  set.Add(kMax - 1, kMax);
  EXPECT_EQ(set.intervals().size(), 1u);
  set.Add(1, kMax);
  EXPECT_EQ(set.base(), kMax);
  EXPECT_TRUE(set.ContainsAll(1, kMax));
  EXPECT_TRUE(set.Gaps(1, kMax).empty());
}

// Every operation against a std::set, with numbers from 1 and with numbers up to the largest.
void FuzzIntervalSet(uint64_t seed, uint64_t lowest, int rounds) {
  constexpr uint64_t kSpan = 64;
  std::mt19937_64 random(seed);
  for (int round = 0; round < rounds; ++round) {
    IntervalSet set;
    std::set<uint64_t> model;
    const uint64_t width = 1 + random() % 8;
    for (int step = 0; step < 40; ++step) {
      const uint64_t first = random() % kSpan;
      const uint64_t last = std::min(first + random() % width, kSpan - 1);
      set.Add(lowest + first, lowest + last);
      for (uint64_t n = first; n <= last; ++n) model.insert(lowest + n);
      const uint64_t from = random() % kSpan;
      const uint64_t to = from + random() % (kSpan - from);
      std::vector<uint64_t> missing;
      for (uint64_t n = from; n <= to; ++n) {
        if (!model.contains(lowest + n)) missing.push_back(lowest + n);
      }
      std::vector<uint64_t> gaps;
      for (const IntervalSet::Interval& gap : set.Gaps(lowest + from, lowest + to)) {
        for (uint64_t n = gap.first; n - gap.first <= gap.last - gap.first; ++n) {
          gaps.push_back(n);
          if (n == kMax) break;
        }
      }
      ASSERT_EQ(gaps, missing);
      ASSERT_EQ(set.ContainsAll(lowest + from, lowest + to), missing.empty());
      ASSERT_EQ(set.Contains(lowest + from), model.contains(lowest + from));
      ASSERT_EQ(set.max(), *model.rbegin());
      uint64_t base = 0;
      while (model.contains(base + 1)) ++base;
      ASSERT_EQ(set.base(), base);
    }
    uint64_t before = 0;
    for (const IntervalSet::Interval& interval : set.intervals()) {
      ASSERT_LE(interval.first, interval.last);
      if (before != 0) {
        ASSERT_GT(interval.first, before + 1) << Print(set);
      }
      before = interval.last;
    }
  }
}

// Five operations a step, 40 steps a round: a million in all.
TEST(IntervalSet, ActsAsStdSetFromOne) { FuzzIntervalSet(1, 1, 2500); }
TEST(IntervalSet, ActsAsStdSetInTheMiddle) { FuzzIntervalSet(2, uint64_t{1} << 63, 1250); }
TEST(IntervalSet, ActsAsStdSetAtTheEnd) { FuzzIntervalSet(3, kMax - 63, 1250); }

TEST(Clock, PrintsItsIntervals) {
  Clock clock;
  EXPECT_EQ(clock.ToString(), "");
  EXPECT_TRUE(clock.empty());
  clock.Add(Dot{kB, 2});
  clock.Add(Range{kA, 1, 4});
  clock.Add(Dot{kA, 6});
  EXPECT_EQ(clock.ToString(), "a:[1..4,6] b:[2]");
  EXPECT_EQ(clock.CountDots(), 6u);
  EXPECT_EQ(clock.base(kA), 4u);
  EXPECT_EQ(clock.base(kB), 0u);
  EXPECT_TRUE(clock.Knows(kB));
  EXPECT_FALSE(clock.Knows(Origin{1}));
  EXPECT_TRUE(clock.of(Origin{1}).empty());
}

TEST(Clock, SubtractionIsWhatAPeerLacks) {
  const Clock mine({{kA, 1, 10}, {kB, 3, 3}});
  const Clock theirs({{kA, 1, 4}, {kA, 6, 7}, {Origin{0xc}, 1, 9}});
  EXPECT_EQ(ToString(mine.Minus(theirs)), "a:[5,8..10] b:[3]");
  EXPECT_EQ(ToString(theirs.Minus(mine)), "c:[1..9]");
  EXPECT_EQ(ToString(mine.Minus(mine)), "");
  EXPECT_FALSE(mine.Covers(theirs));
  EXPECT_TRUE(mine.Covers(Clock()));
  EXPECT_FALSE(Clock().Covers(mine));
}

// Operations on clocks against sets of dots.
TEST(Clock, ActsAsSetOfDots) {
  constexpr uint64_t kOrigins = 3;
  constexpr uint64_t kSeqs = 20;
  std::mt19937_64 random(4);
  const auto random_dot = [&]() {
    return Dot{Origin{random() % kOrigins * 1000}, 1 + random() % kSeqs};
  };
  for (int round = 0; round < 3000; ++round) {
    Clock clocks[2];
    std::set<Dot> models[2];
    for (int i = 0; i < 2; ++i) {
      for (uint64_t j = random() % 40; j > 0; --j) {
        const Dot dot = random_dot();
        clocks[i].Add(dot);
        models[i].insert(dot);
      }
    }
    const Ranges difference = clocks[0].Minus(clocks[1]);
    std::set<Dot> expected;
    for (const Dot& dot : models[0]) {
      if (!models[1].contains(dot)) expected.insert(dot);
    }
    std::set<Dot> actual;
    for (const Range& range : difference) {
      for (uint64_t seq = range.first; seq <= range.last; ++seq) actual.insert({range.origin, seq});
    }
    ASSERT_EQ(actual, expected);
    ASSERT_EQ(CountDots(difference), expected.size());
    ASSERT_EQ(Clock(difference).ToRanges(), difference) << "not sorted, disjoint and apart";
    ASSERT_EQ(clocks[1].MissingFrom(clocks[0].ToRanges()), difference);
    ASSERT_EQ(clocks[1].Covers(clocks[0]), expected.empty());
    ASSERT_EQ(clocks[0].CountDots(), models[0].size());
    const Dot dot = random_dot();
    ASSERT_EQ(clocks[0].Contains(dot), models[0].contains(dot));
    ASSERT_EQ(clocks[0] == clocks[1], models[0] == models[1]);
    Clock both = clocks[0];
    both.Add(clocks[1]);
    Clock other_way = clocks[1];
    other_way.Add(difference);
    ASSERT_EQ(both, other_way);
    ASSERT_EQ(both.Hash64(), other_way.Hash64());
    ASSERT_EQ(both.CountDots(), models[1].size() + expected.size());
    const Clock common = clocks[0].Intersect(clocks[1]);
    ASSERT_EQ(common, clocks[1].Intersect(clocks[0]));
    ASSERT_TRUE(clocks[0].Covers(common) && clocks[1].Covers(common));
    ASSERT_EQ(common.CountDots(), models[0].size() - expected.size());
  }
}

TEST(Clock, HashTellsClocksApartAndNeverChanges) {
  const Clock clock({{kA, 1, 4}, {kB, 2, 2}});
  EXPECT_NE(clock.Hash64(), Clock({{kA, 1, 5}, {kB, 2, 2}}).Hash64());
  EXPECT_NE(clock.Hash64(), Clock().Hash64());
  // Travels between nodes.
  EXPECT_EQ(clock.Hash64(), 15732066825831388635u);
}

TEST(Clock, AddingItselfChangesNothing) {
  Clock clock({{kA, 1, 4}, {kA, 6, 9}, {kB, 2, 2}});
  clock.Add(clock);
  EXPECT_EQ(clock.ToString(), "a:[1..4,6..9] b:[2]");
}

}  // namespace
}  // namespace docstore::core
