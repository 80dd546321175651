#include "server/core/clock.h"

#include <algorithm>
#include <limits>

#include "server/base/byte_order.h"
#include "server/base/check.h"
#include "server/base/hash.h"

namespace docstore::core {

size_t IntervalSet::FirstReaching(uint64_t n) const {
  const auto it =
      std::lower_bound(intervals_.begin(), intervals_.end(), n,
                       [](const Interval& i, uint64_t value) { return i.last < value; });
  return it - intervals_.begin();
}

bool IntervalSet::Contains(uint64_t n) const { return n >= 1 && ContainsAll(n, n); }

bool IntervalSet::ContainsAll(uint64_t first, uint64_t last) const {
  const size_t i = FirstReaching(first);
  return i < intervals_.size() && intervals_[i].first <= first && last <= intervals_[i].last;
}

void IntervalSet::Add(uint64_t first, uint64_t last) {
  CHECK(1 <= first && first <= last);
  // The common case: the next number, or one past a gap at the end.
  if (intervals_.empty() || intervals_.back().last < first - 1) {
    intervals_.push_back({first, last});
    return;
  }
  // Intervals that touch [first-1, last+1] melt into one.
  const size_t begin = FirstReaching(first - 1);
  const uint64_t reach = last == std::numeric_limits<uint64_t>::max() ? last : last + 1;
  size_t end = begin;
  while (end < intervals_.size() && intervals_[end].first <= reach) ++end;
  if (begin == end) {
    intervals_.insert(intervals_.begin() + begin, {first, last});
    return;
  }
  intervals_[begin].first = std::min(intervals_[begin].first, first);
  intervals_[begin].last = std::max(intervals_[end - 1].last, last);
  intervals_.erase(intervals_.begin() + begin + 1, intervals_.begin() + end);
}

std::vector<IntervalSet::Interval> IntervalSet::Gaps(uint64_t first, uint64_t last) const {
  std::vector<Interval> gaps;
  uint64_t next = first;
  for (size_t i = FirstReaching(first); i < intervals_.size() && intervals_[i].first <= last; ++i) {
    if (next < intervals_[i].first) gaps.push_back({next, intervals_[i].first - 1});
    if (intervals_[i].last >= last) return gaps;
    next = intervals_[i].last + 1;
  }
  gaps.push_back({next, last});
  return gaps;
}

uint64_t IntervalSet::base() const {
  return !intervals_.empty() && intervals_.front().first == 1 ? intervals_.front().last : 0;
}

bool Clock::Contains(const Dot& dot) const { return of(dot.origin).Contains(dot.seq); }

bool Clock::Covers(const Clock& other) const {
  for (const auto& [origin, set] : other.origins_) {
    const IntervalSet& mine = of(origin);
    for (const IntervalSet::Interval& interval : set.intervals()) {
      if (!mine.ContainsAll(interval.first, interval.last)) return false;
    }
  }
  return true;
}

void Clock::Add(const Dot& dot) { origins_[dot.origin].Add(dot.seq, dot.seq); }

void Clock::Add(const Range& range) { origins_[range.origin].Add(range.first, range.last); }

void Clock::Add(const Ranges& ranges) {
  for (const Range& range : ranges) Add(range);
}

void Clock::Add(const Clock& other) {
  for (const auto& [origin, set] : other.origins_) {
    IntervalSet& mine = origins_[origin];
    for (const IntervalSet::Interval& interval : set.intervals()) {
      mine.Add(interval.first, interval.last);
    }
  }
}

Ranges Clock::MissingFrom(const Range& range) const {
  Ranges missing;
  for (const IntervalSet::Interval& gap : of(range.origin).Gaps(range.first, range.last)) {
    missing.push_back({range.origin, gap.first, gap.last});
  }
  return missing;
}

Ranges Clock::MissingFrom(const Ranges& ranges) const {
  Ranges missing;
  for (const Range& range : ranges) {
    for (const Range& gap : MissingFrom(range)) missing.push_back(gap);
  }
  return missing;
}

Clock Clock::Intersect(const Clock& other) const { return Clock(Minus(Clock(Minus(other)))); }

Ranges Clock::Minus(const Clock& other) const {
  Ranges result;
  for (const auto& [origin, set] : origins_) {
    for (const IntervalSet::Interval& interval : set.intervals()) {
      for (const Range& gap : other.MissingFrom({origin, interval.first, interval.last})) {
        result.push_back(gap);
      }
    }
  }
  return result;
}

const IntervalSet& Clock::of(Origin origin) const {
  static const IntervalSet kNone;
  const auto it = origins_.find(origin);
  return it == origins_.end() ? kNone : it->second;
}

uint64_t Clock::base(Origin origin) const { return of(origin).base(); }

Ranges Clock::ToRanges() const {
  Ranges ranges;
  for (const auto& [origin, set] : origins_) {
    for (const IntervalSet::Interval& interval : set.intervals()) {
      ranges.push_back({origin, interval.first, interval.last});
    }
  }
  return ranges;
}

uint64_t Clock::CountDots() const { return core::CountDots(ToRanges()); }

uint64_t Clock::Hash64() const {
  std::string bytes;
  for (const Range& range : ToRanges()) {
    AppendBigEndian64(static_cast<uint64_t>(range.origin), &bytes);
    AppendBigEndian64(range.first, &bytes);
    AppendBigEndian64(range.last, &bytes);
  }
  return HashBytes64(bytes);
}

}  // namespace docstore::core
