#include "server/storage/crashing_disk.h"

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/check.h"

namespace docstore::storage {
namespace {

constexpr size_t kPageBytes = 4096;

std::string NameOf(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

class SilentLogger : public leveldb::Logger {
 public:
  void Logv(const char* format, std::va_list arguments) override {}
};

class NoLock : public leveldb::FileLock {};

}  // namespace

class CrashingDisk::Reader : public leveldb::RandomAccessFile, public leveldb::SequentialFile {
 public:
  Reader(const CrashingDisk* disk, std::shared_ptr<File> file)
      : disk_(disk), file_(std::move(file)) {}
  leveldb::Status Read(uint64_t offset, size_t count, leveldb::Slice* result,
                       char* scratch) const override {
    return disk_->Read(*file_, offset, count, result, scratch);
  }
  leveldb::Status Read(size_t count, leveldb::Slice* result, char* scratch) override {
    const leveldb::Status status = disk_->Read(*file_, position_, count, result, scratch);
    if (status.ok()) position_ += result->size();
    return status;
  }
  leveldb::Status Skip(uint64_t count) override {
    position_ += count;
    return leveldb::Status::OK();
  }

 private:
  const CrashingDisk* const disk_;
  const std::shared_ptr<File> file_;
  uint64_t position_ = 0;
};

class CrashingDisk::Writer : public leveldb::WritableFile {
 public:
  Writer(CrashingDisk* disk, std::string path, std::shared_ptr<File> file)
      : disk_(disk), path_(std::move(path)), file_(std::move(file)) {}
  leveldb::Status Append(const leveldb::Slice& bytes) override {
    return disk_->Append(file_, bytes);
  }
  leveldb::Status Close() override { return leveldb::Status::OK(); }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }
  leveldb::Status Sync() override { return disk_->Sync(path_, file_); }

