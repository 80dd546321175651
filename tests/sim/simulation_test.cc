// The simulator itself: seeds repeat, and all of those that every change must pass do.

#include "tests/sim/simulation.h"

#include "gtest/gtest.h"
#include "tests/sim/batch.h"
#include "tests/sim/options.h"

namespace docstore::sim {
namespace {

// A sanitizer makes a seed ten times as slow and finds its bugs in the first few.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSeeds = 12;
#else
constexpr uint64_t kSeeds = 300;
#endif

TEST(Simulation, RepeatsItselfFromTheSameSeed) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const Report first = Simulate({.seed = seed, .operations = 500});
    const Report second = Simulate({.seed = seed, .operations = 500});
    EXPECT_EQ(first.trace_hash, second.trace_hash) << seed;
    EXPECT_EQ(first.events, second.events) << seed;
  }
}

TEST(Simulation, DiffersFromSeedToSeed) {
  const Report first = Simulate({.seed = 1, .operations = 200});
  const Report second = Simulate({.seed = 2, .operations = 200});
  EXPECT_NE(first.trace_hash, second.trace_hash);
}

TEST(Simulation, AcknowledgesAndSpreadsWritesWithoutFaults) {
  const Report report = Simulate({.seed = 1, .nodes = 3, .operations = 500, .faults = false});
  EXPECT_EQ(report.failure, "");
  EXPECT_GT(report.clients.acknowledged, 100u);
  EXPECT_EQ(report.stable_us.size(), report.clients.acknowledged);
  EXPECT_EQ(report.writes, report.clients.acknowledged);
  EXPECT_EQ(report.faults, "");
}

TEST(Simulation, HoldsForManySeedsOfFiveNodes) {
  EXPECT_TRUE(RunBatch({.first_seed = 1, .seeds = kSeeds, .jobs = 2}));
}

}  // namespace
}  // namespace docstore::sim
