#include "server/core/repair.h"

#include "gtest/gtest.h"
#include "server/core/dot.h"

namespace docstore::core {
namespace {

constexpr Origin kA{0xa};
constexpr Origin kB{0xb};
const DocumentKey kFirst{"c", "1"};
const DocumentKey kSecond{"c", "2"};

TEST(RepairProgress, KnowsTheBasesOfWhatAllClocksHaveInCommon) {
  RepairProgress progress;
  progress.Advance(Clock({{kA, 1, 9}, {kB, 1, 4}}), Floor({{kA, 2}}), {{}, kFirst});
  EXPECT_EQ(progress.Known().ToString(), "{a:9 b:4}");
  progress.Advance(Clock({{kA, 1, 6}, {kA, 8, 9}}), Floor(), {kFirst, kSecond});
  EXPECT_EQ(progress.common.ToString(), "a:[1..6,8..9]");
  EXPECT_EQ(progress.Known().ToString(), "{a:6}");
  EXPECT_EQ(progress.floors.ToString(), "{a:2}");
  EXPECT_EQ(progress.through, kSecond);
  EXPECT_EQ(progress.chunks, 2u);
}

TEST(RepairProgress, IsUnsoundWhenAFloorPassesWhatIsKnown) {
  RepairProgress progress;
  progress.Advance(Clock({{kA, 1, 9}}), Floor({{kA, 7}}), {{}, kFirst});
  EXPECT_TRUE(progress.Sound());
  progress.Advance(Clock({{kA, 1, 6}}), Floor(), {kFirst, kSecond});
  EXPECT_FALSE(progress.Sound());
}

TEST(RepairProgress, IsContinuedOnlyWhereItStands) {
  RepairProgress progress;
  EXPECT_TRUE(progress.ContinuedBy({.range = {{}, kFirst}}));
  EXPECT_FALSE(progress.ContinuedBy({.range = {kFirst, {}}}));
  progress.Advance(Clock(), Floor(), {{}, kFirst});
  EXPECT_FALSE(progress.ContinuedBy({.range = {{}, kFirst}}));
  EXPECT_TRUE(progress.ContinuedBy({.range = {kFirst, {}}}));
  EXPECT_FALSE(progress.ContinuedBy({.range = {kSecond, {}}}));
}

TEST(RepairProgress, FirstClockStandsAlsoWhenItIsEmpty) {
  RepairProgress progress;
  progress.Advance(Clock(), Floor(), {{}, kFirst});
  progress.Advance(Clock({{kA, 1, 2}}), Floor(), {kFirst, {}});
  EXPECT_TRUE(progress.common.empty());
}

}  // namespace
}  // namespace docstore::core
