// Simulation: one run from one seed, in two phases.
//
// Safety: clients and faults, until all operations are done; each commit and each frame is judged
// as it happens. Liveness: everything is healed, the clients are silent, and within bounded virtual
// time all nodes must hold the same bytes, which must be what the oracle expects.

#ifndef DOCSTORE_TESTS_SIM_SIMULATION_H_
#define DOCSTORE_TESTS_SIM_SIMULATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/options.h"
#include "tests/sim/workload.h"

namespace docstore::sim {

struct Report {
  uint64_t seed = 0;
  std::string failure;  // "" when all held
  uint64_t trace_hash = 0;
  uint64_t events = 0;
  int64_t virtual_us = 0;
  Workload::Counts clients;
  uint64_t writes = 0;             // durable
  uint64_t destroyed = 0;          // acknowledged, and gone with every disk that had them
  int64_t converged_us = -1;       // from the end of the faults until all clocks were equal
  std::vector<int64_t> stable_us;  // per write that all nodes had during the safety phase or after
  std::string faults;
};

Report Simulate(const Options& options);

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_SIMULATION_H_
