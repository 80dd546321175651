// Invariants: what must hold of each commit of each node, judged by the oracle.
//
// PROTOCOL.md states them. Of every key that a commit touches: a write that nothing replaced is
// held wherever it is known (nothing is lost); what a known write replaced is not held (no zombie,
// J1); the context covers what the writes above the floor replaced (J2), and never a write that was
// neither seen nor replaced. Dots are issued once and in order, clocks only grow, and versions are
// those that were written. Not thread-safe.

#ifndef DOCSTORE_TESTS_SIM_INVARIANTS_H_
#define DOCSTORE_TESTS_SIM_INVARIANTS_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/base/hash.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/node/env.h"
#include "tests/sim/oracle.h"
#include "tests/sim/trace.h"

namespace docstore::sim {

// What a client asked for that it has no answer to yet, and so what it was entitled to replace.
struct Intent {
  bool deleted = false;
  Hash128 hash;  // of the body; zero for a delete
  core::Guard guard = core::Guard::kNone;
  core::Token token;
};

// One node as its disk stands.
struct Stored {
  std::string name;
  core::Origin origin{};  // of the process that runs on it
  core::Clock clock;
  core::Clock floor;  // part of the clock
  // Versions that came in states which did not account for them: held, perhaps, but not known.
  std::map<core::DocumentKey, std::set<core::Dot>> passengers;
};

// The writes under way. Of one document at one node their bodies differ, and at most one is a
// delete, so that each version that appears can be told from the others.
class Intents {
 public:
  // False when a delete of the document is under way at that node already.
  bool Add(const std::string& node, const core::DocumentKey& key, Intent intent);
  // The client has its answer.
  void Remove(const std::string& node, const core::DocumentKey& key, const Hash128& hash);
  // The process is gone, no answer will come.
  void RemoveAll(const std::string& node);
  const std::vector<Intent>& Find(const std::string& node, const core::DocumentKey& key) const;
  // Null when that version is none of them.
  const Intent* Find(const std::string& node, const core::DocumentKey& key,
                     const core::Version& version) const;

 private:
  std::map<std::pair<std::string, core::DocumentKey>, std::vector<Intent>> intents_;
};

class Invariants {
 public:
  // All must outlive it.
  Invariants(Oracle* oracle, const Intents* intents, Trace* trace)
      : oracle_(*oracle), intents_(*intents), trace_(*trace) {}

  // `rows` go to the disk of `node`, which shows `before`. Adds what is new to the oracle and to
  // node->clock. `new_dots`: all dots that the node had not known.
  void OnCommit(const core::Rows& rows, const node::Snapshot& before, Stored* node,
                std::vector<core::Dot>* new_dots, int64_t now_us);
  // Everything `snapshot` holds agrees with the clock, the oracle and itself: no row of the index,
  // of conflicts or totals is missing or too much.
  void CheckAll(const Stored& node, const node::Snapshot& snapshot);

 private:
  struct Touched {
    core::Document before;
    std::vector<const core::Document*> steps;  // after each Step that changed it, in order
    std::vector<core::Dot> added;              // dots that came into the clock under this key
    const core::Document& now() const { return steps.empty() ? before : *steps.back(); }
  };
  using TouchedKeys = std::map<core::DocumentKey, Touched>;

  TouchedKeys Gather(const core::Rows& rows, const node::Snapshot& before) const;
  void AddClock(const core::Rows& rows, Stored* node, std::vector<core::Dot>* new_dots);
  // Writes that this commit makes durable for the first time.
  void AddWrites(const TouchedKeys& touched, const Stored& node, const core::Clock& clock_before,
                 int64_t now_us);
  void AddReplaced(const Stored& node, const Touched& touched, size_t step, const core::Dot& dot,
                   const Intent* intent);
  // What stood there when `dot` was written in that Step: held before it or come with it, and gone
  // after it.
  std::vector<core::Dot> Met(const Stored& node, const Touched& touched, size_t step,
                             const core::Dot& dot) const;
  void CheckDocument(const Stored& node, const core::DocumentKey& key,
                     const core::Document& document);
  void CheckIndex(const Stored& node, const node::Snapshot& snapshot, const core::Range& range);
  void CheckAdded(const Stored& node, const core::DocumentKey& key, const Touched& touched);
  void Fail(const Stored& node, const core::DocumentKey& key, const core::Document& document,
            const std::string& what);

  Oracle& oracle_;
  core::Clock floors_;  // of all nodes, joined
  const Intents& intents_;
  Trace& trace_;
};

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_INVARIANTS_H_
