#include "server/node/disk_reserve.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace docstore::node {

void DiskReserve::Check(int64_t now_us) {
  if (space_ == nullptr || bytes_min_ == 0) return;
  if (checked_us_.has_value() && now_us - *checked_us_ < kCheckUs) return;
  checked_us_ = now_us;
  const absl::StatusOr<uint64_t> free_bytes = space_->FreeBytes();
  if (free_bytes.ok()) free_bytes_.store(*free_bytes, std::memory_order_relaxed);
  low_.store(free_bytes.ok() && *free_bytes < bytes_min_, std::memory_order_relaxed);
}

std::string DiskReserve::Describe() const {
  return absl::StrCat("the file system of the data directory has ",
                      free_bytes_.load(std::memory_order_relaxed), " bytes free, less than the ",
                      bytes_min_,
                      " of --min-free-disk: this node refuses writes and has paused replication; "
                      "make room there, both resume by themselves");
}

}  // namespace docstore::node
