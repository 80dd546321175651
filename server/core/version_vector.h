// VersionVector: per origin the highest dot that a document's state accounts for.
//
// For one key, V[o] = n means: every dot of o on that key with seq <= n is either among the
// document's versions or overwritten. It holds because an origin issues its dots of a key one after
// another and a document's state always travels whole. It is not a node's clock: see clock.h.
// Value type, not thread-safe.

#ifndef DOCSTORE_SERVER_CORE_VERSION_VECTOR_H_
#define DOCSTORE_SERVER_CORE_VERSION_VECTOR_H_

#include <string>
#include <vector>

#include "server/core/dot.h"

namespace docstore::core {

class VersionVector {
 public:
  VersionVector() = default;
  // `dots`: any order; of one origin the highest counts.
  explicit VersionVector(const std::vector<Dot>& dots);

  // V[dot.origin] >= dot.seq.
  bool Covers(const Dot& dot) const;
  bool Covers(const VersionVector& other) const;
  // V[origin], 0 when absent.
  uint64_t Get(Origin origin) const;

  void Join(const Dot& dot);
  void Join(const VersionVector& other);

  bool empty() const { return entries_.empty(); }
  // One dot per origin, sorted by origin.
  const std::vector<Dot>& entries() const { return entries_; }
  // "{a:3 b:1}"
  std::string ToString() const;

  friend bool operator==(const VersionVector&, const VersionVector&) = default;

 private:
  std::vector<Dot> entries_;
};

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_VERSION_VECTOR_H_
