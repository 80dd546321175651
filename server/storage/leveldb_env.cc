#include "server/storage/leveldb_env.h"

#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/table.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace docstore::storage {
namespace {

constexpr absl::string_view kTableSuffix = ".ldb";
constexpr size_t kRecentReadsMax = 16;

// Table numbers, newest at (count - 1) modulo the size.
struct ReadTrace {
  std::array<uint64_t, kRecentReadsMax> tables;
  size_t count = 0;
};
thread_local ReadTrace trace;

class TracedFile : public leveldb::RandomAccessFile {
 public:
  TracedFile(std::unique_ptr<leveldb::RandomAccessFile> target, uint64_t table)
      : target_(std::move(target)), table_(table) {}

  leveldb::Status Read(uint64_t offset, size_t n, leveldb::Slice* result,
                       char* scratch) const override {
    trace.tables[trace.count++ % kRecentReadsMax] = table_;
    return target_->Read(offset, n, result, scratch);
  }

 private:
  const std::unique_ptr<leveldb::RandomAccessFile> target_;
  const uint64_t table_;
};

// False when a block of the table at `path` does not match its checksum or cannot be read.
bool TableChecks(const std::string& path) {
  leveldb::Env* const env = leveldb::Env::Default();
  uint64_t size = 0;
  leveldb::RandomAccessFile* opened = nullptr;
  if (!env->GetFileSize(path, &size).ok() || !env->NewRandomAccessFile(path, &opened).ok()) {
    return false;
  }
  const std::unique_ptr<leveldb::RandomAccessFile> file(opened);
  leveldb::Options options;
  options.paranoid_checks = true;
  leveldb::Table* opened_table = nullptr;
  if (!leveldb::Table::Open(options, file.get(), size, &opened_table).ok()) return false;
  const std::unique_ptr<leveldb::Table> table(opened_table);
  leveldb::ReadOptions read_options;
  read_options.verify_checksums = true;
  read_options.fill_cache = false;
  const std::unique_ptr<leveldb::Iterator> rows(table->NewIterator(read_options));
  rows->SeekToFirst();
  while (rows->Valid()) rows->Next();
  return rows->status().ok();
}

}  // namespace

leveldb::Status TracingEnv::NewRandomAccessFile(const std::string& path,
                                                leveldb::RandomAccessFile** file) {
  const leveldb::Status status = target()->NewRandomAccessFile(path, file);
  const size_t name = path.find_last_of('/') + 1;
  uint64_t table = 0;
  if (status.ok() && absl::EndsWith(path, kTableSuffix) &&
      absl::SimpleAtoi(path.substr(name, path.size() - name - kTableSuffix.size()), &table)) {
    *file = new TracedFile(std::unique_ptr<leveldb::RandomAccessFile>(*file), table);
  }
  return status;
}

void RecentReads::Clear() { trace.count = 0; }

bool RecentReads::any() { return trace.count > 0; }

std::string RecentReads::DamagedFiles(const std::string& directory) {
  std::set<std::string> read;
  std::set<std::string> damaged;
  for (size_t i = 0; i < std::min(trace.count, kRecentReadsMax); ++i) {
    const std::string name = absl::StrFormat("%06d%s", trace.tables[i], kTableSuffix);
    if (!read.insert(name).second) continue;
    if (!TableChecks(absl::StrCat(directory, "/", name))) damaged.insert(name);
  }
  return absl::StrJoin(damaged.empty() ? read : damaged, ", ");
}

DropLogger::DropLogger(std::unique_ptr<leveldb::Logger> target, leveldb::Env* env,
                       std::string mark_path)
    : target_(std::move(target)), env_(env), mark_path_(std::move(mark_path)) {}

void DropLogger::Logv(const char* format, std::va_list arguments) {
  // The words of LevelDB's log reader, see its db_impl.cc.
  if (absl::StrContains(format, ": dropping ")) Mark();
  target_->Logv(format, arguments);
}

void DropLogger::Mark() {
  leveldb::WritableFile* opened = nullptr;
  leveldb::Status status = env_->NewWritableFile(mark_path_, &opened);
  if (status.ok()) {
    const std::unique_ptr<leveldb::WritableFile> file(opened);
    status = file->Append("Batches were skipped as damaged; the next start checks all rows.\n");
    if (status.ok()) status = file->Sync();
    if (status.ok()) status = file->Close();
  }
  if (!status.ok()) failed_ = true;
}

}  // namespace docstore::storage
