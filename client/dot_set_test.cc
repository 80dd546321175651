#include "client/dot_set.h"

#include "gtest/gtest.h"

namespace docstore::client {
namespace {

TEST(DotSet, ContainsExactlyItsRanges) {
  DotSet set;
  set.Add(1, 2, 4);
  set.Add(1, 7, 7);
  set.Add(3, 1, 2);
  for (const Dot& dot : {Dot{1, 2}, Dot{1, 3}, Dot{1, 4}, Dot{1, 7}, Dot{3, 1}, Dot{3, 2}}) {
    EXPECT_TRUE(set.Contains(dot)) << ToString(dot);
  }
  for (const Dot& dot : {Dot{0, 2}, Dot{1, 1}, Dot{1, 5}, Dot{1, 6}, Dot{1, 8}, Dot{2, 1},
                         Dot{2, 9}, Dot{3, 3}, Dot{4, 1}}) {
    EXPECT_FALSE(set.Contains(dot)) << ToString(dot);
  }
  EXPECT_FALSE(DotSet().Contains({1, 1}));
}

TEST(DotSet, EqualsASetOfTheSameRanges) {
  DotSet one, other;
  one.Add(1, 1, 4);
  one.Add(2, 1, 1);
  other.Add(2, 1, 1);
  EXPECT_FALSE(one == other);
  other.Add(1, 1, 3);
  EXPECT_FALSE(one == other);
  other.Add(1, 1, 4);
  EXPECT_TRUE(one == other);
}

TEST(Dot, IsWrittenAsNodesDo) { EXPECT_EQ(ToString(Dot{0xab, 12}), "ab:12"); }

}  // namespace
}  // namespace docstore::client
