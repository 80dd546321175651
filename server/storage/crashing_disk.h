// CrashingDisk: a disk in memory that loses power at a chosen moment. For tests only.
//
// It is as unkind as a journaling file system may be. Appended bytes are safe once their file was
// synced. Names change in an order that is kept: after a power failure a prefix of the creations,
// renames and removals has happened, at least up to the creation of the last file synced, and all
// of them up to the sync of a MANIFEST, with which LevelDB syncs the directory. Whatever else was
// written may be there, in part or not at all. A file system that may lose the name of a synced
// file is not modelled: LevelDB does not hold on it.
//
// From the moment of the power failure every operation fails; PowerUp shows what is left.
// Operations that count towards that moment are those that change what is safe or what a name
// means: Sync, creating, renaming and removing a file. Thread-safe, but for PowerUp: no file may be
// open then.

#ifndef DOCSTORE_SERVER_STORAGE_CRASHING_DISK_H_
#define DOCSTORE_SERVER_STORAGE_CRASHING_DISK_H_

#include <leveldb/env.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/base/mutex.h"

namespace docstore::storage {

class CrashingDisk : public leveldb::EnvWrapper {
 public:
  CrashingDisk() : leveldb::EnvWrapper(leveldb::Env::Default()) {}

  // The `operation`-th operation from now does not happen, nor does any after it; 0: none fails.
  void CrashAt(uint64_t operation);
  // Whether that moment has come.
  bool crashed() const;
  // "Sync 000005.log": what would have been the operation that failed.
  std::string crashed_in() const;
  // Power returns. Without `random` all is lost that need not have been kept; with it, some.
  void PowerUp(std::mt19937_64* random);

  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** file) override;
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** file) override;
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** file) override;
  bool FileExists(const std::string& path) override;
  leveldb::Status GetChildren(const std::string& directory,
                              std::vector<std::string>* names) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status CreateDir(const std::string& path) override { return leveldb::Status::OK(); }
  leveldb::Status GetFileSize(const std::string& path, uint64_t* bytes) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  // Keeps nothing.
  leveldb::Status NewLogger(const std::string& path, leveldb::Logger** logger) override;

 private:
  struct File {
    std::string bytes;
    size_t synced = 0;        // that many of them are safe
    uint64_t created_in = 0;  // number of the change that named it first
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  // A change of names; null: the name goes.
  using Change = std::vector<std::pair<std::string, std::shared_ptr<File>>>;
  class Reader;
  class Writer;

  // Counts an operation; an error from the moment of the crash on.
  leveldb::Status Begin(const std::string& what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  leveldb::Status Alive() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Make(Change change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes all changes up to number `last` safe.
  void Keep(uint64_t last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void LoseTail(const std::string& path, std::mt19937_64* random, File* file);
  leveldb::Status Append(const std::shared_ptr<File>& file, const leveldb::Slice& bytes);
  leveldb::Status Sync(const std::string& path, const std::shared_ptr<File>& file);
  leveldb::Status Read(const File& file, uint64_t offset, size_t count, leveldb::Slice* result,
                       char* scratch) const;

  mutable Mutex mutex_;
  Names names_ ABSL_GUARDED_BY(mutex_);
  Names safe_names_ ABSL_GUARDED_BY(mutex_);
  std::vector<Change> unsafe_ ABSL_GUARDED_BY(mutex_);  // changes since safe_names_, in order
  uint64_t safe_changes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t operations_left_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: no crash is planned
  bool crashed_ ABSL_GUARDED_BY(mutex_) = false;
  std::string crashed_in_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_CRASHING_DISK_H_
