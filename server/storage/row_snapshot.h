// RowSnapshot: node::Snapshot over the rows of an engine's snapshot.
//
// Immutable and thread-safe. Keeps its engine alive.

#ifndef DOCSTORE_SERVER_STORAGE_ROW_SNAPSHOT_H_
#define DOCSTORE_SERVER_STORAGE_ROW_SNAPSHOT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/node/env.h"
#include "server/storage/collection_names.h"
#include "server/storage/engine.h"
#include "server/storage/key_schema.h"
#include "server/storage/record.h"

namespace docstore::storage {

class RowSnapshot : public node::Snapshot {
 public:
  // `rows` is a snapshot of `engine`; `names` knows every collection in it.
  RowSnapshot(std::shared_ptr<const Engine> engine, std::unique_ptr<const EngineSnapshot> rows,
              std::shared_ptr<const CollectionNames> names, Domain domain);

  absl::StatusOr<core::Document> ReadDocument(const core::DocumentKey& key) const override;
  absl::StatusOr<std::vector<core::DocumentKey>> ListKeys(const core::KeyRange& range,
                                                          size_t limit) const override;
  absl::Status ScanDots(
      const core::Range& range,
      absl::FunctionRef<bool(const core::Dot&, const core::DocumentKey&)> visit) const override;
  absl::Status ScanDocuments(
      const std::string& collection, absl::string_view from,
      absl::FunctionRef<bool(absl::string_view id, core::Document document)> visit) const override;
  absl::Status ScanConflicts(
      const std::string& collection, const core::DocumentKey& from,
      absl::FunctionRef<bool(const core::DocumentKey&)> visit) const override;
  absl::StatusOr<std::vector<core::CollectionRow>> ListCollections() const override;

 private:
  absl::StatusOr<core::DocumentKey> Resolve(const LocalKey& key) const;
  // Adds the keys of one collection in `range`, until there are `limit`.
  absl::Status AddKeys(const std::string& collection, CollectionId id, const core::KeyRange& range,
                       size_t limit, std::vector<core::DocumentKey>* keys) const;
  absl::Status Explained(const absl::Status& status) const;

  const std::shared_ptr<const Engine> engine_;
  const std::unique_ptr<const EngineSnapshot> rows_;
  const std::shared_ptr<const CollectionNames> names_;
  const Domain domain_;
};

// What storage keeps of one collection, and its name. Ascending by name.
struct NamedCollection {
  std::string name;
  CollectionRecord record;
};
absl::StatusOr<std::vector<NamedCollection>> ReadCollections(const EngineSnapshot& rows,
                                                             Domain domain);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_ROW_SNAPSHOT_H_
