// SystemClock and SystemRandom: time and randomness of the machine, the only place that asks for
// them. Everything else gets them as node::Clock and node::Random, so that tests decide both.
// Thread-safe.

#ifndef DOCSTORE_SERVER_HOST_SYSTEM_CLOCK_H_
#define DOCSTORE_SERVER_HOST_SYSTEM_CLOCK_H_

#include <cstdint>

#include "server/node/env.h"

namespace docstore::host {

class SystemClock : public node::Clock {
 public:
  int64_t WallMs() const override;
  int64_t MonotonicUs() const override;
};

// Every number comes from the kernel: an origin drawn twice would lose writes.
class SystemRandom : public node::Random {
 public:
  uint64_t Next() override;
};

}  // namespace docstore::host

#endif  // DOCSTORE_SERVER_HOST_SYSTEM_CLOCK_H_
