// PersistentMap: an ordered map of strings whose copies are free and never change each other.
//
// A treap with shared nodes: a change copies the path to it, O(log n) nodes, and leaves every other
// copy as it was. A snapshot is a copy, and a disk that forgets its unsynced tail is an older copy.
// Priorities are hashes of the keys, so the same rows always make the same tree. Distinct copies
// may be used from distinct threads; one copy is not thread-safe.

#ifndef DOCSTORE_SERVER_STORAGE_PERSISTENT_MAP_H_
#define DOCSTORE_SERVER_STORAGE_PERSISTENT_MAP_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace docstore::storage {

class PersistentMap {
 public:
  struct Entry {
    std::string key;
    std::string value;
  };

  // Entries returned live as long as any copy of the map that holds them. Null: none.
  const Entry* Find(absl::string_view key) const;
  // The first entry whose key is >= `key`.
  const Entry* LowerBound(absl::string_view key) const;
  // The first entry whose key is > `key`.
  const Entry* UpperBound(absl::string_view key) const;

  void Put(absl::string_view key, absl::string_view value);
  void Erase(absl::string_view key);

  // Sum of the sizes of all keys and values.
  uint64_t bytes() const;

 private:
  struct Node;
  using NodePtr = std::shared_ptr<const Node>;

  static NodePtr Make(std::shared_ptr<const Entry> entry, uint64_t priority, NodePtr left,
                      NodePtr right);
  static NodePtr WithChildren(const Node& node, NodePtr left, NodePtr right);
  static NodePtr Insert(const NodePtr& node, std::shared_ptr<const Entry> entry, uint64_t priority);
  static NodePtr Remove(const NodePtr& node, absl::string_view key);
  // Entries below and above `key`, which `node` does not hold.
  static void Split(const NodePtr& node, absl::string_view key, NodePtr* below, NodePtr* above);
  // All keys of `left` are below those of `right`.
  static NodePtr Join(const NodePtr& left, const NodePtr& right);

  NodePtr root_;
};

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_PERSISTENT_MAP_H_
