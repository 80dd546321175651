#include "server/node/recent_pushes.h"

#include <memory>

#include "gtest/gtest.h"
#include "server/node/group_commit.h"

namespace docstore::node {
namespace {

std::shared_ptr<const PushGroup> GroupOf(uint64_t first_seq, uint64_t last_seq, uint64_t bytes) {
  auto group = std::make_shared<PushGroup>();
  group->first_seq = first_seq;
  group->last_seq = last_seq;
  group->bytes = bytes;
  return group;
}

TEST(RecentPushes, FindsTheGroupThatMintedADot) {
  RecentPushes pushes;
  EXPECT_EQ(pushes.Find(1), nullptr);
  const auto first = GroupOf(1, 3, 10);
  const auto second = GroupOf(4, 4, 10);
  pushes.Add(first);
  pushes.Add(second);
  EXPECT_EQ(pushes.Find(1), first);
  EXPECT_EQ(pushes.Find(3), first);
  EXPECT_EQ(pushes.Find(4), second);
  EXPECT_EQ(pushes.Find(5), nullptr);
  EXPECT_EQ(pushes.Find(0), nullptr);
}

TEST(RecentPushes, DropsTheOldestOverItsBytes) {
  RecentPushes pushes;
  for (uint64_t seq = 1; seq <= 5; ++seq) {
    pushes.Add(GroupOf(seq, seq, RecentPushes::kBytesMax / 4));
  }
  EXPECT_EQ(pushes.Find(1), nullptr);
  EXPECT_NE(pushes.Find(2), nullptr);
  EXPECT_NE(pushes.Find(5), nullptr);
}

TEST(RecentPushes, KeepsTheNewestHoweverLarge) {
  RecentPushes pushes;
  pushes.Add(GroupOf(1, 1, 1));
  pushes.Add(GroupOf(2, 2, 2 * RecentPushes::kBytesMax));
  EXPECT_EQ(pushes.Find(1), nullptr);
  EXPECT_NE(pushes.Find(2), nullptr);
}

TEST(RecentPushes, DropsTheOldestOverItsCount) {
  RecentPushes pushes;
  for (uint64_t seq = 1; seq <= RecentPushes::kGroupsMax + 1; ++seq) {
    pushes.Add(GroupOf(seq, seq, 0));
  }
  EXPECT_EQ(pushes.Find(1), nullptr);
  EXPECT_NE(pushes.Find(2), nullptr);
}

TEST(RecentPushesDeathTest, GapBetweenGroupsIsAMistake) {
  RecentPushes pushes;
  pushes.Add(GroupOf(1, 1, 0));
  EXPECT_DEATH(pushes.Add(GroupOf(3, 3, 0)), "check failed");
}

}  // namespace
}  // namespace docstore::node
