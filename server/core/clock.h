// Clock: the set of dots that a node has incorporated, and set arithmetic on it.
//
// Per origin it keeps sorted disjoint intervals that never touch; the first one that starts at 1 is
// the origin's base. Clocks are the digest of gossip (what a peer lacks is a subtraction), the
// answer to "converged?" (equality) and the wait for it (cover). Cost is per interval, never per
// dot. Value types, not thread-safe.

#ifndef DOCSTORE_SERVER_CORE_CLOCK_H_
#define DOCSTORE_SERVER_CORE_CLOCK_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server/core/dot.h"

namespace docstore::core {

// A set of numbers >= 1 as intervals [first, last].
class IntervalSet {
 public:
  struct Interval {
    uint64_t first;
    uint64_t last;
    friend bool operator==(const Interval&, const Interval&) = default;
  };

  bool Contains(uint64_t n) const;
  // All of [first, last]; requires 1 <= first <= last.
  bool ContainsAll(uint64_t first, uint64_t last) const;
  // Requires 1 <= first <= last.
  void Add(uint64_t first, uint64_t last);
  // The members of [first, last] that are not in this set, ascending.
  std::vector<Interval> Gaps(uint64_t first, uint64_t last) const;
  // Largest n with 1..n all in the set; 0 when 1 is missing.
  uint64_t base() const;
  // Largest member, 0 when empty.
  uint64_t max() const { return intervals_.empty() ? 0 : intervals_.back().last; }
  bool empty() const { return intervals_.empty(); }
  const std::vector<Interval>& intervals() const { return intervals_; }

  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

 private:
  // Index of the first interval whose last >= n.
  size_t FirstReaching(uint64_t n) const;

  std::vector<Interval> intervals_;
};

class Clock {
 public:
  Clock() = default;
  explicit Clock(const Ranges& ranges) { Add(ranges); }

  bool Contains(const Dot& dot) const;
  // Every dot of `other` is in this clock.
  bool Covers(const Clock& other) const;

  void Add(const Dot& dot);
  void Add(const Range& range);
  void Add(const Ranges& ranges);
  void Add(const Clock& other);

  // The dots of this clock that are not in `other`.
  Ranges Minus(const Clock& other) const;
  // The dots that are in both.
  Clock Intersect(const Clock& other) const;
  // The dots of `range` that are not in this clock.
  Ranges MissingFrom(const Range& range) const;
  Ranges MissingFrom(const Ranges& ranges) const;

  // Largest n with (origin, 1..n) all in the clock.
  uint64_t base(Origin origin) const;
  // The set of one origin; an empty set when none is known.
  const IntervalSet& of(Origin origin) const;
  bool Knows(Origin origin) const { return origins_.contains(origin); }

  bool empty() const { return origins_.empty(); }
  Ranges ToRanges() const;
  uint64_t CountDots() const;
  // Equal clocks have equal hashes on every node.
  uint64_t Hash64() const;
  // "a:[1..4,6] b:[2]"
  std::string ToString() const { return core::ToString(ToRanges()); }
  // Never holds an empty set.
  const std::map<Origin, IntervalSet>& origins() const { return origins_; }

  friend bool operator==(const Clock&, const Clock&) = default;

 private:
  std::map<Origin, IntervalSet> origins_;
};

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_CLOCK_H_
