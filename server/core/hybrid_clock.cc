#include "server/core/hybrid_clock.h"

#include <algorithm>
#include <limits>

namespace docstore::core {

uint64_t HybridClock::Tick(int64_t wall_ms, uint64_t after) {
  // A version far ahead of the drift bound still gets a successor above it, for causality of that
  // document alone: the clock itself stays where it was.
  const uint64_t own = std::max(HlcFromMs(wall_ms), last_ + 1);
  if (after < own) {
    last_ = own;
    return own;
  }
  if (!Observe(after, wall_ms)) {
    last_ = own;
    return after == std::numeric_limits<uint64_t>::max() ? after : after + 1;
  }
  last_ = after + 1;
  return last_;
}

bool HybridClock::Observe(uint64_t remote, int64_t wall_ms) {
  if (remote > HlcFromMs(wall_ms + kDriftMsMax)) return remote <= last_;
  last_ = std::max(last_, remote);
  return true;
}

}  // namespace docstore::core
