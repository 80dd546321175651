// DiskSpace: free space of a file system, as statvfs tells it.
//
// Everything else gets it as node::DiskSpace, so that tests can fill a disk. Thread-safe.

#ifndef DOCSTORE_SERVER_HOST_DISK_SPACE_H_
#define DOCSTORE_SERVER_HOST_DISK_SPACE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/node/env.h"

namespace docstore::host {

class DiskSpace : public node::DiskSpace {
 public:
  // `path`: any file or directory of the file system.
  explicit DiskSpace(std::string path) : path_(std::move(path)) {}

  // What a process without privileges may still write. INTERNAL when the file system does not tell.
  absl::StatusOr<uint64_t> FreeBytes() const override;

 private:
  const std::string path_;
};

}  // namespace docstore::host

#endif  // DOCSTORE_SERVER_HOST_DISK_SPACE_H_
