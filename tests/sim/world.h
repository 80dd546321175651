// World: the machines of one simulated cluster, the network between them, and the truth about what
// they have done.
//
// Everything that happens passes through here: each commit and each frame is judged against the
// oracle as it happens and goes into the trace. Faults come from outside (chaos.h, scenario.h). Not
// thread-safe.

#ifndef DOCSTORE_TESTS_SIM_WORLD_H_
#define DOCSTORE_TESTS_SIM_WORLD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/core/document.h"
#include "server/core/frame.h"
#include "server/node/virtual_network.h"
#include "server/node/virtual_time.h"
#include "tests/sim/invariants.h"
#include "tests/sim/machine.h"
#include "tests/sim/options.h"
#include "tests/sim/oracle.h"
#include "tests/sim/trace.h"

namespace docstore::sim {

inline constexpr int64_t kSecondUs = 1'000'000;

class World : public Machine::Owner {
 public:
  // `intents` must outlive the world.
  World(uint64_t seed, bool print, const Intents* intents);
  ~World() override;

  // A machine called `name`, off; its node's seeds are the machines named.
  Machine& AddMachine(const std::string& name, const std::vector<std::string>& seeds);
  // A second machine with a copy of the disk of `machine`, at an address of its own; on. It is not
  // one of the cluster's: nobody waits for it, and it must end when it is found out.
  Machine& StartClone(Machine* machine);
  // Puts the disk of a machine that is off back to its last image, or takes it away.
  void RestoreImage(Machine* machine);
  void LoseDisk(Machine* machine);
  int size() const { return static_cast<int>(machines_.size()); }
  Machine& machine(int index) { return *machines_[index]; }
  // Null when there is none of that name.
  Machine* Find(const std::string& name);

  // Runs; stops at once when an invariant is violated.
  void RunFor(int64_t duration_us);
  bool RunUntil(const std::function<bool()>& done, int64_t limit_us);
  // All machines run and have the same clock.
  bool Converged();
  // After convergence: all hold the same bytes, and exactly what the oracle expects.
  void CheckEqual();
  // The rows of one node agree with each other and with the oracle.
  void CheckStored(Machine* machine);
  // Writes that were acknowledged and that no disk has any more because disks were lost.
  uint64_t destroyed() const;
  // Clones that were started.
  const std::vector<std::unique_ptr<Machine>>& clones() const { return clones_; }

  // The document as the last commit of `machine` left it; it must run.
  core::Document Read(Machine* machine, const core::DocumentKey& key);

  node::VirtualTime& time() { return time_; }
  node::VirtualNetwork& network() { return network_; }
  Oracle& oracle() { return oracle_; }
  Trace& trace() { return trace_; }
  // Called when a process has ended by itself; an OK status for a commit fault.
  std::function<void(Machine*, const absl::Status&)> on_ended;

  void OnRecovered(Machine* machine, const core::Recovered& recovered) override;
  void OnCommitted(Machine* machine, const core::Rows& rows, const node::Snapshot& before) override;
  void OnEnded(Machine* machine, const absl::Status& why) override;

 private:
  void OnFrame(const std::string& from, const std::string& to, const core::Frame& frame);
  // What `machine` no longer has on its disk.
  void ForgetHolder(const Machine& machine);
  static void KeepPassengers(const core::Docs& docs, Stored* node);
  // Documents, contexts, bodies and totals, as text.
  std::string Contents(Machine* machine);

  node::VirtualTime time_;
  Trace trace_;
  node::VirtualNetwork network_;
  Oracle oracle_;
  Invariants invariants_;
  const uint64_t seed_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::unique_ptr<Machine>> clones_;
  std::map<std::string, Machine*> by_address_;
};

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_WORLD_H_
