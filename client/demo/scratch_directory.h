// ScratchDirectory: a directory that exists as long as its object, with all that is put into it.
//
// It lies where the system keeps temporary files (TMPDIR) and is readable by its owner alone.

#ifndef DOCSTORE_CLIENT_DEMO_SCRATCH_DIRECTORY_H_
#define DOCSTORE_CLIENT_DEMO_SCRATCH_DIRECTORY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace docstore::client::demo {

class ScratchDirectory {
 public:
  // UNAVAILABLE when there is no room or right for it.
  static absl::StatusOr<std::unique_ptr<ScratchDirectory>> Create();
  ~ScratchDirectory();

  const std::string& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_SCRATCH_DIRECTORY_H_
