#include "server/storage/leveldb_status.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace docstore::storage {

absl::Status FromLevelDb(const leveldb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = status.ToString();
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsNotFound()) return absl::NotFoundError(text);
  if (status.IsNotSupportedError()) return absl::UnimplementedError(text);
  if (status.IsInvalidArgument()) return absl::InvalidArgumentError(text);
  // LevelDB keeps of errno only its text.
  if (absl::StrContains(text, std::strerror(ENOSPC)) ||
      absl::StrContains(text, std::strerror(EDQUOT))) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the file system of the data directory is full: ", text,
                     ". Free space on it by removing or moving files outside the data directory, "
                     "or enlarge it, and start the node again; remove nothing inside the data "
                     "directory: every acknowledged write is in it"));
  }
  return absl::InternalError(text);
}

}  // namespace docstore::storage
