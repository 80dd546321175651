// DotSet: a node's clock as a client sees it: the set of writes that the node has incorporated.
//
// A dot names one write: the seq-th of an origin, which is one run of one node. Value types, not
// thread-safe.

#ifndef DOCSTORE_CLIENT_DOT_SET_H_
#define DOCSTORE_CLIENT_DOT_SET_H_

#include <compare>
#include <cstdint>
#include <map>
#include <string>

namespace docstore::client {

struct Dot {
  uint64_t origin = 0;
  uint64_t seq = 0;
  friend auto operator<=>(const Dot&, const Dot&) = default;
};

// "a:3": the origin in hexadecimal, as nodes write it.
std::string ToString(const Dot& dot);

class DotSet {
 public:
  // The dots (origin, first) to (origin, last). Ranges of one set are disjoint and never adjacent.
  void Add(uint64_t origin, uint64_t first, uint64_t last);

  bool Contains(const Dot& dot) const;

  friend bool operator==(const DotSet&, const DotSet&) = default;

 private:
  std::map<Dot, uint64_t> ranges_;  // the first dot of each, and the last number
};

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_DOT_SET_H_
