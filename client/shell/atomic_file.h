// AtomicFile: a file that takes its name only when it is complete and on disk.
//
// Written beside its place under a temporary name, synced and renamed. A name that exists and is no
// regular file (a pipe, /dev/stdout) is written to directly.

#ifndef DOCSTORE_CLIENT_SHELL_ATOMIC_FILE_H_
#define DOCSTORE_CLIENT_SHELL_ATOMIC_FILE_H_

#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace docstore::client::shell {

class AtomicFile {
 public:
  // Fails, with advice, when the file cannot be made.
  static absl::StatusOr<AtomicFile> Create(const std::string& name);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  // Without Commit the temporary file is removed.
  ~AtomicFile();

  absl::Status Append(absl::string_view text);
  absl::Status Commit();

 private:
  AtomicFile(std::string name, std::string temporary, std::FILE* file)
      : name_(std::move(name)), temporary_(std::move(temporary)), file_(file) {}
  absl::Status Fault(const char* what) const;

  const std::string name_;
  std::string temporary_;  // empty: written to directly
  std::FILE* file_;
};

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_ATOMIC_FILE_H_
