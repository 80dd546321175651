#include "client/shell/atomic_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/shell/failure.h"

namespace docstore::client::shell {
namespace {

constexpr mode_t kNewFileMode = 0666;  // less the umask

absl::Status CannotWrite(const std::string& name, const char* what) {
  return Failure(kExitFailed, absl::StrCat("cannot ", what, " ", name, ": ", std::strerror(errno)),
                 "choose another place, or make room there");
}

}  // namespace

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& name) {
  struct stat info = {};
  const bool exists = stat(name.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    std::FILE* file = std::fopen(name.c_str(), "wb");
    if (file == nullptr) return CannotWrite(name, "write to");
    return AtomicFile(name, "", file);
  }
  std::string temporary = name + ".XXXXXX";
  const int descriptor = mkstemp(temporary.data());
  if (descriptor < 0) return CannotWrite(name, "create");
  const mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, exists ? info.st_mode & 07777 : kNewFileMode & ~mask);
  return AtomicFile(name, temporary, fdopen(descriptor, "wb"));
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : name_(other.name_), temporary_(std::move(other.temporary_)), file_(other.file_) {
  other.temporary_.clear();
  other.file_ = nullptr;
}

AtomicFile::~AtomicFile() {
  if (file_ != nullptr) std::fclose(file_);
  if (file_ != nullptr && !temporary_.empty()) unlink(temporary_.c_str());
}

absl::Status AtomicFile::Fault(const char* what) const { return CannotWrite(name_, what); }

absl::Status AtomicFile::Append(absl::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) return Fault("write to");
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  if (std::fflush(file_) != 0) return Fault("write to");
  if (!temporary_.empty()) {
    if (fsync(fileno(file_)) != 0) return Fault("sync");
    if (std::rename(temporary_.c_str(), name_.c_str()) != 0) return Fault("rename to");
  }
  const bool closed = std::fclose(file_) == 0;
  file_ = nullptr;
  return closed ? absl::OkStatus() : Fault("write to");
}

}  // namespace docstore::client::shell
