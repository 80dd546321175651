// StoreModel: what a store should hold, kept in plain maps, and random commits to feed both.
// For tests only: what every Store must do, whatever it keeps its rows in.

#ifndef DOCSTORE_SERVER_STORAGE_STORE_MODEL_H_
#define DOCSTORE_SERVER_STORAGE_STORE_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/floor.h"
#include "server/core/repair.h"
#include "server/core/replica.h"
#include "server/node/env.h"

namespace docstore::storage {

// A live version with `body`; "" makes a tombstone.
core::Version MakeVersion(const core::Dot& dot, uint64_t hlc, const std::string& body);
// A document with one such version and a context of just its dot.
core::Document MakeDocument(const core::Dot& dot, uint64_t hlc, const std::string& body);
// The document with its bodies, for comparison.
std::string Print(const core::Document& document);

// Value type: a copy is the state at that moment.
class StoreModel {
 public:
  void Apply(const core::Rows& rows);
  // A commit that a node could make on top of this state: documents with their dots, totals that
  // are right, now and then members, a hybrid clock bound, a checkpoint, a higher floor with erased
  // dots and stripped documents, and progress of a repair.
  core::Rows RandomRows(std::mt19937_64* random) const;
  // Fails the running test where `snapshot` differs.
  void ExpectEqual(const node::Snapshot& snapshot) const;
  void ExpectEqual(const core::Recovered& recovered) const;

  core::Clock clock() const;  // of the floor and the index
  const core::Floor& floor() const { return floor_; }

 private:
  void AddRandomWrite(std::mt19937_64* random, StoreModel* after, core::Rows* rows) const;
  void AddRandomFloor(std::mt19937_64* random, StoreModel* after, core::Rows* rows) const;
  void ExpectKeys(const node::Snapshot& snapshot, const core::KeyRange& range, size_t limit) const;
  std::vector<std::string> PrintConflicts() const;

  std::map<core::DocumentKey, core::Document> documents_;
  std::set<core::DocumentKey> conflicts_;
  std::map<core::Dot, core::DocumentKey> dots_;
  std::map<std::string, core::CollectionRow> collections_;
  std::vector<std::string> collection_order_;
  std::map<std::string, core::Member> members_;
  uint64_t hlc_upper_ = 0;
  core::Floor floor_;
  std::optional<core::RepairProgress> repair_;
};

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_STORE_MODEL_H_
