// Load: a closed loop of calls with a fixed number in flight, and what came of it.
//
// Each call that ends starts the next one. The calls go over a few channels, as a busy service's
// would; callers and yardstick use the same loop, so that what the loop itself costs cancels out.

#ifndef DOCSTORE_TESTS_BENCH_LOAD_H_
#define DOCSTORE_TESTS_BENCH_LOAD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace docstore::bench {

struct LoadOptions {
  int in_flight = 64;
  int64_t warmup_ms = 1000;
  int64_t measure_ms = 4000;
};

struct LoadResult {
  double calls_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  uint64_t calls = 0;
  uint64_t failures = 0;
  std::string first_error;
};

// Starts call number `index` (from 0, each once); `done` must be called exactly once, from any
// thread, with the error text, "" for success.
using StartCall = std::function<void(uint64_t index, std::function<void(std::string)> done)>;

LoadResult RunLoad(const LoadOptions& options, const StartCall& start);

}  // namespace docstore::bench

#endif  // DOCSTORE_TESTS_BENCH_LOAD_H_
