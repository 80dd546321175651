#include "tests/sim/batch.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/check.h"
#include "tests/sim/mutant.h"
#include "tests/sim/simulation.h"

namespace docstore::sim {
namespace {

constexpr uint64_t kSeedsPerChild = 20;
constexpr int kBuckets = 64;  // of times, by powers of the square root of 2, from 1 us

struct Histogram {
  uint64_t counts[kBuckets] = {};

  void Add(int64_t us) {
    int bucket = 0;
    for (double bound = 1; bucket < kBuckets - 1 && static_cast<double>(us) > bound; ++bucket) {
      bound *= 1.41421356;
    }
    ++counts[bucket];
  }
  // Seconds below which so many of a hundred lie; -1 when there is nothing.
  double Percentile(double percent) const {
    uint64_t sum = 0;
    for (const uint64_t count : counts) sum += count;
    uint64_t below = 0;
    double bound = 1;
    for (int i = 0; i < kBuckets; ++i, bound *= 1.41421356) {
      below += counts[i];
      if (sum > 0 && static_cast<double>(below) >= static_cast<double>(sum) * percent / 100) {
        return bound / 1e6;
      }
    }
    return -1;
  }
};

// Sums over seeds, as plain bytes that a child writes to its parent.
struct Totals {
  uint64_t seeds = 0;
  uint64_t failed = 0;
  uint64_t events = 0;
  int64_t virtual_us = 0;
  uint64_t writes = 0;
  uint64_t destroyed = 0;
  uint64_t trace_hash = 0;
  Workload::Counts clients;
  Histogram converged;
  Histogram stable;

  void Add(const Report& report);
  void Add(const Totals& more);
};

void Totals::Add(const Report& report) {
  ++seeds;
  failed += !report.failure.empty();
  events += report.events;
  virtual_us += report.virtual_us;
  writes += report.writes;
  destroyed += report.destroyed;
  trace_hash ^= report.trace_hash;
  clients.reads += report.clients.reads;
  clients.stale_reads += report.clients.stale_reads;
  clients.staleness_us_max = std::max(clients.staleness_us_max, report.clients.staleness_us_max);
  clients.acknowledged += report.clients.acknowledged;
  clients.refused += report.clients.refused;
  clients.unserved += report.clients.unserved;
  if (report.converged_us >= 0) converged.Add(report.converged_us);
  for (const int64_t us : report.stable_us) stable.Add(us);
}

void Totals::Add(const Totals& more) {
  seeds += more.seeds;
  failed += more.failed;
  events += more.events;
  virtual_us += more.virtual_us;
  writes += more.writes;
  destroyed += more.destroyed;
  trace_hash ^= more.trace_hash;
  clients.reads += more.clients.reads;
  clients.stale_reads += more.clients.stale_reads;
  clients.staleness_us_max = std::max(clients.staleness_us_max, more.clients.staleness_us_max);
  clients.acknowledged += more.clients.acknowledged;
  clients.refused += more.clients.refused;
  clients.unserved += more.clients.unserved;
  for (int i = 0; i < kBuckets; ++i) {
    converged.counts[i] += more.converged.counts[i];
    stable.counts[i] += more.stable.counts[i];
  }
}

std::string CommandOf(const Options& run) {
  return absl::StrCat(
      "bazel run //tests/sim:", run.mutant.empty() ? "sim --" : "sim_mutants -- --mutant ",
      run.mutant, " --first-seed ", run.seed, " --nodes ", run.nodes, " --operations ",
      run.operations, run.faults ? "" : " --faults 0", " --trace");
}

void PrintFailure(const Options& run, const std::string& what) {
  absl::PrintF("seed %d FAILED %s\n  repeat: %s\n", run.seed, what, CommandOf(run));
  std::fflush(stdout);
}

Report RunSeed(const Options& run) {
  CHECK(ChooseMutant(run.mutant));
  Report report = Simulate(run);
  if (!report.failure.empty()) {
    PrintFailure(run, absl::StrCat(report.failure, "\n  faults: ", report.faults));
  }
  return report;
}

struct Seeds {
  uint64_t first;
  uint64_t count;
};

struct Child {
  pid_t pid;
  int pipe;
  Seeds seeds;
};

// What a child writes after each seed.
struct Message {
  uint64_t seed;
  Totals totals;
};

Child StartChild(const Options& run, const Seeds& seeds) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    close(ends[0]);
    for (uint64_t i = 0; i < seeds.count; ++i) {
      Options one = run;
      one.seed = seeds.first + i;
      auto message = std::make_unique<Message>();
      message->seed = one.seed;
      message->totals.Add(RunSeed(one));
      // A pipe takes this at once: the parent reads what has piled up when the child has ended.
      CHECK(write(ends[1], message.get(), sizeof(Message)) == sizeof(Message));
    }
    _exit(0);
  }
  close(ends[1]);
  return {.pid = pid, .pipe = ends[0], .seeds = seeds};
}

