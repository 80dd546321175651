// Options of a simulation: what, beside the commit, decides everything that happens in it.
//
// `seed` decides the rest: clocks, network, disks, scheduling, workload and the mix of faults.

#ifndef DOCSTORE_TESTS_SIM_OPTIONS_H_
#define DOCSTORE_TESTS_SIM_OPTIONS_H_

#include <cstdint>
#include <string>

namespace docstore::sim {

struct Options {
  uint64_t seed = 1;
  int nodes = 5;          // 1..kNodesMax
  int operations = 2000;  // of clients, reads and writes
  bool faults = true;
  std::string mutant;  // see mutant.h; "" is none
  bool print = false;  // the transcript, on standard output
};

inline constexpr int kNodesMax = 60;

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_OPTIONS_H_
