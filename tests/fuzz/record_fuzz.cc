// What a damaged disk may hold: any bytes decode to a row that encodes to the same row again, or
// are refused as DATA_LOSS. The first byte chooses what they are taken for.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/check.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/repair.h"
#include "server/storage/key_schema.h"
#include "server/storage/record.h"

namespace {

namespace storage = docstore::storage;
constexpr storage::Domain kDomain = storage::kDefaultDomain;

// True when there is a value; otherwise the status must be the one of damage.
template <typename T>
bool Decoded(const absl::StatusOr<T>& result) {
  CHECK(result.ok() || result.status().code() == absl::StatusCode::kDataLoss);
  return result.ok();
}

template <typename T>
void CheckRecord(absl::string_view bytes, absl::StatusOr<T> (*decode)(absl::string_view),
                 void (*encode)(const T&, std::string*)) {
  const absl::StatusOr<T> record = decode(bytes);
  if (!Decoded(record)) return;
  std::string encoded;
  encode(*record, &encoded);
  const absl::StatusOr<T> again = decode(encoded);
  CHECK(Decoded(again) && *again == *record);
}

void CheckNames(absl::string_view key) {
  const absl::StatusOr<std::string> member = storage::DecodeMemberKey(kDomain, key);
  if (Decoded(member)) CHECK(storage::MemberKey(kDomain, *member) == key);
  const absl::StatusOr<std::string> collection = storage::DecodeCollectionKey(kDomain, key);
  if (Decoded(collection)) CHECK(storage::CollectionKey(kDomain, *collection) == key);
}

void CheckKeys(absl::string_view key) {
  CheckNames(key);
  const absl::StatusOr<docstore::core::Dot> dot = storage::DecodeDotKey(kDomain, key);
  if (Decoded(dot)) CHECK(storage::DotKey(kDomain, *dot) == key);
  const absl::StatusOr<docstore::core::Origin> floor = storage::DecodeFloorKey(kDomain, key);
  if (Decoded(floor)) CHECK(storage::FloorKey(kDomain, *floor) == key);
  const absl::StatusOr<uint64_t> slot = storage::DecodeCommitKey(kDomain, key);
  if (Decoded(slot)) CHECK(storage::CommitKey(kDomain, *slot) == key);
  const absl::StatusOr<storage::LocalKey> local = storage::DecodeLocalKey(key);
  if (Decoded(local)) CHECK(storage::EncodeLocalKey(local->collection, local->id) == key);
  const absl::StatusOr<storage::LocalKey> row = storage::DecodeDocumentRowKey(kDomain, key);
  if (Decoded(row)) CHECK(storage::DocumentRowKey(kDomain, row->collection, row->id) == key);
  const absl::StatusOr<storage::LocalKey> conflict = storage::DecodeConflictKey(kDomain, key);
  if (Decoded(conflict)) {
    CHECK(storage::ConflictKey(kDomain, conflict->collection, conflict->id) == key);
  }
}

void CheckNumber(absl::string_view bytes) {
  const absl::StatusOr<uint64_t> number = storage::DecodeNumber(bytes);
  if (!Decoded(number)) return;
  CHECK(storage::DecodeNumber(storage::EncodeNumber(*number)).value() == *number);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr int kKinds = 7;
  switch (data[0] % kKinds) {
    case 0:
      CheckRecord(bytes, storage::DecodeDocument, storage::EncodeDocument);
      break;
    case 1:
      CheckRecord(bytes, storage::DecodeClock, storage::EncodeClock);
      break;
    case 2:
      CheckRecord(bytes, storage::DecodeCollection, storage::EncodeCollection);
      break;
    case 3:
      CheckRecord(bytes, storage::DecodeMember, storage::EncodeMember);
      break;
    case 4:
      CheckNumber(bytes);
      break;
    case 5:
      CheckKeys(bytes);
      break;
    default:
      CheckRecord(bytes, storage::DecodeRepair, storage::EncodeRepair);
  }
  return 0;
}
