// What docstore needs to know of LevelDB beyond its API: which file was damaged, and what it
// skipped.
//
// LevelDB's checksum errors name no file, so TracingEnv remembers, per thread, the table files
// read. Damaged log records are only mentioned in the info log, so DropLogger watches the log for
// them.

#ifndef DOCSTORE_SERVER_STORAGE_LEVELDB_ENV_H_
#define DOCSTORE_SERVER_STORAGE_LEVELDB_ENV_H_

#include <leveldb/env.h>

#include <atomic>
#include <cstdarg>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace docstore::storage {

// Passes everything on to `target`, which must outlive it. Thread-safe.
class TracingEnv : public leveldb::EnvWrapper {
 public:
  explicit TracingEnv(leveldb::Env* target) : leveldb::EnvWrapper(target) {}
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** file) override;
};

// The table files that this thread has read through any TracingEnv since Clear, at most the
// last 16.
class RecentReads {
 public:
  static void Clear();
  static bool any();
  // "000005.ldb": those of the files in `directory` whose contents do not check, or all of them
  // if none is found out, joined by ", ". Reads the files whole.
  static std::string DamagedFiles(const std::string& directory);
};

// Writes on to LevelDB's usual LOG file. When LevelDB reports that it drops damaged bytes, creates
// the file `mark_path` before LevelDB goes on: by the time the database is open, LevelDB has
// deleted the log that showed the damage. Thread-safe.
class DropLogger : public leveldb::Logger {
 public:
  DropLogger(std::unique_ptr<leveldb::Logger> target, leveldb::Env* env, std::string mark_path);
  void Logv(const char* format, std::va_list arguments) override;
  // The mark could not be made.
  bool failed() const { return failed_; }

 private:
  void Mark();

  const std::unique_ptr<leveldb::Logger> target_;
  leveldb::Env* const env_;
  const std::string mark_path_;
  std::atomic<bool> failed_ = false;
};

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_LEVELDB_ENV_H_
