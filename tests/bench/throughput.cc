// throughput: rates and latencies of puts and gets beside their yardsticks, in one run.
//
//   throughput put|get LEVEL NAME=KIND:ADDRESS[,ADDRESS...] ...
//
// KIND is docstore, echo or etcd. Drives all NAMEs in turns, five rounds of each, with LEVEL calls
// in flight, so that a slow moment of the machine hits them all, and prints each rate and its
// ratios to the others (medians of the rounds').

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "tests/bench/calls.h"
#include "tests/bench/load.h"

namespace docstore::bench {
namespace {

constexpr int kRounds = 5;

// One server under test with what keeps its calls alive.
struct Target {
  std::string name;
  StartCall start;
  std::shared_ptr<void> calls;
  std::vector<LoadResult> rounds;
};

bool MakeTarget(const std::string& text, bool puts, Target* target) {
  const std::vector<std::string> parts =
      absl::StrSplit(text, absl::MaxSplits(absl::ByAnyChar("=:"), 2));
  if (parts.size() != 3) return false;
  target->name = parts[0];
  const std::vector<std::string> addresses = absl::StrSplit(parts[2], ',');
  if (parts[1] == "docstore") {
    auto calls = std::make_shared<DocumentCalls>(addresses);
    target->start = puts ? calls->Put() : calls->Get();
    target->calls = calls;
  } else if (parts[1] == "echo") {
    auto calls = std::make_shared<EchoCalls>(addresses[0]);
    target->start = puts ? calls->Echo(kDocumentBytes + kKeyBytes, kReplyBytes)
                         : calls->Echo(kKeyBytes, kDocumentBytes + kReplyBytes);
    target->calls = calls;
  } else if (parts[1] == "etcd" && puts) {
    auto calls = std::make_shared<EtcdCalls>(addresses);
    target->start = calls->Put();
    target->calls = calls;
  } else {
    return false;
  }
  return true;
}

double MedianOf(const std::vector<LoadResult>& rounds, double LoadResult::*field) {
  std::vector<double> values;
  for (const LoadResult& round : rounds) values.push_back(round.*field);
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Median over the rounds of target's rate by other's rate in the same round.
double RatioOf(const Target& target, const Target& other) {
  std::vector<double> ratios;
  for (int i = 0; i < kRounds; ++i) {
    ratios.push_back(target.rounds[i].calls_per_second / other.rounds[i].calls_per_second);
  }
  std::sort(ratios.begin(), ratios.end());
  return ratios[kRounds / 2];
}

int Run(int level, std::vector<Target> targets) {
  bool failed = false;
  for (int round = 0; round < kRounds; ++round) {
    for (Target& target : targets) {
      target.rounds.push_back(
          RunLoad({.in_flight = level, .warmup_ms = 300, .measure_ms = 1700}, target.start));
      const LoadResult& result = target.rounds.back();
      if (result.failures == 0) continue;
      failed = true;
      std::printf("  %s: %llu calls FAILED: %s\n", target.name.c_str(),
                  static_cast<unsigned long long>(result.failures), result.first_error.c_str());
    }
  }
  for (const Target& target : targets) {
    std::printf("  %-14s %9.0f/s   p50 %8.0f us   p99 %8.0f us", target.name.c_str(),
                MedianOf(target.rounds, &LoadResult::calls_per_second),
                MedianOf(target.rounds, &LoadResult::p50_us),
                MedianOf(target.rounds, &LoadResult::p99_us));
    for (const Target& other : targets) {
      if (&other == &target) continue;
      std::printf("   %5.2f x %s", RatioOf(target, other), other.name.c_str());
    }
    std::printf("\n");
  }
  return failed ? 1 : 0;
}

int Main(int argc, char** argv) {
  std::vector<Target> targets;
  const bool puts = argc > 1 && std::strcmp(argv[1], "put") == 0;
  bool usable = argc > 3 && (puts || std::strcmp(argv[1], "get") == 0);
  for (int i = 3; usable && i < argc; ++i) {
    targets.emplace_back();
    usable = MakeTarget(argv[i], puts, &targets.back());
  }
  if (!usable || std::atoi(argv[2]) < 1) {
    std::fprintf(stderr, "usage: throughput put|get LEVEL NAME=KIND:ADDRESS[,ADDRESS...] ...\n");
    return 2;
  }
  return Run(std::atoi(argv[2]), std::move(targets));
}

}  // namespace
}  // namespace docstore::bench

int main(int argc, char** argv) { return docstore::bench::Main(argc, argv); }
