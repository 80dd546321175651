// HybridClock: timestamps that follow wall time and never run behind what they have seen.
//
// A hybrid timestamp is 48 bits of milliseconds since 1970 and 16 bits of counter (Kulkarni et al.,
// "Logical Physical Clocks"). It orders versions that are concurrent; it never decides what was
// seen. Not thread-safe.

#ifndef DOCSTORE_SERVER_CORE_HYBRID_CLOCK_H_
#define DOCSTORE_SERVER_CORE_HYBRID_CLOCK_H_

#include <cstdint>

namespace docstore::core {

// The timestamp of wall time `wall_ms` (milliseconds since 1970, below 2^48) with counter 0.
constexpr uint64_t HlcFromMs(int64_t wall_ms) { return static_cast<uint64_t>(wall_ms) << 16; }
constexpr int64_t HlcToMs(uint64_t hlc) { return static_cast<int64_t>(hlc >> 16); }

class HybridClock {
 public:
  // A peer's timestamp further ahead of this node's wall clock than this does not move the clock.
  static constexpr int64_t kDriftMsMax = 500;

  // Starts at `last`: every timestamp handed out is greater.
  explicit HybridClock(uint64_t last) : last_(last) {}

  // A timestamp above `after` and at least wall time. It is above every earlier one too, but for
  // those that followed an `after` beyond the drift bound: these leave the clock where it was. The
  // highest timestamp has no successor; it is its own.
  uint64_t Tick(int64_t wall_ms, uint64_t after);
  // Learns a peer's timestamp. False when it is beyond the drift bound and was not taken over.
  bool Observe(uint64_t remote, int64_t wall_ms);
  uint64_t last() const { return last_; }

 private:
  uint64_t last_;
};

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_HYBRID_CLOCK_H_
