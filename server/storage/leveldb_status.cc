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
  if (absl::StrContains(text, std::strerror(ENOSPC))) {
    return absl::ResourceExhaustedError(absl::StrCat("the disk is full: ", text));
  }
  return absl::InternalError(text);
}

}  // namespace docstore::storage
