#include "tests/bench/load.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "server/base/mutex.h"

namespace docstore::bench {
namespace {

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// One of the `in_flight` loops; its calls follow each other.
struct Loop {
  std::vector<uint32_t> latencies_us;
  uint64_t failures = 0;
  std::string first_error;
};

class Run {
 public:
  Run(const LoadOptions& options, const StartCall& start)
      : start_(start),
        begin_ns_(NowNs() + options.warmup_ms * 1'000'000),
        end_ns_(begin_ns_ + options.measure_ms * 1'000'000),
        loops_(options.in_flight) {
    running_ = options.in_flight;
  }

  LoadResult Wait(const LoadOptions& options) {
    for (size_t i = 0; i < loops_.size(); ++i) Next(i);
    {
      MutexLock lock(&mutex_);
      while (running_ > 0) idle_.Wait(&mutex_);
    }
    LoadResult result;
    std::vector<uint32_t> all;
    for (const Loop& loop : loops_) {
      all.insert(all.end(), loop.latencies_us.begin(), loop.latencies_us.end());
      result.failures += loop.failures;
      if (result.first_error.empty()) result.first_error = loop.first_error;
    }
    std::sort(all.begin(), all.end());
    result.calls = all.size();
    result.calls_per_second = 1000.0 * static_cast<double>(all.size()) / options.measure_ms;
    if (!all.empty()) {
      result.p50_us = all[all.size() / 2];
      result.p99_us = all[all.size() * 99 / 100];
    }
    return result;
  }

 private:
  void Next(size_t i) {
    const int64_t started = NowNs();
    if (started >= end_ns_) {
      MutexLock lock(&mutex_);
      if (--running_ == 0) idle_.Signal();
      return;
    }
    start_(next_index_.fetch_add(1), [this, i, started](const std::string& error) {
      const int64_t now = NowNs();
      Loop& loop = loops_[i];
      if (now >= begin_ns_ && now < end_ns_) {
        if (error.empty()) {
          loop.latencies_us.push_back(static_cast<uint32_t>((now - started) / 1000));
        } else {
          ++loop.failures;
          if (loop.first_error.empty()) loop.first_error = error;
        }
      }
      Next(i);
    });
  }

  const StartCall& start_;
  const int64_t begin_ns_;
  const int64_t end_ns_;
  std::vector<Loop> loops_;
  std::atomic<uint64_t> next_index_{0};
  Mutex mutex_;
  CondVar idle_;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

LoadResult RunLoad(const LoadOptions& options, const StartCall& start) {
  return Run(options, start).Wait(options);
}

}  // namespace docstore::bench
