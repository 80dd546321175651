// Dot: the name of one write, and Origin: who issues dots.
//
// An origin is one incarnation of one node: a random 64-bit id drawn at every process start, so a
// restored or cloned disk can never issue a dot twice. Dot (o, n) is the n-th write of origin o
// over the whole domain, n = 1, 2, 3...

#ifndef DOCSTORE_SERVER_CORE_DOT_H_
#define DOCSTORE_SERVER_CORE_DOT_H_

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace docstore::core {

enum class Origin : uint64_t {};

struct Dot {
  Origin origin{};
  uint64_t seq = 0;  // from 1; 0 names no write
  friend auto operator<=>(const Dot&, const Dot&) = default;
};

// The dots (origin, first) to (origin, last), both included; 1 <= first <= last.
struct Range {
  Origin origin{};
  uint64_t first = 0;
  uint64_t last = 0;
  friend auto operator<=>(const Range&, const Range&) = default;
};

// Sorted, disjoint, never adjacent.
using Ranges = std::vector<Range>;

// "a:3": the origin in hexadecimal without leading zeros.
std::string ToString(const Dot& dot);
// "a:[1..4,6] b:[2]", "" when empty.
std::string ToString(const Ranges& ranges);
// Sum of the ranges' sizes.
uint64_t CountDots(const Ranges& ranges);

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_DOT_H_
