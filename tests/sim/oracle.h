// Oracle: every write that ever became durable anywhere, and which writes it replaced.
//
// It is what no node has: the truth. "z replaced y" means that whoever wrote z had seen y, so y is
// gone wherever z is known. Replacement is recorded one step deep (z and the versions it met); what
// those had replaced follows by going on from there. A write that nothing replaced must be held by
// every node that knows it. Not thread-safe.

#ifndef DOCSTORE_TESTS_SIM_ORACLE_H_
#define DOCSTORE_TESTS_SIM_ORACLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "server/base/hash.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"

namespace docstore::sim {

struct Write {
  core::Dot dot;
  core::DocumentKey key;
  bool deleted = false;
  Hash128 hash;
  bool body_known = false;  // false: replaced in the Step that made it, before anybody saw it
  std::vector<core::Dot> replaced;     // what its writer had seen
  std::vector<core::Dot> replaced_by;  // by whom it was seen
  int64_t durable_us = 0;
  int64_t acknowledged_us = -1;  // -1: no answer reached the client
  int64_t stable_us = -1;        // when every machine had it
  uint64_t holders = 0;          // machines whose disk has it, by bit
  // Every disk that had it was lost while nobody else had it.
  bool disks_lost = false;
};

class Oracle {
 public:
  // Writes of `key`, in no particular order, that nothing replaced so far.
  const std::vector<core::Dot>& Current(const core::DocumentKey& key) const;
  // Null when no such write became durable.
  const Write* Find(const core::Dot& dot) const;
  Write* Find(const core::Dot& dot);

  // A write became durable for the first time. Requires that it is not known.
  Write& Add(Write write);
  // `dot` had seen `replaced`, which must be known, as `dot` must.
  void AddReplaced(const core::Dot& dot, const core::Dot& replaced);

  // Something that replaced `dot`, directly or in several steps, satisfies `holds`.
  bool ReplacedByAny(const core::Dot& dot,
                     const std::function<bool(const core::Dot&)>& holds) const;
  // What a node that knows exactly `clock` must hold of `key`.
  std::vector<core::Dot> Expected(const core::DocumentKey& key, const core::Clock& clock) const;

  const std::map<core::Dot, Write>& writes() const { return writes_; }
  std::map<core::Dot, Write>& writes() { return writes_; }
  const std::map<core::DocumentKey, std::vector<core::Dot>>& keys() const { return keys_; }

 private:
  std::map<core::Dot, Write> writes_;
  std::map<core::DocumentKey, std::vector<core::Dot>> keys_;     // all writes of a key
  std::map<core::DocumentKey, std::vector<core::Dot>> current_;  // those not replaced
};

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_ORACLE_H_
