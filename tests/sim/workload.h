// Workload: the clients of a simulated cluster.
//
// They read and write a few hot and many cold documents at all nodes, with and without guards, with
// contexts fresh and stale, and remember what they wanted, so that the oracle can tell what each
// write was entitled to replace. The mix is drawn from the seed. Not thread-safe.

#ifndef DOCSTORE_TESTS_SIM_WORKLOAD_H_
#define DOCSTORE_TESTS_SIM_WORKLOAD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/document.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/token.h"
#include "server/node/virtual_time.h"
#include "tests/sim/invariants.h"
#include "tests/sim/world.h"

namespace docstore::sim {

class Workload {
 public:
  struct Counts {
    uint64_t reads = 0;
    uint64_t stale_reads = 0;  // lacked a write acknowledged before
    int64_t staleness_us_max = 0;
    uint64_t acknowledged = 0;
    uint64_t refused = 0;   // by a verdict
    uint64_t unserved = 0;  // no answer, or the node did not serve
  };

  // `world` and `intents` must outlive it.
  Workload(uint64_t seed, int operations, World* world, Intents* intents);

  // Begins; operations come by themselves until all are done.
  void Start();
  bool done() const { return left_ == 0; }
  // The process there is gone: its answers will not come.
  void OnProcessGone(Machine* machine) { intents_.RemoveAll(machine->name()); }
  const Counts& counts() const { return counts_; }
  int64_t mean_interval_us() const { return mean_interval_us_; }

 private:
  struct Memory {  // what clients once read of a document
    std::vector<core::ResolveToken> resolve;
    std::vector<core::VersionToken> version;
  };

  void Schedule();
  void Act();
  core::DocumentKey AnyKey();
  void Read(Machine* machine, const core::DocumentKey& key);
  void Write(Machine* machine, const core::DocumentKey& key);
  std::string MakeBody();
  // A guard and its token, as far as clients have read the document.
  void Guard(const core::DocumentKey& key, core::ClientWrite* write);
  void OnAnswer(Machine* machine, const core::DocumentKey& key, const Hash128& hash,
                const absl::StatusOr<core::WriteResult>& answer);

  World& world_;
  Intents& intents_;
  node::VirtualRandom random_;
  int left_;
  uint64_t bodies_ = 0;
  std::map<core::DocumentKey, Memory> memories_;
  Counts counts_;

  // The mix.
  int64_t mean_interval_us_;
  uint64_t keys_;
  uint64_t hot_percent_;
  uint64_t read_percent_;
  uint64_t delete_percent_;
  uint64_t stale_percent_;
  uint64_t large_per_mille_;
  uint64_t burst_percent_;
  uint64_t guard_weights_[4];  // by core::Guard
};

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_WORKLOAD_H_
