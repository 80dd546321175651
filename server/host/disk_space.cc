#include "server/host/disk_space.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace docstore::host {

absl::StatusOr<uint64_t> DiskSpace::FreeBytes() const {
  struct statvfs found;
  if (statvfs(path_.c_str(), &found) != 0) {
    return absl::InternalError(
        absl::StrCat("the free space of ", path_, " is unknown: ", std::strerror(errno)));
  }
  return uint64_t{found.f_bavail} * found.f_frsize;
}

}  // namespace docstore::host
