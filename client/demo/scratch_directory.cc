#include "client/demo/scratch_directory.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace docstore::client::demo {

absl::StatusOr<std::unique_ptr<ScratchDirectory>> ScratchDirectory::Create() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("no directory for temporary files: ", error.message()));
  }
  std::string path = (parent / "docstore-demo-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot make a directory in ", parent.string(), ": ", std::strerror(errno)));
  }
  return std::unique_ptr<ScratchDirectory>(new ScratchDirectory(std::move(path)));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;  // what is left is temporary all the same
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace docstore::client::demo
