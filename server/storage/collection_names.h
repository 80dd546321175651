// CollectionNames: which local number stands for which collection in this node's row keys.
//
// Numbers are given in the order of first writes, from 1, and never again: rows of a snapshot that
// is older than this map are still read right with it. Value type, not thread-safe.

#ifndef DOCSTORE_SERVER_STORAGE_COLLECTION_NAMES_H_
#define DOCSTORE_SERVER_STORAGE_COLLECTION_NAMES_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/storage/key_schema.h"

namespace docstore::storage {

class CollectionNames {
 public:
  // nullopt: no such collection.
  std::optional<CollectionId> Find(absl::string_view name) const;
  // By name.
  const std::map<std::string, CollectionId, std::less<>>& ids() const { return ids_; }
  // DATA_LOSS when no collection has this number: it came from a row.
  absl::StatusOr<std::string> NameOf(CollectionId id) const;

  // Gives a new `name` the next number. RESOURCE_EXHAUSTED after 2^32 - 1 collections.
  absl::StatusOr<CollectionId> Add(absl::string_view name);
  // Takes over what a row says. DATA_LOSS when two names have one number.
  absl::Status Restore(absl::string_view name, CollectionId id);

 private:
  std::map<std::string, CollectionId, std::less<>> ids_;
  std::map<CollectionId, std::string> names_;
};

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_COLLECTION_NAMES_H_
