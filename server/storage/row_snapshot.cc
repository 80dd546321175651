#include "server/storage/row_snapshot.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "server/base/status_macros.h"

namespace docstore::storage {

RowSnapshot::RowSnapshot(std::shared_ptr<const Engine> engine,
                         std::unique_ptr<const EngineSnapshot> rows,
                         std::shared_ptr<const CollectionNames> names, Domain domain)
    : engine_(std::move(engine)),
      rows_(std::move(rows)),
      names_(std::move(names)),
      domain_(domain) {}

absl::Status RowSnapshot::Explained(const absl::Status& status) const {
  return status.ok() ? status : ExplainDamage(engine_->location(), status);
}

absl::StatusOr<core::DocumentKey> RowSnapshot::Resolve(const LocalKey& key) const {
  ASSIGN_OR_RETURN(std::string name, names_->NameOf(key.collection));
  return core::DocumentKey{std::move(name), std::string(key.id)};
}

absl::StatusOr<core::Document> RowSnapshot::ReadDocument(const core::DocumentKey& key) const {
  const std::optional<CollectionId> collection = names_->Find(key.collection);
  if (!collection.has_value()) return core::Document();
  const auto row = rows_->Get(DocumentRowKey(domain_, *collection, key.id));
  if (!row.ok()) return Explained(row.status());
  if (!row->has_value()) return core::Document();
  absl::StatusOr<core::Document> document = DecodeDocument(**row);
  if (!document.ok()) return Explained(document.status());
  return document;
}

absl::Status RowSnapshot::AddKeys(const std::string& collection, CollectionId id,
                                  const core::KeyRange& range, size_t limit,
                                  std::vector<core::DocumentKey>* keys) const {
  const std::string from = collection == range.after.collection ? range.after.id : "";
  return ScanRows(*rows_, DocumentRowKey(domain_, id, from), DocumentRowKey(domain_, id, ""),
                  [&](absl::string_view key, absl::string_view) -> absl::StatusOr<bool> {
                    ASSIGN_OR_RETURN(const LocalKey local, DecodeDocumentRowKey(domain_, key));
                    core::DocumentKey found{collection, std::string(local.id)};
                    if (found == range.after) return true;
                    if (!range.Contains(found)) return false;
                    keys->push_back(std::move(found));
                    return keys->size() < limit;
                  });
}

absl::StatusOr<std::vector<core::DocumentKey>> RowSnapshot::ListKeys(const core::KeyRange& range,
                                                                     size_t limit) const {
  std::vector<core::DocumentKey> keys;
  for (const auto& [name, id] : names_->ids()) {
    if (name < range.after.collection || keys.size() >= limit) continue;
    if (range.through.has_value() && name > range.through->collection) break;
    const absl::Status status = AddKeys(name, id, range, limit, &keys);
    if (!status.ok()) return Explained(status);
  }
  return keys;
}

absl::Status RowSnapshot::ScanDots(
    const core::Range& range,
    absl::FunctionRef<bool(const core::Dot&, const core::DocumentKey&)> visit) const {
  return Explained(
      ScanRows(*rows_, DotKey(domain_, {range.origin, range.first}), DotPrefix(domain_),
               [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
                 ASSIGN_OR_RETURN(const core::Dot dot, DecodeDotKey(domain_, key));
                 if (dot.origin != range.origin || dot.seq > range.last) return false;
                 ASSIGN_OR_RETURN(const LocalKey local, DecodeLocalKey(value));
                 ASSIGN_OR_RETURN(const core::DocumentKey document, Resolve(local));
                 // Not one row further than asked: behind the last there may be a long stretch of
                 // erased ones.
                 return visit(dot, document) && dot.seq < range.last;
               }));
}

absl::Status RowSnapshot::ScanDocuments(
    const std::string& collection, absl::string_view from,
    absl::FunctionRef<bool(absl::string_view id, core::Document document)> visit) const {
  const std::optional<CollectionId> local_id = names_->Find(collection);
  if (!local_id.has_value()) return absl::OkStatus();
  return Explained(ScanRows(
      *rows_, DocumentRowKey(domain_, *local_id, from), DocumentRowKey(domain_, *local_id, ""),
      [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
        ASSIGN_OR_RETURN(const LocalKey local, DecodeDocumentRowKey(domain_, key));
        ASSIGN_OR_RETURN(core::Document document, DecodeDocument(value));
        return visit(local.id, std::move(document));
      }));
}

absl::Status RowSnapshot::ScanConflicts(
    const std::string& collection, const core::DocumentKey& from,
    absl::FunctionRef<bool(const core::DocumentKey&)> visit) const {
  std::string prefix = ConflictPrefix(domain_);
  std::string begin = prefix;
  const std::optional<CollectionId> begin_id = names_->Find(from.collection);
  if (begin_id.has_value()) begin = ConflictKey(domain_, *begin_id, from.id);
  if (!collection.empty()) {
    const std::optional<CollectionId> only = names_->Find(collection);
    if (!only.has_value()) return absl::OkStatus();
    prefix = ConflictKey(domain_, *only, "");
    begin = std::max(begin, prefix);
  }
  return Explained(ScanRows(
      *rows_, begin, prefix, [&](absl::string_view key, absl::string_view) -> absl::StatusOr<bool> {
        ASSIGN_OR_RETURN(const LocalKey local, DecodeConflictKey(domain_, key));
        ASSIGN_OR_RETURN(const core::DocumentKey document, Resolve(local));
        return visit(document);
      }));
}

absl::StatusOr<std::vector<core::CollectionRow>> RowSnapshot::ListCollections() const {
  const auto collections = ReadCollections(*rows_, domain_);
  if (!collections.ok()) return Explained(collections.status());
  std::vector<core::CollectionRow> list;
  for (const NamedCollection& collection : *collections) {
    list.push_back({.name = collection.name,
                    .documents = collection.record.documents,
                    .conflicts = collection.record.conflicts,
                    .body_bytes = collection.record.body_bytes});
  }
  return list;
}

absl::StatusOr<std::vector<NamedCollection>> ReadCollections(const EngineSnapshot& rows,
                                                             Domain domain) {
  std::vector<NamedCollection> collections;
  const std::string prefix = CollectionPrefix(domain);
  RETURN_IF_ERROR(
      ScanRows(rows, prefix, prefix,
               [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
                 ASSIGN_OR_RETURN(std::string name, DecodeCollectionKey(domain, key));
                 ASSIGN_OR_RETURN(const CollectionRecord record, DecodeCollection(value));
                 collections.push_back({std::move(name), record});
                 return true;
               }));
  return collections;
}

}  // namespace docstore::storage
