// Clock arithmetic against sets of dots: whatever a clock says, a std::set says too.

#include <cstddef>
#include <cstdint>
#include <set>

#include "server/base/check.h"
#include "server/core/clock.h"
#include "server/core/dot.h"

namespace {

using docstore::core::Clock;
using docstore::core::Dot;
using docstore::core::Origin;
using docstore::core::Range;
using docstore::core::Ranges;

// Small, so that intervals meet, nest and touch often.
constexpr uint64_t kOrigins = 3;
constexpr uint64_t kSeqMax = 40;
constexpr size_t kBytesPerStep = 3;

struct Modelled {
  Clock clock;
  std::set<Dot> dots;

  void Add(const Range& range) {
    clock.Add(range);
    for (uint64_t seq = range.first; seq <= range.last; ++seq) {
      dots.insert(Dot{range.origin, seq});
    }
  }
};

std::set<Dot> DotsOf(const Ranges& ranges) {
  std::set<Dot> dots;
  for (const Range& range : ranges) {
    CHECK(1 <= range.first && range.first <= range.last);
    for (uint64_t seq = range.first; seq <= range.last; ++seq) {
      CHECK(dots.insert(Dot{range.origin, seq}).second);  // ranges are disjoint
    }
  }
  return dots;
}

std::set<Dot> Difference(const std::set<Dot>& a, const std::set<Dot>& b) {
  std::set<Dot> left;
  for (const Dot& dot : a) {
    if (!b.contains(dot)) left.insert(dot);
  }
  return left;
}

void CheckOne(const Modelled& a) {
  CHECK(DotsOf(a.clock.ToRanges()) == a.dots);
  CHECK(a.clock.CountDots() == a.dots.size());
  CHECK(a.clock == Clock(a.clock.ToRanges()));
  CHECK(a.clock.Hash64() == Clock(a.clock.ToRanges()).Hash64());
  for (uint64_t origin = 1; origin <= kOrigins; ++origin) {
    uint64_t base = 0;
    while (a.dots.contains(Dot{Origin{origin}, base + 1})) ++base;
    CHECK(a.clock.base(Origin{origin}) == base);
    for (uint64_t seq = 1; seq <= kSeqMax + 1; ++seq) {
      CHECK(a.clock.Contains(Dot{Origin{origin}, seq}) ==
            a.dots.contains(Dot{Origin{origin}, seq}));
    }
  }
}

void CheckPair(const Modelled& a, const Modelled& b) {
  const std::set<Dot> missing = Difference(a.dots, b.dots);
  CHECK(DotsOf(a.clock.Minus(b.clock)) == missing);
  CHECK(DotsOf(b.clock.MissingFrom(a.clock.ToRanges())) == missing);
  CHECK(b.clock.Covers(a.clock) == missing.empty());
  Clock sum = b.clock;
  sum.Add(a.clock.Minus(b.clock));
  Clock merged = a.clock;
  merged.Add(b.clock);
  CHECK(sum == merged);
  CHECK((a.clock == b.clock) == (a.dots == b.dots));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Modelled clocks[2];
  for (size_t at = 0; at + kBytesPerStep <= size; at += kBytesPerStep) {
    const uint64_t first = 1 + data[at + 1] % kSeqMax;
    const uint64_t last = first + data[at + 2] % (kSeqMax - first + 1);
    clocks[data[at] % 2].Add(Range{Origin{1 + data[at] / 2 % kOrigins}, first, last});
  }
  CheckOne(clocks[0]);
  CheckOne(clocks[1]);
  CheckPair(clocks[0], clocks[1]);
  CheckPair(clocks[1], clocks[0]);
  return 0;
}
