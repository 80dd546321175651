#include "server/storage/persistent_map.h"

#include <utility>

#include "server/base/hash.h"

namespace docstore::storage {

// Invariants: keys of `left` are below, of `right` above the entry's key; no child has a higher
// priority.
struct PersistentMap::Node {
  std::shared_ptr<const Entry> entry;
  uint64_t priority;
  uint64_t bytes;  // of the whole subtree
  NodePtr left;
  NodePtr right;
};

PersistentMap::NodePtr PersistentMap::Make(std::shared_ptr<const Entry> entry, uint64_t priority,
                                           NodePtr left, NodePtr right) {
  uint64_t bytes = entry->key.size() + entry->value.size();
  if (left != nullptr) bytes += left->bytes;
  if (right != nullptr) bytes += right->bytes;
  return std::make_shared<const Node>(
      Node{std::move(entry), priority, bytes, std::move(left), std::move(right)});
}

PersistentMap::NodePtr PersistentMap::WithChildren(const Node& node, NodePtr left, NodePtr right) {
  return Make(node.entry, node.priority, std::move(left), std::move(right));
}

void PersistentMap::Split(const NodePtr& node, absl::string_view key, NodePtr* below,
                          NodePtr* above) {
  if (node == nullptr) {
    *below = nullptr;
    *above = nullptr;
  } else if (node->entry->key < key) {
    NodePtr middle;
    Split(node->right, key, &middle, above);
    *below = WithChildren(*node, node->left, std::move(middle));
  } else {
    NodePtr middle;
    Split(node->left, key, below, &middle);
    *above = WithChildren(*node, std::move(middle), node->right);
  }
}

PersistentMap::NodePtr PersistentMap::Join(const NodePtr& left, const NodePtr& right) {
  if (left == nullptr) return right;
  if (right == nullptr) return left;
  if (left->priority >= right->priority) {
    return WithChildren(*left, left->left, Join(left->right, right));
  }
  return WithChildren(*right, Join(left, right->left), right->right);
}

PersistentMap::NodePtr PersistentMap::Insert(const NodePtr& node,
                                             std::shared_ptr<const Entry> entry,
                                             uint64_t priority) {
  if (node == nullptr) return Make(std::move(entry), priority, nullptr, nullptr);
  // A key already below `node` has no higher priority than it, so it cannot be cut off here.
  if (priority > node->priority) {
    NodePtr below;
    NodePtr above;
    Split(node, entry->key, &below, &above);
    return Make(std::move(entry), priority, std::move(below), std::move(above));
  }
  const int order = entry->key.compare(node->entry->key);
  if (order == 0) return Make(std::move(entry), priority, node->left, node->right);
  if (order < 0) {
    return WithChildren(*node, Insert(node->left, std::move(entry), priority), node->right);
  }
  return WithChildren(*node, node->left, Insert(node->right, std::move(entry), priority));
}

PersistentMap::NodePtr PersistentMap::Remove(const NodePtr& node, absl::string_view key) {
  if (node == nullptr) return nullptr;
  if (key < node->entry->key) return WithChildren(*node, Remove(node->left, key), node->right);
  if (key > node->entry->key) return WithChildren(*node, node->left, Remove(node->right, key));
  return Join(node->left, node->right);
}

const PersistentMap::Entry* PersistentMap::LowerBound(absl::string_view key) const {
  const Entry* found = nullptr;
  for (const Node* node = root_.get(); node != nullptr;) {
    if (node->entry->key < key) {
      node = node->right.get();
    } else {
      found = node->entry.get();
      node = node->left.get();
    }
  }
  return found;
}

const PersistentMap::Entry* PersistentMap::UpperBound(absl::string_view key) const {
  const Entry* found = nullptr;
  for (const Node* node = root_.get(); node != nullptr;) {
    if (node->entry->key <= key) {
      node = node->right.get();
    } else {
      found = node->entry.get();
      node = node->left.get();
    }
  }
  return found;
}

const PersistentMap::Entry* PersistentMap::Find(absl::string_view key) const {
  const Entry* found = LowerBound(key);
  return found != nullptr && found->key == key ? found : nullptr;
}

void PersistentMap::Put(absl::string_view key, absl::string_view value) {
  auto entry = std::make_shared<const Entry>(Entry{std::string(key), std::string(value)});
  root_ = Insert(root_, std::move(entry), HashBytes64(key));
}

void PersistentMap::Erase(absl::string_view key) {
  if (Find(key) != nullptr) root_ = Remove(root_, key);
}

uint64_t PersistentMap::bytes() const { return root_ == nullptr ? 0 : root_->bytes; }

}  // namespace docstore::storage
