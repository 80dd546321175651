// Barrier: waits for "everything written so far is on every member".
//
// It first asks every linked member for its durable clock as of now; the union of the answers and
// of this node's own clock is the target. It is reached when this node and the mirror of every
// member cover the target. A member without a link cannot be known to have it. Owned by the link
// executor.

#ifndef DOCSTORE_SERVER_NODE_BARRIER_H_
#define DOCSTORE_SERVER_NODE_BARRIER_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "server/core/clock.h"
#include "server/node/status.h"

namespace docstore::node {

// What a barrier must know of one member now.
struct MemberSight {
  std::string name;
  uint64_t link = 0;                     // id of the link that is up, 0 for none
  const core::Clock* durable = nullptr;  // mirror of that link, null without one
};

class Barrier {
 public:
  // `asked`: links that were sent a ClockRequest with `nonce`.
  Barrier(uint64_t nonce, int64_t started_ms, int64_t deadline_ms, std::set<uint64_t> asked,
          absl::AnyInvocable<void(Convergence)> done);

  uint64_t nonce() const { return nonce_; }
  void OnAnswer(uint64_t link) { asked_.erase(link); }
  void OnLinkClosed(uint64_t link) { asked_.erase(link); }

  // Looks at the members again. True when the barrier is over: `done` has been called, because the
  // target was reached or the deadline has passed.
  bool Check(int64_t now_ms, const core::Clock& own, const std::vector<MemberSight>& members);

 private:
  std::vector<Convergence::Behind> Behind(const core::Clock& own,
                                          const std::vector<MemberSight>& members) const;

  const uint64_t nonce_;
  const int64_t started_ms_;
  const int64_t deadline_ms_;
  std::set<uint64_t> asked_;           // links whose answer is outstanding
  std::optional<core::Clock> target_;  // once nothing is outstanding
  absl::AnyInvocable<void(Convergence)> done_;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_BARRIER_H_
