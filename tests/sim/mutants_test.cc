// Every planted bug is caught by one of the first seeds, which hold without it.

#include <cstddef>
#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "tests/sim/batch.h"
#include "tests/sim/mutant.h"
#include "tests/sim/options.h"

namespace docstore::sim {
namespace {

// A sanitizer makes a seed ten times as slow; there it is enough that planting works.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kMutantsMax = 1;
constexpr uint64_t kSeedsMax = 8;
#else
constexpr size_t kMutantsMax = 15;
constexpr uint64_t kSeedsMax = 60;
#endif

bool Holds(const std::string& mutant, uint64_t first_seed, uint64_t seeds) {
  return RunBatch({.first_seed = first_seed,
                   .seeds = seeds,
                   .jobs = 2,
                   .run = {.mutant = mutant},
                   .summary = false});
}

TEST(Mutants, AreEachCaughtWithinSixtySeeds) {
  size_t tried = 0;
  for (const Mutant& mutant : Mutants()) {
    if (++tried > kMutantsMax) break;
    uint64_t seed = 1;
    while (seed <= kSeedsMax && Holds(mutant.name, seed, 1)) ++seed;
    EXPECT_LE(seed, kSeedsMax) << mutant.name << " survives: " << mutant.bug;
    RecordProperty(mutant.name, static_cast<int>(seed));
  }
}

TEST(Mutants, AreWhatMakesThoseSeedsFail) { EXPECT_TRUE(Holds("", 1, kSeedsMax)); }

}  // namespace
}  // namespace docstore::sim
