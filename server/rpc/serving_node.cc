#include "server/rpc/serving_node.h"

#include "server/rpc/error.h"

namespace docstore::rpc {
namespace {

constexpr int64_t kRetryMs = 250;

}  // namespace

absl::StatusOr<node::Node*> ServingNode::Ready() const {
  node::Node* node = node_.load(std::memory_order_acquire);
  if (node != nullptr && node->ready()) [[likely]]
    return node;
  return RetryLater(reason::kNotReady,
                    "the node is still catching up with its peers; ask another node, or this one "
                    "again in a moment",
                    kRetryMs);
}

absl::StatusOr<node::Node*> ServingNode::Any() const {
  node::Node* node = node_.load(std::memory_order_acquire);
  if (node != nullptr) return node;
  return RetryLater(reason::kNotReady, "the node is starting; ask again in a moment", kRetryMs);
}

bool ServingNode::ready() const {
  node::Node* node = node_.load(std::memory_order_acquire);
  return node != nullptr && node->ready();
}

}  // namespace docstore::rpc
