// Every planted bug is caught by one of the first seeds, which hold without it.

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "tests/sim/batch.h"
#include "tests/sim/mutant.h"
#include "tests/sim/options.h"

namespace docstore::sim {
namespace {

constexpr uint64_t kSeedsMax = 60;

bool Holds(const std::string& mutant, uint64_t first_seed, uint64_t seeds) {
  return RunBatch({.first_seed = first_seed,
                   .seeds = seeds,
                   .jobs = 2,
                   .run = {.mutant = mutant},
                   .summary = false});
}

TEST(Mutants, AreEachCaughtWithinSixtySeeds) {
  for (const Mutant& mutant : Mutants()) {
    uint64_t seed = 1;
    while (seed <= kSeedsMax && Holds(mutant.name, seed, 1)) ++seed;
    EXPECT_LE(seed, kSeedsMax) << mutant.name << " survives: " << mutant.bug;
    RecordProperty(mutant.name, static_cast<int>(seed));
  }
}

TEST(Mutants, AreWhatMakesThoseSeedsFail) { EXPECT_TRUE(Holds("", 1, kSeedsMax)); }

}  // namespace
}  // namespace docstore::sim
