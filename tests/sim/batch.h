// Batch: many seeds, in child processes, and what came of them.
//
// A child runs a few seeds and tells the parent how each ended; when it dies (a CHECK of the code
// under test), the seed it was at has failed and another child goes on with the rest.

#ifndef DOCSTORE_TESTS_SIM_BATCH_H_
#define DOCSTORE_TESTS_SIM_BATCH_H_

#include <cstdint>

#include "tests/sim/options.h"

namespace docstore::sim {

inline constexpr int kJobsMax = 64;

struct BatchOptions {
  uint64_t first_seed = 1;
  uint64_t seeds = 1;
  int jobs = 1;         // 1..kJobsMax child processes at a time
  Options run;          // its seed is ignored
  bool summary = true;  // print it
};

// Runs all seeds, prints failures and a summary on standard output. True when all held. With
// run.print everything happens in this process, for a debugger.
bool RunBatch(const BatchOptions& options);

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_BATCH_H_
