// DiskReserve: whether the file system of the store still has the free space that it must keep.
//
// A disk that fills up to its last byte ends the process in the middle of a commit. So a node stops
// short of that: below the reserve it refuses client writes and applies nothing from peers, while
// reads go on; both resume by themselves when there is room again. The space is asked for on a
// timer and never on the path of a call.

#ifndef DOCSTORE_SERVER_NODE_DISK_RESERVE_H_
#define DOCSTORE_SERVER_NODE_DISK_RESERVE_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "server/node/env.h"

namespace docstore::node {

class DiskReserve {
 public:
  // Least time between two looks at the file system.
  static constexpr int64_t kCheckUs = 500'000;

  // `space` must outlive the reserve. Never low when it is null or `bytes_min` is 0.
  DiskReserve(const DiskSpace* space, uint64_t bytes_min) : space_(space), bytes_min_(bytes_min) {}

  // Asks the file system, unless it was asked within kCheckUs. A file system that does not tell is
  // taken to have room: a write that fails says more. Calls must not overlap.
  void Check(int64_t now_us);
  // By the last Check. Thread-safe.
  bool low() const { return low_.load(std::memory_order_relaxed); }
  // How much is free and what to do about it. Thread-safe.
  std::string Describe() const;

 private:
  const DiskSpace* const space_;
  const uint64_t bytes_min_;
  std::optional<int64_t> checked_us_;
  std::atomic<uint64_t> free_bytes_ = 0;
  std::atomic<bool> low_ = false;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_DISK_RESERVE_H_
