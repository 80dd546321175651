#include "tests/sim/simulation.h"

#include "absl/strings/str_cat.h"
#include "server/base/hash.h"
#include "tests/sim/chaos.h"
#include "tests/sim/world.h"

namespace docstore::sim {
namespace {

// Everything must be equal so long after the last fault.
constexpr int64_t kConvergeUsMax = 120 * kSecondUs;
constexpr int64_t kAuditUs = 10 * kSecondUs;

// Independent streams of chance from one seed.
uint64_t Stream(uint64_t seed, const char* purpose) {
  return HashBytes64(absl::StrCat(seed, "/", purpose));
}

class Simulation {
 public:
  explicit Simulation(const Options& options)
      : options_(options),
        world_(Stream(options.seed, "world"), options.print, &intents_),
        workload_(Stream(options.seed, "workload"), options.operations, &world_, &intents_),
        chaos_(Stream(options.seed, "chaos"), &world_,
               [this](Machine* machine) { workload_.OnProcessGone(machine); }) {
    std::vector<std::string> names;
    for (int i = 1; i <= options.nodes; ++i) names.push_back(absl::StrCat("n", i));
    for (const std::string& name : names) world_.AddMachine(name, names);
  }

  Report Run() {
    chaos_.Start(options_.faults);
    workload_.Start();
    while (!workload_.done() && !world_.trace().failed()) {
      world_.RunUntil([this] { return workload_.done(); }, kAuditUs);
      const int next = audits_++ % world_.size();
      world_.CheckStored(&world_.machine(next));
    }
    if (!world_.trace().failed()) Calm();
    return MakeReport();
  }

 private:
  void Calm() {
    chaos_.Stop();
    const int64_t healed_us = world_.time().now_us();
    // The last answers come within this; clocks may be equal before.
    const auto settled = [this] { return world_.Converged(); };
    while (!world_.trace().failed()) {
      world_.RunFor(kSecondUs / 20);
      if (settled()) break;
      if (world_.time().now_us() - healed_us > kConvergeUsMax) {
        Diverged();
        return;
      }
    }
    converged_us_ = world_.time().now_us() - healed_us;
    world_.RunFor(kQuietUs);
    if (world_.trace().failed()) return;
    if (!settled()) Diverged();
    if (!world_.trace().failed()) world_.CheckEqual();
    CheckMesh();
  }

  void CheckMesh() {
    const size_t pairs = static_cast<size_t>(world_.size()) * (world_.size() - 1) / 2;
    if (world_.network().open_streams() != pairs) {
      world_.trace().Fail(absl::StrCat("there are ", world_.network().open_streams(),
                                       " streams, one per pair is ", pairs));
    }
    for (int i = 0; i < world_.size(); ++i) {
      if (!world_.machine(i).node().ready()) {
        world_.trace().Fail(absl::StrCat(world_.machine(i).name(), " is not ready"));
      }
    }
  }

  void Diverged() {
    std::string text = absl::StrCat("after ", kConvergeUsMax / kSecondUs, " s of calm");
    for (int i = 0; i < world_.size(); ++i) {
      absl::StrAppend(&text, "\n  ", world_.machine(i).name(), " ",
                      world_.machine(i).running() ? "knows " : "is off, knows ",
                      world_.machine(i).stored().clock.ToString());
    }
    world_.trace().Fail(text);
  }

  Report MakeReport() {
    Report report{.seed = options_.seed,
                  .failure = world_.trace().failure(),
                  .trace_hash = world_.trace().hash(),
                  .events = world_.time().events_run(),
                  .virtual_us = world_.time().now_us(),
                  .clients = workload_.counts(),
                  .writes = world_.oracle().writes().size(),
                  .destroyed = world_.destroyed(),
                  .converged_us = converged_us_,
                  .faults = chaos_.Describe()};
    for (const auto& [dot, write] : world_.oracle().writes()) {
      if (write.acknowledged_us < 0 || write.stable_us < 0) continue;
      report.stable_us.push_back(write.stable_us - write.acknowledged_us);
    }
    return report;
  }

  // After the clocks are equal: streams that were given up are dialled again, answers arrive,
  // floors rise and what lies below them goes.
  static constexpr int64_t kQuietUs = 70 * kSecondUs;

  const Options options_;
  Intents intents_;
  World world_;
  Workload workload_;
  Chaos chaos_;
  int audits_ = 0;
  int64_t converged_us_ = -1;
};

}  // namespace

Report Simulate(const Options& options) { return Simulation(options).Run(); }

}  // namespace docstore::sim
