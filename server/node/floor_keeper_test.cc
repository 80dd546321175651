#include "server/node/floor_keeper.h"

#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/core/clock.h"
#include "server/core/dot.h"
#include "server/core/floor.h"

namespace docstore::node {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kHourUs = 3600 * kSecondUs;
constexpr core::Origin kA{0xa};
constexpr core::Origin kB{0xb};

core::Clock ClockTo(uint64_t a, uint64_t b = 0) {
  core::Clock clock;
  if (a > 0) clock.Add(core::Range{kA, 1, a});
  if (b > 0) clock.Add(core::Range{kB, 1, b});
  return clock;
}

class FloorKeeperTest : public testing::Test {
 protected:
  // The floor after the check at `now_us`, "-" when it stays.
  std::string Check(int64_t now_us, bool pinned = false) {
    const std::optional<core::Floor> raised = keeper_.Check(now_us, own_, floor_, members_, pinned);
    if (!raised.has_value()) return "-";
    floor_ = *raised;
    return floor_.ToString();
  }

  FloorOptions options_ = {.dot_index_max = 100'000};
  FloorKeeper keeper_{options_, 0};
  core::Clock own_;
  core::Floor floor_;
  core::Clock first_;
  core::Clock second_;
  std::vector<FloorKeeper::Member> members_ = {
      {.name = "first", .durable = &first_, .connected = true, .heard_us = 0},
      {.name = "second", .durable = &second_, .connected = true, .heard_us = 0}};
};

TEST_F(FloorKeeperTest, RisesToWhatAllHaveWithoutGaps) {
  own_ = ClockTo(5000, 3000);
  first_ = ClockTo(4000, 2500);
  second_ = ClockTo(4500, 2000);
  second_.Add(core::Range{kB, 2002, 3000});
  EXPECT_EQ(Check(0), "{a:4000 b:2000}");
}

TEST_F(FloorKeeperTest, WaitsForThousandDotsOrThirtySeconds) {
  own_ = first_ = second_ = ClockTo(999);
  EXPECT_EQ(Check(0), "-");
  EXPECT_EQ(Check(29 * kSecondUs), "-");
  EXPECT_EQ(Check(34 * kSecondUs), "{a:999}");
  own_ = first_ = second_ = ClockTo(1999);
  EXPECT_EQ(Check(38 * kSecondUs), "-");  // not yet looked at again
  EXPECT_EQ(Check(39 * kSecondUs), "{a:1999}");
  EXPECT_EQ(Check(99 * kSecondUs), "-");
}

TEST_F(FloorKeeperTest, StaysWhilePinned) {
  own_ = first_ = second_ = ClockTo(2000);
  EXPECT_EQ(Check(0, true), "-");
  EXPECT_EQ(Check(5 * kSecondUs), "{a:2000}");
}

TEST_F(FloorKeeperTest, StaysForAMemberNeverHeardOrFarBehind) {
  own_ = first_ = ClockTo(5000);
  EXPECT_EQ(Check(0), "-");
  members_[1].durable = nullptr;
  EXPECT_EQ(Check(kHourUs), "-");
}

TEST_F(FloorKeeperTest, PassesAMemberSilentForADayUnlessItIsConnected) {
  own_ = first_ = ClockTo(5000);
  members_[0].heard_us = 30 * kHourUs;
  EXPECT_EQ(Check(23 * kHourUs), "-");
  EXPECT_EQ(Check(30 * kHourUs), "-");  // its link is up, whatever else
  members_[1].connected = false;
  EXPECT_EQ(Check(31 * kHourUs), "{a:5000}");
}

TEST_F(FloorKeeperTest, CountsADayFromItsOwnStartForWhomItNeverHeard) {
  FloorKeeper late(options_, 100 * kHourUs);
  own_ = first_ = ClockTo(5000);
  members_[0].heard_us = 123 * kHourUs;
  members_[1] = {.name = "second"};
  EXPECT_FALSE(late.Check(123 * kHourUs, own_, floor_, members_, false).has_value());
  EXPECT_TRUE(late.Check(124 * kHourUs, own_, floor_, members_, false).has_value());
}

TEST_F(FloorKeeperTest, FullIndexPassesFirstThoseWithoutALinkThenAll) {
  own_ = ClockTo(150'000, 20'000);
  first_ = ClockTo(140'000, 10'000);
  second_ = ClockTo(1000);
  members_[1].connected = false;
  EXPECT_EQ(Check(0), "{a:140000 b:10000}");
  first_ = ClockTo(1000, 10'000);
  own_ = ClockTo(300'000, 20'000);
  EXPECT_EQ(Check(5 * kSecondUs), "{a:300000 b:20000}");
}

TEST_F(FloorKeeperTest, IndexAtItsLimitPassesNobody) {
  own_ = ClockTo(100'000);
  EXPECT_EQ(Check(0), "-");
  own_ = ClockTo(100'001);
  EXPECT_EQ(Check(5 * kSecondUs), "{a:100001}");
}

TEST_F(FloorKeeperTest, NamesWhoHasNotCaughtUpForLongest) {
  own_ = first_ = second_ = ClockTo(10);
  Check(0);
  own_ = ClockTo(20);
  Check(5 * kSecondUs);  // both have what was there before; now 20 is waited for
  first_ = ClockTo(20);
  Check(20 * kSecondUs);
  EXPECT_FALSE(keeper_.blocker(30 * kSecondUs).has_value());
  ASSERT_TRUE(keeper_.blocker(40 * kSecondUs).has_value());
  EXPECT_EQ(keeper_.blocker(40 * kSecondUs)->name, "second");
  EXPECT_EQ(keeper_.blocker(40 * kSecondUs)->since_us, 5 * kSecondUs);
  second_ = ClockTo(20);
  Check(50 * kSecondUs);
  EXPECT_FALSE(keeper_.blocker(50 * kSecondUs).has_value());
}

}  // namespace
}  // namespace docstore::node
