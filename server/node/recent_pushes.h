// RecentPushes: the last groups this node minted, as they left the core.
//
// Every link that keeps up sends from here and reads nothing from disk; one that falls behind reads
// the store instead. Shared by all links, bounded in bytes, so a slow peer costs nothing. Owned by
// the link executor.

#ifndef DOCSTORE_SERVER_NODE_RECENT_PUSHES_H_
#define DOCSTORE_SERVER_NODE_RECENT_PUSHES_H_

#include <cstdint>
#include <deque>
#include <memory>

#include "server/node/group_commit.h"

namespace docstore::node {

class RecentPushes {
 public:
  static constexpr uint64_t kBytesMax = 16 << 20;
  static constexpr size_t kGroupsMax = 4096;

  // Groups come in order of their dots, without gaps.
  void Add(std::shared_ptr<const PushGroup> group);
  // The group that minted dot `seq`, null when it is no longer kept.
  std::shared_ptr<const PushGroup> Find(uint64_t seq) const;

 private:
  std::deque<std::shared_ptr<const PushGroup>> groups_;
  uint64_t bytes_ = 0;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_RECENT_PUSHES_H_
