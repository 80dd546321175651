// Engine: ordered rows of bytes with snapshots and atomic batches; what RowStore is built on.
//
// LevelDB and memory implement it. An engine knows nothing of documents; key_schema.h and record.h
// say what the bytes mean. Engines and their snapshots are thread-safe, batches and cursors are
// not. All reads fail with DATA_LOSS when stored bytes are damaged.

#ifndef DOCSTORE_SERVER_STORAGE_ENGINE_H_
#define DOCSTORE_SERVER_STORAGE_ENGINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace docstore::storage {

// A position among the rows of one snapshot, ascending by key. Begins unpositioned.
class Cursor {
 public:
  virtual ~Cursor() = default;
  // Moves to the first row whose key is >= `key`.
  virtual void Seek(absl::string_view key) = 0;
  // Requires valid().
  virtual void Next() = 0;
  // False before the first Seek, past the last row, and after damage.
  virtual bool valid() const = 0;
  // Of the current row; until the cursor moves.
  virtual absl::string_view key() const = 0;
  virtual absl::string_view value() const = 0;
  // Not OK when the rows ended because of damage. A row in front of damage may have been handed
  // out.
  virtual absl::Status status() const = 0;
};

class EngineSnapshot {
 public:
  virtual ~EngineSnapshot() = default;
  // The value of `key`, nullopt when there is no such row.
  virtual absl::StatusOr<std::optional<std::string>> Get(absl::string_view key) const = 0;
  // The cursor must not outlive the snapshot.
  virtual std::unique_ptr<Cursor> NewCursor() const = 0;
};

// Changes to be written at once. Of several changes to one key the last counts.
class Batch {
 public:
  virtual ~Batch() = default;
  virtual void Put(absl::string_view key, absl::string_view value) = 0;
  virtual void Erase(absl::string_view key) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::unique_ptr<Batch> NewBatch() const = 0;
  // Writes a batch made by this engine, all or nothing, and returns when it is on disk.
  virtual absl::Status Write(Batch* batch) = 0;
  // Cheap. Must not outlive the engine.
  virtual std::unique_ptr<EngineSnapshot> TakeSnapshot() const = 0;
  virtual uint64_t BytesOnDisk() const = 0;
  // Where the rows lie, for error messages: "data directory /var/lib/docstore".
  virtual std::string location() const = 0;

  // Whole batches have been skipped as damaged since MarkChecked was last called, possibly by an
  // earlier process: what rows say of each other must be checked.
  virtual bool needs_check() const = 0;
  virtual absl::Status MarkChecked() = 0;
};

// Calls `visit` for the rows at or after `from` whose keys begin with `prefix`, ascending, until it
// returns false or fails. `from` must not be below `prefix`.
absl::Status ScanRows(
    const EngineSnapshot& rows, absl::string_view from, absl::string_view prefix,
    absl::FunctionRef<absl::StatusOr<bool>(absl::string_view key, absl::string_view value)> visit);

// A DATA_LOSS with `location` and what the operator can do added; any other status as it is.
absl::Status ExplainDamage(absl::string_view location, const absl::Status& status);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_ENGINE_H_
