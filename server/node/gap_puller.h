// GapPuller: decides what to ask of whom, so that every gap in this node's clock is filled once.
//
// A node pushes its own writes; writes of any other origin, and pushes that got lost, show as gaps:
// dots in a peer's mirror that are not in this node's clock. Each origin's gap is asked of one peer
// at a time, and of another when that one makes no progress. Owned by the link executor.

#ifndef DOCSTORE_SERVER_NODE_GAP_PULLER_H_
#define DOCSTORE_SERVER_NODE_GAP_PULLER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "server/core/clock.h"
#include "server/core/dot.h"

namespace docstore::node {

// What the puller must know of a link that is up.
struct PullSource {
  uint64_t link = 0;
  core::Origin origin{};                 // of the peer: it pushes these dots by itself
  const core::Clock* durable = nullptr;  // mirror
};

class GapPuller {
 public:
  // A gap that the origin itself is connected to fill gets so long before it is asked of others.
  static constexpr int64_t kPushPatienceUs = 300'000;
  // A peer that was asked and brings nothing new for so long is given up.
  static constexpr int64_t kPullPatienceUs = 2'000'000;

  // `random` chooses among peers.
  explicit GapPuller(std::function<uint64_t()> random) : random_(std::move(random)) {}

  // Looks at all gaps again. Returns per link what to ask of it now; links whose request stands as
  // before are left out. `urgent`: dots somebody waits for.
  std::map<uint64_t, core::Ranges> Plan(int64_t now_us, const core::Clock& own,
                                        const std::vector<PullSource>& sources,
                                        const core::Ranges& urgent);
  // True when no source had anything that this node lacked at the last Plan.
  bool idle() const { return gaps_.empty(); }

 private:
  struct Gap {
    uint64_t have = 0;        // dots of the origin in this node's clock
    int64_t progress_us = 0;  // when `have` last changed, or the gap was first seen
    uint64_t link = 0;        // asked of, 0 nobody
    int64_t asked_us = 0;
  };

  // What of `missing`, dots of `origin`, to ask of gap->link, which it may choose.
  core::Ranges Assign(int64_t now_us, core::Origin origin, const core::Ranges& missing,
                      const std::vector<PullSource>& sources, const core::Ranges& urgent, Gap* gap);
  // A gap nobody was asked about may be asked about now.
  bool MayAsk(int64_t now_us, core::Origin origin, const Gap& gap,
              const std::vector<PullSource>& sources, const core::Ranges& urgent) const;
  // Of all `wants` those that the links have not been told.
  std::map<uint64_t, core::Ranges> Changed(std::map<uint64_t, core::Ranges> wants);

  std::function<uint64_t()> random_;
  std::map<core::Origin, Gap> gaps_;
  std::map<uint64_t, core::Ranges> asked_;  // by link, as last returned
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_GAP_PULLER_H_