// Adds what the child has told; returns the seeds it did not come to.
Seeds EndChild(const Child& child, const Options& run, Totals* totals) {
  uint64_t done = 0;
  auto message = std::make_unique<Message>();
  while (read(child.pipe, message.get(), sizeof(Message)) == sizeof(Message)) {
    totals->Add(message->totals);
    ++done;
  }
  close(child.pipe);
  if (done == child.seeds.count) return {0, 0};
  Options one = run;
  one.seed = child.seeds.first + done;
  PrintFailure(one, "the process died; its last words stand above");
  ++totals->seeds;
  ++totals->failed;
  return {one.seed + 1, child.seeds.count - done - 1};
}

Totals RunChildren(const BatchOptions& options) {
  static_assert(kSeedsPerChild * sizeof(Message) <= 64 * 1024, "a pipe holds 64 KiB");
  Totals totals;
  std::deque<Seeds> todo;
  for (uint64_t i = 0; i < options.seeds; i += kSeedsPerChild) {
    todo.push_back({options.first_seed + i, std::min(kSeedsPerChild, options.seeds - i)});
  }
  std::map<pid_t, Child> running;
  while (!todo.empty() || !running.empty()) {
    while (!todo.empty() && running.size() < static_cast<size_t>(options.jobs)) {
      const Child child = StartChild(options.run, todo.front());
      running.emplace(child.pid, child);
      todo.pop_front();
    }
    const pid_t ended = wait(nullptr);
    const auto it = running.find(ended);
    if (it == running.end()) continue;
    const Seeds rest = EndChild(it->second, options.run, &totals);
    running.erase(it);
    if (rest.count > 0) todo.push_front(rest);
  }
  return totals;
}

void PrintSummary(const Totals& totals, double real_s) {
  const double virtual_s = static_cast<double>(totals.virtual_us) / 1e6;
  absl::PrintF(
      "%d seeds, %d failed: %d writes acknowledged, %d refused, %d not served, %d durable\n",
      totals.seeds, totals.failed, totals.clients.acknowledged, totals.clients.refused,
      totals.clients.unserved, totals.writes);
  absl::PrintF("reads %d, stale %d (at most %.1f s), acknowledged and gone with all disks %d\n",
               totals.clients.reads, totals.clients.stale_reads,
               static_cast<double>(totals.clients.staleness_us_max) / 1e6, totals.destroyed);
  absl::PrintF(
      "write stable after p50 %.3g s, p99 %.3g s; converged after healing p50 %.3g s, p99 "
      "%.3g s\n",
      totals.stable.Percentile(50), totals.stable.Percentile(99), totals.converged.Percentile(50),
      totals.converged.Percentile(99));
  absl::PrintF("%d events, %.0f events/s, %.0f simulated s in %.1f s (%.0f : 1), trace %016x\n",
               totals.events, static_cast<double>(totals.events) / real_s, virtual_s, real_s,
               virtual_s / real_s, totals.trace_hash);
}

}  // namespace

bool RunBatch(const BatchOptions& options) {
  using Watch = std::chrono::steady_clock;
  const Watch::time_point started = Watch::now();
  auto totals = std::make_unique<Totals>();
  if (options.run.print) {
    for (uint64_t i = 0; i < options.seeds; ++i) {
      Options one = options.run;
      one.seed = options.first_seed + i;
      totals->Add(RunSeed(one));
    }
  } else {
    *totals = RunChildren(options);
  }
  if (options.summary)
    PrintSummary(*totals, std::chrono::duration<double>(Watch::now() - started).count());
  return totals->failed == 0;
}

}  // namespace docstore::sim
