#include "server/core/hybrid_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>

namespace docstore::core {
namespace {

constexpr int64_t kWallMs = 1'700'000'000'000;
constexpr uint64_t kNow = HlcFromMs(kWallMs);

TEST(HybridClock, FollowsWallTime) {
  HybridClock clock(0);
  EXPECT_EQ(clock.Tick(kWallMs, 0), kNow);
  EXPECT_EQ(clock.Tick(kWallMs + 5, 0), HlcFromMs(kWallMs + 5));
  EXPECT_EQ(HlcToMs(clock.last()), kWallMs + 5);
}

TEST(HybridClock, CountsWhileWallTimeStandsOrGoesBack) {
  HybridClock clock(0);
  EXPECT_EQ(clock.Tick(kWallMs, 0), kNow);
  EXPECT_EQ(clock.Tick(kWallMs, 0), kNow + 1);
  EXPECT_EQ(clock.Tick(kWallMs - 10'000, 0), kNow + 2);
}

TEST(HybridClock, StartsAboveWhatAnEarlierProcessMayHaveUsed) {
  HybridClock clock(kNow + 7);
  EXPECT_EQ(clock.Tick(kWallMs - 1, 0), kNow + 8);
}

TEST(HybridClock, TicksAboveTheVersionItReplaces) {
  HybridClock clock(0);
  EXPECT_EQ(clock.Tick(kWallMs, kNow + 40), kNow + 41);
  EXPECT_EQ(clock.Tick(kWallMs, 0), kNow + 42);
}

TEST(HybridClock, PeerWithinTheDriftBoundMovesIt) {
  HybridClock clock(0);
  const uint64_t bound = HlcFromMs(kWallMs + HybridClock::kDriftMsMax);
  EXPECT_TRUE(clock.Observe(bound, kWallMs));
  EXPECT_EQ(clock.last(), bound);
  EXPECT_TRUE(clock.Observe(5, kWallMs));
  EXPECT_EQ(clock.last(), bound);
}

TEST(HybridClock, FarFutureDoesNotPoisonIt) {
  HybridClock clock(kNow);
  const uint64_t future = HlcFromMs(kWallMs + HybridClock::kDriftMsMax) + 1;
  EXPECT_FALSE(clock.Observe(future, kWallMs));
  EXPECT_EQ(clock.last(), kNow);
  // Its successor still stands above it, for that document alone.
  EXPECT_EQ(clock.Tick(kWallMs, future), future + 1);
  EXPECT_EQ(clock.Tick(kWallMs, 0), kNow + 2);
}

TEST(HybridClock, DoesNotWrapAboveTheHighestTimestamp) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  HybridClock clock(kNow);
  EXPECT_EQ(clock.Tick(kWallMs, kMax), kMax);
  EXPECT_EQ(clock.Tick(kWallMs, 0), kNow + 2);
}

TEST(HybridClock, NeverGoesBackWithinTheDriftBound) {
  std::mt19937_64 random(1);
  HybridClock clock(0);
  int64_t wall_ms = kWallMs;
  uint64_t before = 0;
  for (int i = 0; i < 100000; ++i) {
    wall_ms += static_cast<int64_t>(random() % 20) - 8;
    const uint64_t near = HlcFromMs(wall_ms - 300 + random() % 600) + random() % 4;
    if (random() % 3 == 0) {
      clock.Observe(near, wall_ms);
      ASSERT_GE(clock.last(), before);
    } else {
      const uint64_t now = clock.Tick(wall_ms, near);
      ASSERT_GT(now, std::max(before, near));
      ASSERT_GE(now, HlcFromMs(wall_ms));
      before = now;
    }
  }
}

}  // namespace
}  // namespace docstore::core
