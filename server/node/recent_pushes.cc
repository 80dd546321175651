#include "server/node/recent_pushes.h"

#include <algorithm>
#include <utility>

#include "server/base/check.h"

namespace docstore::node {

void RecentPushes::Add(std::shared_ptr<const PushGroup> group) {
  CHECK(groups_.empty() || groups_.back()->last_seq + 1 == group->first_seq);
  bytes_ += group->bytes;
  groups_.push_back(std::move(group));
  while (groups_.size() > 1 && (bytes_ > kBytesMax || groups_.size() > kGroupsMax)) {
    bytes_ -= groups_.front()->bytes;
    groups_.pop_front();
  }
}

std::shared_ptr<const PushGroup> RecentPushes::Find(uint64_t seq) const {
  const auto it = std::lower_bound(groups_.begin(), groups_.end(), seq,
                                   [](const std::shared_ptr<const PushGroup>& group,
                                      uint64_t value) { return group->last_seq < value; });
  return it != groups_.end() && (*it)->first_seq <= seq ? *it : nullptr;
}

}  // namespace docstore::node
