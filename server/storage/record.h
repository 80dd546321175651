// The values of rows: compact binary records, each beginning with a format byte.
//
//   document    1, contexts, contexts x {origin(8) seq}, versions,
//               versions x {origin(8) seq hlc(8) flags(1), unless deleted: hash(16) length body}
//   clock       1, origins, origins x {origin(8) intervals, intervals x {gap size}}
//               gap: first minus the last of the interval before (0 at first); size: last - first
//   collection  1, local id, documents, conflicts, body bytes
//   member      1, length uuid, length peer address, length client address
//   repair      1, chunks, length clock, floors, floors x {origin(8) seq}, length collection,
//               length id
//
// Numbers are varints unless they carry a size in bytes; those are big-endian. flags: bit 0
// deleted, the others 0. Do not renumber: a change takes the next format byte. Decoders refuse what
// breaks the order or the meaning of a record, never read past its end, and fail with DATA_LOSS.
// The hash of a body is stored, not compared on every read: LevelDB's block checksums guard reads.

#ifndef DOCSTORE_SERVER_STORAGE_RECORD_H_
#define DOCSTORE_SERVER_STORAGE_RECORD_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/repair.h"
#include "server/storage/key_schema.h"

namespace docstore::storage {

// The encoders append to `out`.

// `document` is not empty; its context covers its versions, or is empty: then it is stripped.
void EncodeDocument(const core::Document& document, std::string* out);
absl::StatusOr<core::Document> DecodeDocument(absl::string_view bytes);

void EncodeClock(const core::Clock& clock, std::string* out);
absl::StatusOr<core::Clock> DecodeClock(absl::string_view bytes);

// A collection's row without its name, which stands in the key.
struct CollectionRecord {
  CollectionId local_id{};
  uint64_t documents = 0;
  uint64_t conflicts = 0;
  uint64_t body_bytes = 0;
  friend bool operator==(const CollectionRecord&, const CollectionRecord&) = default;
};
void EncodeCollection(const CollectionRecord& collection, std::string* out);
absl::StatusOr<CollectionRecord> DecodeCollection(absl::string_view bytes);

// The member's name stands in the key: it is neither written nor set.
void EncodeMember(const core::Member& member, std::string* out);
absl::StatusOr<core::Member> DecodeMember(absl::string_view bytes);

// Chunks are 0 exactly when the rest says nothing yet.
void EncodeRepair(const core::RepairProgress& repair, std::string* out);
absl::StatusOr<core::RepairProgress> DecodeRepair(absl::string_view bytes);

// A single varint, as settings hold it.
std::string EncodeNumber(uint64_t number);
absl::StatusOr<uint64_t> DecodeNumber(absl::string_view bytes);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_RECORD_H_
