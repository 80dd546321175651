// sim: runs a cluster of docstore nodes under faults, in one process and virtual time, seed by
// seed, and says whether everything held.
//
//   sim [--first-seed N] [--seeds COUNT] [--nodes N] [--operations N] [--jobs N] [--faults 0|1]
//       [--trace]
//   sim --scenario FILE [--trace]
//   sim_mutants [--mutant NAME | --list] ...
//
// Exit code 0 only if all invariants held in every seed. A failure prints the seed and the command
// that repeats it. With --trace each event is a line on standard output. The nodes are production
// code from the encoded frame to the in-memory rows; what is judged stands in invariants.h and
// world.h, what goes wrong in chaos.h. sim_mutants is the same with planted bugs (mutant.h): with
// one chosen it has to fail.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "tests/sim/batch.h"
#include "tests/sim/mutant.h"
#include "tests/sim/options.h"
#include "tests/sim/scenario.h"

namespace docstore::sim {
namespace {

constexpr char kUsage[] =
    "usage: sim [--first-seed N] [--seeds COUNT] [--nodes N] [--operations N] [--jobs N]\n"
    "           [--faults 0|1] [--trace]\n"
    "       sim --scenario FILE [--trace]\n"
    "       sim_mutants [--mutant NAME | --list] ...\n";

bool SetNumber(const std::string& name, uint64_t value, BatchOptions* batch) {
  if (name == "--first-seed") {
    batch->first_seed = value;
  } else if (name == "--seeds" && value > 0) {
    batch->seeds = value;
  } else if (name == "--nodes" && value > 0 && value <= kNodesMax) {
    batch->run.nodes = static_cast<int>(value);
  } else if (name == "--operations" && value <= 100'000'000) {
    batch->run.operations = static_cast<int>(value);
  } else if (name == "--jobs" && value > 0 && value <= kJobsMax) {
    batch->jobs = static_cast<int>(value);
  } else if (name == "--faults" && value <= 1) {
    batch->run.faults = value == 1;
  } else {
    return false;
  }
  return true;
}

int TellStory(const std::string& file, bool print) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", file.c_str());
    return 2;
  }
  const absl::Status done = RunScenario(text.str(), print);
  std::printf("%s: %s\n", file.c_str(), done.ok() ? "came true" : done.ToString().c_str());
  return done.ok() ? 0 : 1;
}

bool Parse(int argc, char** argv, BatchOptions* batch, std::string* scenario) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--trace") {
      batch->run.print = true;
      continue;
    }
    if (name == "--scenario" && i + 1 < argc) {
      *scenario = argv[++i];
      continue;
    }
    if (name == "--mutant" && i + 1 < argc) {
      batch->run.mutant = argv[++i];
      if (!ChooseMutant(batch->run.mutant)) return false;
      continue;
    }
    uint64_t value = 0;
    if (i + 1 >= argc || !absl::SimpleAtoi(argv[++i], &value)) return false;
    if (!SetNumber(name, value, batch)) return false;
  }
  return true;
}

}  // namespace
}  // namespace docstore::sim

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    for (const docstore::sim::Mutant& mutant : docstore::sim::Mutants()) {
      std::printf("%-20s %s\n", mutant.name, mutant.bug);
    }
    return 0;
  }
  docstore::sim::BatchOptions batch;
  std::string scenario;
  if (!docstore::sim::Parse(argc, argv, &batch, &scenario)) {
    std::fputs(docstore::sim::kUsage, stderr);
    return 2;
  }
  if (!scenario.empty()) return docstore::sim::TellStory(scenario, batch.run.print);
  return docstore::sim::RunBatch(batch) ? 0 : 1;
}
