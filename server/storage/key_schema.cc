#include "server/storage/key_schema.h"

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/base/byte_order.h"
#include "server/base/status_macros.h"

namespace docstore::storage {
namespace {

// Do not renumber: see the table in the header.
constexpr char kSetting = 'M';
constexpr char kCheckpoint = 'K';
constexpr char kMember = 'R';
constexpr char kCollection = 'N';
constexpr char kDocument = 'D';
constexpr char kDot = 'X';
constexpr char kConflict = 'W';
constexpr char kFloor = 'F';
constexpr char kRepair = 'P';
constexpr char kCommit = 'B';

std::string Prefix(Domain domain, char prefix) {
  std::string key;
  AppendBigEndian16(static_cast<uint16_t>(domain), &key);
  key.push_back(prefix);
  return key;
}

std::string Named(Domain domain, char prefix, absl::string_view name) {
  std::string key = Prefix(domain, prefix);
  key.append(name.data(), name.size());
  return key;
}

void AppendLocalKey(CollectionId collection, absl::string_view id, std::string* out) {
  AppendBigEndian32(static_cast<uint32_t>(collection), out);
  out->append(id.data(), id.size());
}

std::string Local(Domain domain, char prefix, CollectionId collection, absl::string_view id) {
  std::string key = Prefix(domain, prefix);
  AppendLocalKey(collection, id, &key);
  return key;
}

// The fields of `key` after its domain and prefix.
absl::StatusOr<absl::string_view> Fields(Domain domain, char prefix, absl::string_view key) {
  ByteReader reader(key);
  uint16_t found_domain = 0;
  uint8_t found_prefix = 0;
  if (!reader.ReadBigEndian16(&found_domain) || !reader.ReadByte(&found_prefix) ||
      found_domain != static_cast<uint16_t>(domain) || found_prefix != prefix) {
    return absl::DataLossError(absl::StrCat("row key is no '", std::string(1, prefix),
                                            "' key: ", absl::BytesToHexString(key)));
  }
  return reader.rest();
}

absl::StatusOr<std::string> DecodeNamed(Domain domain, char prefix, absl::string_view key) {
  ASSIGN_OR_RETURN(const absl::string_view name, Fields(domain, prefix, key));
  if (name.empty()) return absl::DataLossError("row key has an empty name");
  return std::string(name);
}

}  // namespace

std::string SettingKey(Domain domain, absl::string_view name) {
  return Named(domain, kSetting, name);
}
std::string CheckpointKey(Domain domain) { return Prefix(domain, kCheckpoint); }
std::string MemberKey(Domain domain, absl::string_view name) {
  return Named(domain, kMember, name);
}
std::string CollectionKey(Domain domain, absl::string_view name) {
  return Named(domain, kCollection, name);
}
std::string DocumentRowKey(Domain domain, CollectionId collection, absl::string_view id) {
  return Local(domain, kDocument, collection, id);
}
std::string DotKey(Domain domain, const core::Dot& dot) {
  std::string key = Prefix(domain, kDot);
  AppendBigEndian64(static_cast<uint64_t>(dot.origin), &key);
  AppendBigEndian64(dot.seq, &key);
  return key;
}
std::string ConflictKey(Domain domain, CollectionId collection, absl::string_view id) {
  return Local(domain, kConflict, collection, id);
}
std::string FloorKey(Domain domain, core::Origin origin) {
  std::string key = Prefix(domain, kFloor);
  AppendBigEndian64(static_cast<uint64_t>(origin), &key);
  return key;
}
std::string RepairKey(Domain domain) { return Prefix(domain, kRepair); }
std::string CommitKey(Domain domain, uint64_t number) {
  std::string key = Prefix(domain, kCommit);
  AppendBigEndian16(static_cast<uint16_t>(number % kCommitSlots), &key);
  return key;
}

std::string MemberPrefix(Domain domain) { return Prefix(domain, kMember); }
std::string CollectionPrefix(Domain domain) { return Prefix(domain, kCollection); }
std::string DocumentPrefix(Domain domain) { return Prefix(domain, kDocument); }
std::string DotPrefix(Domain domain) { return Prefix(domain, kDot); }
std::string ConflictPrefix(Domain domain) { return Prefix(domain, kConflict); }
std::string FloorPrefix(Domain domain) { return Prefix(domain, kFloor); }
std::string CommitPrefix(Domain domain) { return Prefix(domain, kCommit); }

absl::StatusOr<std::string> DecodeMemberKey(Domain domain, absl::string_view key) {
  return DecodeNamed(domain, kMember, key);
}

absl::StatusOr<std::string> DecodeCollectionKey(Domain domain, absl::string_view key) {
  return DecodeNamed(domain, kCollection, key);
}

absl::StatusOr<core::Dot> DecodeDotKey(Domain domain, absl::string_view key) {
  ASSIGN_OR_RETURN(const absl::string_view fields, Fields(domain, kDot, key));
  ByteReader reader(fields);
  uint64_t origin = 0;
  uint64_t seq = 0;
  if (!reader.ReadBigEndian64(&origin) || !reader.ReadBigEndian64(&seq) || !reader.done() ||
      seq == 0) {
    return absl::DataLossError(absl::StrCat("row key names no dot: ", absl::BytesToHexString(key)));
  }
  return core::Dot{core::Origin{origin}, seq};
}

absl::StatusOr<core::Origin> DecodeFloorKey(Domain domain, absl::string_view key) {
  ASSIGN_OR_RETURN(const absl::string_view fields, Fields(domain, kFloor, key));
  ByteReader reader(fields);
  uint64_t origin = 0;
  if (!reader.ReadBigEndian64(&origin) || !reader.done()) {
    return absl::DataLossError(
        absl::StrCat("row key names no origin: ", absl::BytesToHexString(key)));
  }
  return core::Origin{origin};
}

absl::StatusOr<uint64_t> DecodeCommitKey(Domain domain, absl::string_view key) {
  ASSIGN_OR_RETURN(const absl::string_view fields, Fields(domain, kCommit, key));
  ByteReader reader(fields);
  uint16_t slot = 0;
  if (!reader.ReadBigEndian16(&slot) || !reader.done()) {
    return absl::DataLossError(
        absl::StrCat("row key names no commit: ", absl::BytesToHexString(key)));
  }
  return slot;
}

std::string EncodeLocalKey(CollectionId collection, absl::string_view id) {
  std::string bytes;
  AppendLocalKey(collection, id, &bytes);
  return bytes;
}

absl::StatusOr<LocalKey> DecodeLocalKey(absl::string_view bytes) {
  ByteReader reader(bytes);
  uint32_t collection = 0;
  if (!reader.ReadBigEndian32(&collection) || collection == 0 || reader.rest().empty()) {
    return absl::DataLossError(
        absl::StrCat("not a collection and an id: ", absl::BytesToHexString(bytes)));
  }
  return LocalKey{CollectionId{collection}, reader.rest()};
}

absl::StatusOr<LocalKey> DecodeDocumentRowKey(Domain domain, absl::string_view key) {
  ASSIGN_OR_RETURN(const absl::string_view fields, Fields(domain, kDocument, key));
  return DecodeLocalKey(fields);
}

absl::StatusOr<LocalKey> DecodeConflictKey(Domain domain, absl::string_view key) {
  ASSIGN_OR_RETURN(const absl::string_view fields, Fields(domain, kConflict, key));
  return DecodeLocalKey(fields);
}

}  // namespace docstore::storage