 private:
  CrashingDisk* const disk_;
  const std::string path_;
  const std::shared_ptr<File> file_;
};

void CrashingDisk::CrashAt(uint64_t operation) {
  MutexLock lock(&mutex_);
  operations_left_ = operation;
}

bool CrashingDisk::crashed() const {
  MutexLock lock(&mutex_);
  return crashed_;
}

std::string CrashingDisk::crashed_in() const {
  MutexLock lock(&mutex_);
  return crashed_in_;
}

leveldb::Status CrashingDisk::Alive() const {
  return crashed_ ? leveldb::Status::IOError("no power") : leveldb::Status::OK();
}

leveldb::Status CrashingDisk::Begin(const std::string& what) {
  if (operations_left_ > 0 && --operations_left_ == 0) {
    crashed_ = true;
    crashed_in_ = what;
  }
  return Alive();
}

void CrashingDisk::Make(Change change) {
  for (const auto& [path, file] : change) {
    if (file == nullptr) {
      names_.erase(path);
    } else {
      names_[path] = file;
    }
  }
  unsafe_.push_back(std::move(change));
}

void CrashingDisk::Keep(uint64_t last) {
  const size_t count = last <= safe_changes_ ? 0 : last - safe_changes_;
  CHECK(count <= unsafe_.size());
  for (size_t i = 0; i < count; ++i) {
    for (const auto& [path, file] : unsafe_[i]) {
      if (file == nullptr) {
        safe_names_.erase(path);
      } else {
        safe_names_[path] = file;
      }
    }
  }
  unsafe_.erase(unsafe_.begin(), unsafe_.begin() + static_cast<std::ptrdiff_t>(count));
  safe_changes_ += count;
}

void CrashingDisk::LoseTail(const std::string& path, std::mt19937_64* random, File* file) {
  const size_t safe = file->synced;
  const size_t end = file->bytes.size();
  size_t kept = random == nullptr ? safe : safe + (*random)() % (end - safe + 1);
  // Its length may have been written before its bytes were, which leaves zeros, and of the pages of
  // a log any: LevelDB promises to read past that, while other files come in small steps.
  const bool zeros = random != nullptr && (*random)() % 2 == 0;
  const bool log = absl::EndsWith(path, ".log");
  if (zeros && !log) kept = std::max(safe, kept / kPageBytes * kPageBytes);
  file->bytes.resize(kept);
  if (zeros) file->bytes.resize(end, '\0');
  if (zeros && log && kept > safe + kPageBytes) {
    const size_t hole = safe + (*random)() % (kept - safe - kPageBytes);
    std::fill_n(file->bytes.begin() + static_cast<std::ptrdiff_t>(hole), kPageBytes, '\0');
  }
  file->synced = file->bytes.size();
}

void CrashingDisk::PowerUp(std::mt19937_64* random) {
  MutexLock lock(&mutex_);
  if (random != nullptr) Keep(safe_changes_ + (*random)() % (unsafe_.size() + 1));
  safe_changes_ += unsafe_.size();
  unsafe_.clear();
  names_ = safe_names_;
  for (const auto& [path, file] : names_) LoseTail(path, random, file.get());
  operations_left_ = 0;
  crashed_ = false;
}

leveldb::Status CrashingDisk::Append(const std::shared_ptr<File>& file,
                                     const leveldb::Slice& bytes) {
  MutexLock lock(&mutex_);
  const leveldb::Status status = Alive();
  if (status.ok()) file->bytes.append(bytes.data(), bytes.size());
  return status;
}

leveldb::Status CrashingDisk::Sync(const std::string& path, const std::shared_ptr<File>& file) {
  MutexLock lock(&mutex_);
  const leveldb::Status status = Begin(absl::StrCat("Sync ", NameOf(path)));
  if (!status.ok()) return status;
  file->synced = file->bytes.size();
  const bool with_directory = absl::StartsWith(NameOf(path), "MANIFEST");
  Keep(with_directory ? safe_changes_ + unsafe_.size() : file->created_in);
  return status;
}

leveldb::Status CrashingDisk::Read(const File& file, uint64_t offset, size_t count,
                                   leveldb::Slice* result, char* scratch) const {
  MutexLock lock(&mutex_);
  const leveldb::Status status = Alive();
  if (!status.ok()) return status;
  const size_t from = std::min<size_t>(offset, file.bytes.size());
  const size_t bytes = std::min(count, file.bytes.size() - from);
  std::memcpy(scratch, file.bytes.data() + from, bytes);
  *result = leveldb::Slice(scratch, bytes);
  return status;
}

leveldb::Status CrashingDisk::NewSequentialFile(const std::string& path,
                                                leveldb::SequentialFile** file) {
  MutexLock lock(&mutex_);
  const auto it = names_.find(path);
  if (it == names_.end()) return leveldb::Status::NotFound(path, "no such file");
  const leveldb::Status status = Alive();
  if (status.ok()) *file = new Reader(this, it->second);
  return status;
}

leveldb::Status CrashingDisk::NewRandomAccessFile(const std::string& path,
                                                  leveldb::RandomAccessFile** file) {
  MutexLock lock(&mutex_);
  const auto it = names_.find(path);
  if (it == names_.end()) return leveldb::Status::NotFound(path, "no such file");
  const leveldb::Status status = Alive();
  if (status.ok()) *file = new Reader(this, it->second);
  return status;
}

leveldb::Status CrashingDisk::NewWritableFile(const std::string& path,
                                              leveldb::WritableFile** file) {
  MutexLock lock(&mutex_);
  const leveldb::Status status = Begin(absl::StrCat("create ", NameOf(path)));
  if (!status.ok()) return status;
  auto made = std::make_shared<File>();
  Make({{path, made}});
  made->created_in = safe_changes_ + unsafe_.size();
  *file = new Writer(this, path, std::move(made));
  return status;
}

leveldb::Status CrashingDisk::NewAppendableFile(const std::string& path,
                                                leveldb::WritableFile** file) {
  {
    MutexLock lock(&mutex_);
    const auto it = names_.find(path);
    if (it != names_.end()) {
      const leveldb::Status status = Alive();
      if (status.ok()) *file = new Writer(this, path, it->second);
      return status;
    }
  }
  return NewWritableFile(path, file);
}

bool CrashingDisk::FileExists(const std::string& path) {
  MutexLock lock(&mutex_);
  return names_.contains(path);
}

leveldb::Status CrashingDisk::GetChildren(const std::string& directory,
                                          std::vector<std::string>* names) {
  MutexLock lock(&mutex_);
  names->clear();
  for (const auto& [path, file] : names_) {
    if (absl::StartsWith(path, directory + "/")) names->push_back(NameOf(path));
  }
  return Alive();
}

leveldb::Status CrashingDisk::RemoveFile(const std::string& path) {
  MutexLock lock(&mutex_);
  const leveldb::Status status = Begin(absl::StrCat("remove ", NameOf(path)));
  if (!status.ok()) return status;
  if (!names_.contains(path)) return leveldb::Status::NotFound(path, "no such file");
  Make({{path, nullptr}});
  return status;
}

leveldb::Status CrashingDisk::GetFileSize(const std::string& path, uint64_t* bytes) {
  MutexLock lock(&mutex_);
  const auto it = names_.find(path);
  if (it == names_.end()) return leveldb::Status::NotFound(path, "no such file");
  *bytes = it->second->bytes.size();
  return Alive();
}

leveldb::Status CrashingDisk::RenameFile(const std::string& from, const std::string& to) {
  MutexLock lock(&mutex_);
  const leveldb::Status status = Begin(absl::StrCat("rename ", NameOf(from), " to ", NameOf(to)));
  if (!status.ok()) return status;
  const auto it = names_.find(from);
  if (it == names_.end()) return leveldb::Status::NotFound(from, "no such file");
  Make({{to, it->second}, {from, nullptr}});
  return status;
}

leveldb::Status CrashingDisk::LockFile(const std::string& path, leveldb::FileLock** lock) {
  *lock = new NoLock;
  return leveldb::Status::OK();
}

leveldb::Status CrashingDisk::UnlockFile(leveldb::FileLock* lock) {
  delete lock;
  return leveldb::Status::OK();
}

leveldb::Status CrashingDisk::NewLogger(const std::string& path, leveldb::Logger** logger) {
  *logger = new SilentLogger;
  return leveldb::Status::OK();
}

}  // namespace docstore::storage
