// Trace: what happened in a run, as a hash and, when asked for, as a transcript.
//
// Every event of a run goes in, so two runs with equal hashes did the same. The first violation of
// an invariant is kept here too: whoever sees one says so and the run ends. Not thread-safe.

#ifndef DOCSTORE_TESTS_SIM_TRACE_H_
#define DOCSTORE_TESTS_SIM_TRACE_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "server/node/virtual_time.h"

namespace docstore::sim {

class Trace {
 public:
  // `time` must outlive the trace. With `print`, each event is a line on standard output.
  Trace(const node::VirtualTime* time, bool print) : time_(time), print_(print) {}

  // `text` is called only when somebody reads it; `number` stands for the event in the hash.
  void Add(uint64_t number, absl::FunctionRef<std::string()> text);
  // An event that is rare enough to be told in full.
  void Say(absl::string_view text);
  // An invariant does not hold. Only the first one counts: what follows may be its consequence.
  void Fail(absl::string_view text);

  uint64_t hash() const { return hash_; }
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }

 private:
  void Mix(uint64_t number);
  void Print(absl::string_view text) const;

  const node::VirtualTime* const time_;
  const bool print_;
  uint64_t hash_ = 0;
  std::string failure_;
};

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_TRACE_H_
