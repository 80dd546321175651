#include "server/host/system_clock.h"

#include <unistd.h>

#include <chrono>

#include "server/base/check.h"

namespace docstore::host {

int64_t SystemClock::WallMs() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t SystemClock::MonotonicUs() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

uint64_t SystemRandom::Next() {
  uint64_t number;
  CHECK(getentropy(&number, sizeof(number)) == 0);
  return number;
}

}  // namespace docstore::host
