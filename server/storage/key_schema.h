// The table of every row key. A key orders as bytes the way its fields order as values.
//
//   domain(2) prefix(1) fields     value                        record.h
//   ------------------------------------------------------------------------------------------
//   0         'M'  name            node-wide setting: "schema" varint, "node_uuid" 16 bytes,
//                                  "cluster_name" text
//   d         'M'  name            setting of the domain: "hlc_upper" varint
//   d         'K'                  checkpoint of the clock      EncodeClock
//   d         'R'  name            a member of the cluster      EncodeMember
//   d         'N'  name            a collection: local id and   EncodeCollection
//                                  totals
//   d         'D'  coll(4) id      a document                   EncodeDocument
//   d         'X'  origin(8) seq(8)  dot index                  coll(4) id, as in 'D'
//   d         'F'  origin(8)       floor of the origin          varint, at least 1
//   d         'P'                  repair under way             EncodeRepair
//   d         'B'  slot(2)         the last commit whose        varint
//                                  number ends in these bits
//   d         'W'  coll(4) id      the document is conflicted   empty
//
// Integers are big-endian; `name` and `id` are raw bytes up to the end of the key. `coll` is a
// number that this node gave the collection at its first write, from 1; it means nothing elsewhere.
// Domain 0 holds what belongs to the node; every other domain is one replication domain, today only
// 1. Prefixes C Q S T Z are spoken for by the protocol. Do not renumber or reuse anything here:
// change kSchemaVersion and migrate.

#ifndef DOCSTORE_SERVER_STORAGE_KEY_SCHEMA_H_
#define DOCSTORE_SERVER_STORAGE_KEY_SCHEMA_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/core/dot.h"

namespace docstore::storage {

// Stored under "schema"; a store with a higher one is refused.
inline constexpr uint64_t kSchemaVersion = 1;

enum class Domain : uint16_t {};
inline constexpr Domain kNodeDomain{0};
inline constexpr Domain kDefaultDomain{1};

enum class CollectionId : uint32_t {};

inline constexpr absl::string_view kSchemaName = "schema";
inline constexpr absl::string_view kNodeUuidName = "node_uuid";
inline constexpr absl::string_view kClusterNameName = "cluster_name";
inline constexpr absl::string_view kHlcUpperName = "hlc_upper";

std::string SettingKey(Domain domain, absl::string_view name);
std::string CheckpointKey(Domain domain);
std::string MemberKey(Domain domain, absl::string_view name);
std::string CollectionKey(Domain domain, absl::string_view name);
std::string DocumentRowKey(Domain domain, CollectionId collection, absl::string_view id);
std::string DotKey(Domain domain, const core::Dot& dot);
std::string ConflictKey(Domain domain, CollectionId collection, absl::string_view id);
std::string FloorKey(Domain domain, core::Origin origin);
std::string RepairKey(Domain domain);
// Of commit `number`, from 1: one of kCommitSlots keys that commits take turns at.
inline constexpr uint64_t kCommitSlots = 65536;
std::string CommitKey(Domain domain, uint64_t number);

// What every key of one kind begins with, for scans.
std::string MemberPrefix(Domain domain);
std::string CollectionPrefix(Domain domain);
std::string DocumentPrefix(Domain domain);
std::string DotPrefix(Domain domain);
std::string ConflictPrefix(Domain domain);
std::string FloorPrefix(Domain domain);
std::string CommitPrefix(Domain domain);

// The decoders fail with DATA_LOSS when `key` is not a key of their kind and domain.
absl::StatusOr<std::string> DecodeMemberKey(Domain domain, absl::string_view key);
absl::StatusOr<std::string> DecodeCollectionKey(Domain domain, absl::string_view key);
absl::StatusOr<core::Dot> DecodeDotKey(Domain domain, absl::string_view key);
absl::StatusOr<core::Origin> DecodeFloorKey(Domain domain, absl::string_view key);
// The slot, below kCommitSlots.
absl::StatusOr<uint64_t> DecodeCommitKey(Domain domain, absl::string_view key);

// A document within its domain: the tail of 'D' and 'W' keys and the value of 'X' rows.
struct LocalKey {
  CollectionId collection{};
  absl::string_view id;  // points into what was decoded
};
std::string EncodeLocalKey(CollectionId collection, absl::string_view id);
absl::StatusOr<LocalKey> DecodeLocalKey(absl::string_view bytes);
absl::StatusOr<LocalKey> DecodeDocumentRowKey(Domain domain, absl::string_view key);
absl::StatusOr<LocalKey> DecodeConflictKey(Domain domain, absl::string_view key);

}  // namespace docstore::storage

#endif  // DOCSTORE_SERVER_STORAGE_KEY_SCHEMA_H_
