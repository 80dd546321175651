#include "server/storage/recovery.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/status_macros.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/repair.h"
#include "server/storage/record.h"
#include "server/storage/row_snapshot.h"

namespace docstore::storage {
namespace {

// Rows corrected in one batch.
constexpr int kCorrectionsMax = 1000;

absl::StatusOr<std::string> ReadSetting(const EngineSnapshot& rows, Domain domain,
                                        absl::string_view name) {
  ASSIGN_OR_RETURN(std::optional<std::string> value, rows.Get(SettingKey(domain, name)));
  return std::move(value).value_or("");
}

absl::StatusOr<uint64_t> ReadHlcUpper(const EngineSnapshot& rows, Domain domain) {
  ASSIGN_OR_RETURN(const std::string value, ReadSetting(rows, domain, kHlcUpperName));
  return value.empty() ? 0 : DecodeNumber(value);
}

absl::StatusOr<core::Clock> ReadCheckpoint(const EngineSnapshot& rows, Domain domain) {
  ASSIGN_OR_RETURN(const std::optional<std::string> value, rows.Get(CheckpointKey(domain)));
  return value.has_value() ? DecodeClock(*value) : core::Clock();
}

// What the documents of a domain say of themselves.
struct Recount {
  std::map<CollectionId, CollectionRecord> collections;
  uint64_t hlc_max = 0;
};

// Writes corrections, a limited number at a time. Repeating them after a crash does no harm.
class Corrections {
 public:
  explicit Corrections(Engine* engine) : engine_(engine), batch_(engine->NewBatch()) {}

  absl::Status Put(absl::string_view key, absl::string_view value) {
    batch_->Put(key, value);
    return Added();
  }
  absl::Status Erase(absl::string_view key) {
    batch_->Erase(key);
    return Added();
  }
  absl::Status Flush() {
    if (count_ == 0) return absl::OkStatus();
    RETURN_IF_ERROR(engine_->Write(batch_.get()));
    batch_ = engine_->NewBatch();
    count_ = 0;
    return absl::OkStatus();
  }

 private:
  absl::Status Added() { return ++count_ < kCorrectionsMax ? absl::OkStatus() : Flush(); }

  Engine* const engine_;
  std::unique_ptr<Batch> batch_;
  int count_ = 0;
};

// Compares dots with their documents. With `forget` it erases the rows of those at or below the
// floor and of those that their document does not account for: it was stripped, and the batch that
// raised the floor above them was lost.
absl::Status CheckDots(const EngineSnapshot& rows, Domain domain, const core::Floor& floor,
                       bool forget, Corrections* corrections) {
  const std::string prefix = DotPrefix(domain);
  return ScanRows(rows, prefix, prefix,
                  [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
                    ASSIGN_OR_RETURN(const core::Dot dot, DecodeDotKey(domain, key));
                    ASSIGN_OR_RETURN(const LocalKey local, DecodeLocalKey(value));
                    ASSIGN_OR_RETURN(const std::optional<std::string> row,
                                     rows.Get(DocumentRowKey(domain, local.collection, local.id)));
                    core::Document document;
                    if (row.has_value()) {
                      ASSIGN_OR_RETURN(document, DecodeDocument(*row));
                    }
                    const bool below = floor.Covers(dot);
                    if (!below && document.context.Covers(dot)) return true;
                    if (forget) {
                      RETURN_IF_ERROR(corrections->Erase(key));
                    } else if (!below) {
                      return absl::DataLossError(absl::StrCat(
                          "the index holds write ", core::ToString(dot), " of document ", local.id,
                          ", which the document does not account for"));
                    }
                    return true;
                  });
}

absl::Status ForgetFloorAndRepair(const EngineSnapshot& rows, Domain domain,
                                  const core::Floor& floor, Corrections* corrections) {
  for (const core::Dot& dot : floor.entries()) {
    RETURN_IF_ERROR(corrections->Erase(FloorKey(domain, dot.origin)));
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> repair, rows.Get(RepairKey(domain)));
  if (!repair.has_value()) return absl::OkStatus();
  std::string anew;
  EncodeRepair(core::RepairProgress(), &anew);
  return corrections->Put(RepairKey(domain), anew);
}

// Counts the documents anew and corrects their conflict rows.
absl::StatusOr<Recount> RecountDocuments(const EngineSnapshot& rows, Domain domain,
                                         const CollectionNames& names, Corrections* corrections) {
  Recount recount;
  const std::string prefix = DocumentPrefix(domain);
  RETURN_IF_ERROR(ScanRows(
      rows, prefix, prefix,
      [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
        ASSIGN_OR_RETURN(const LocalKey local, DecodeDocumentRowKey(domain, key));
        RETURN_IF_ERROR(names.NameOf(local.collection).status());
        ASSIGN_OR_RETURN(const core::Document document, DecodeDocument(value));
        CollectionRecord& totals = recount.collections[local.collection];
        totals.documents += document.live() ? 1 : 0;
        totals.conflicts += document.conflicted() ? 1 : 0;
        totals.body_bytes += document.body_bytes();
        recount.hlc_max = std::max(recount.hlc_max, document.max_hlc());
        if (document.conflicted()) {
          RETURN_IF_ERROR(corrections->Put(ConflictKey(domain, local.collection, local.id), ""));
        }
        return true;
      }));
  return recount;
}

absl::Status EraseConflictRows(const EngineSnapshot& rows, Domain domain,
                               Corrections* corrections) {
  const std::string prefix = ConflictPrefix(domain);
  return ScanRows(rows, prefix, prefix,
                  [&](absl::string_view key, absl::string_view) -> absl::StatusOr<bool> {
                    RETURN_IF_ERROR(corrections->Erase(key));
                    return true;
                  });
}

absl::Status CorrectCollections(const EngineSnapshot& rows, Domain domain, Recount recount,
                                Corrections* corrections) {
  ASSIGN_OR_RETURN(const auto collections, ReadCollections(rows, domain));
  for (const NamedCollection& collection : collections) {
    CollectionRecord& counted = recount.collections[collection.record.local_id];
    counted.local_id = collection.record.local_id;
    std::string value;
    EncodeCollection(counted, &value);
    RETURN_IF_ERROR(corrections->Put(CollectionKey(domain, collection.name), value));
  }
  ASSIGN_OR_RETURN(const uint64_t hlc_upper, ReadHlcUpper(rows, domain));
  if (hlc_upper > recount.hlc_max) return absl::OkStatus();
  return corrections->Put(SettingKey(domain, kHlcUpperName), EncodeNumber(recount.hlc_max + 1));
}

absl::StatusOr<std::vector<core::Member>> ReadMembers(const EngineSnapshot& rows, Domain domain) {
  std::vector<core::Member> members;
  const std::string prefix = MemberPrefix(domain);
  RETURN_IF_ERROR(
      ScanRows(rows, prefix, prefix,
               [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
                 ASSIGN_OR_RETURN(core::Member member, DecodeMember(value));
                 ASSIGN_OR_RETURN(member.name, DecodeMemberKey(domain, key));
                 members.push_back(std::move(member));
                 return true;
               }));
  return members;
}

}  // namespace

absl::StatusOr<core::Floor> RecoverFloor(const EngineSnapshot& rows, Domain domain) {
  core::Floor floor;
  const std::string prefix = FloorPrefix(domain);
  RETURN_IF_ERROR(
      ScanRows(rows, prefix, prefix,
               [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
                 ASSIGN_OR_RETURN(const core::Origin origin, DecodeFloorKey(domain, key));
                 ASSIGN_OR_RETURN(const uint64_t seq, DecodeNumber(value));
                 if (seq == 0) return absl::DataLossError("the floor of an origin is 0");
                 floor.Join(core::Dot{origin, seq});
                 return true;
               }));
  return floor;
}

absl::StatusOr<core::Clock> RecoverClock(const EngineSnapshot& rows, Domain domain,
                                         const core::Floor& floor, const core::Clock& checkpoint) {
  core::Clock clock = core::ClockOf(floor);
  const std::string prefix = DotPrefix(domain);
  const std::unique_ptr<Cursor> cursor = rows.NewCursor();
  cursor->Seek(prefix);
  while (cursor->valid() && absl::StartsWith(cursor->key(), prefix)) {
    ASSIGN_OR_RETURN(const core::Dot dot, DecodeDotKey(domain, cursor->key()));
    const uint64_t floor_seq = floor.Get(dot.origin);
    const uint64_t base = checkpoint.base(dot.origin);
    if (dot.seq < base && clock.base(dot.origin) < base) {
      // Lands on the row of the base itself, unless the checkpoint says too much.
      const std::string base_key = DotKey(domain, {dot.origin, base});
      cursor->Seek(base_key);
      if (!cursor->valid() || cursor->key() != base_key) break;
      clock.Add(core::Range{dot.origin, 1, base});
    } else if (dot.seq < floor_seq) {
      // A row that is yet to be erased, before many that are.
      cursor->Seek(DotKey(domain, {dot.origin, floor_seq}));
      continue;
    } else {
      clock.Add(dot);
    }
    cursor->Next();
  }
  RETURN_IF_ERROR(cursor->status());
  // Floor and index define the clock, so a checkpoint beyond them is of no use.
  if (!clock.Covers(checkpoint)) return RecoverClock(rows, domain, floor, core::Clock());
  return clock;
}

absl::StatusOr<CommitCount> ReadCommits(const EngineSnapshot& rows, Domain domain) {
  std::vector<uint64_t> numbers(kCommitSlots);
  CommitCount count;
  const std::string prefix = CommitPrefix(domain);
  RETURN_IF_ERROR(ScanRows(
      rows, prefix, prefix,
      [&](absl::string_view key, absl::string_view value) -> absl::StatusOr<bool> {
        ASSIGN_OR_RETURN(const uint64_t slot, DecodeCommitKey(domain, key));
        ASSIGN_OR_RETURN(const uint64_t number, DecodeNumber(value));
        if (number == 0 || number % kCommitSlots != slot) {
          return absl::DataLossError(absl::StrCat("commit ", number, " stands in slot ", slot));
        }
        numbers[slot] = number;
        count.last = std::max(count.last, number);
        return true;
      }));
  const uint64_t first = count.last < kCommitSlots ? 1 : count.last - kCommitSlots + 1;
  for (uint64_t number = first; number <= count.last; ++number) {
    if (numbers[number % kCommitSlots] != number) count.missing.push_back(number);
  }
  return count;
}

absl::Status CheckRows(Engine* engine, Domain domain, const CollectionNames& names) {
  const std::unique_ptr<EngineSnapshot> rows = engine->TakeSnapshot();
  ASSIGN_OR_RETURN(const core::Floor floor, RecoverFloor(*rows, domain));
  ASSIGN_OR_RETURN(const CommitCount commits, ReadCommits(*rows, domain));
  Corrections corrections(engine);
  const bool hole = !commits.missing.empty();
  RETURN_IF_ERROR(CheckDots(*rows, domain, floor, /*forget=*/hole, &corrections));
  if (hole) RETURN_IF_ERROR(ForgetFloorAndRepair(*rows, domain, floor, &corrections));
  // Dealt with; a later check need not.
  for (const uint64_t number : commits.missing) {
    RETURN_IF_ERROR(corrections.Put(CommitKey(domain, number), EncodeNumber(number)));
  }
  // It may hold dots of lost batches, and would do so at every later start.
  RETURN_IF_ERROR(corrections.Erase(CheckpointKey(domain)));
  RETURN_IF_ERROR(EraseConflictRows(*rows, domain, &corrections));
  ASSIGN_OR_RETURN(Recount recount, RecountDocuments(*rows, domain, names, &corrections));
  RETURN_IF_ERROR(CorrectCollections(*rows, domain, std::move(recount), &corrections));
  return corrections.Flush();
}

absl::StatusOr<core::Recovered> RecoverRows(Engine* engine, Domain domain,
                                            const CollectionNames& names) {
  if (engine->needs_check()) {
    RETURN_IF_ERROR(CheckRows(engine, domain, names));
    RETURN_IF_ERROR(engine->MarkChecked());
  }
  const std::unique_ptr<EngineSnapshot> rows = engine->TakeSnapshot();
  core::Recovered recovered;
  ASSIGN_OR_RETURN(recovered.node_uuid, ReadSetting(*rows, kNodeDomain, kNodeUuidName));
  ASSIGN_OR_RETURN(recovered.cluster_name, ReadSetting(*rows, kNodeDomain, kClusterNameName));
  ASSIGN_OR_RETURN(recovered.hlc_upper, ReadHlcUpper(*rows, domain));
  ASSIGN_OR_RETURN(const core::Clock checkpoint, ReadCheckpoint(*rows, domain));
  ASSIGN_OR_RETURN(recovered.floor, RecoverFloor(*rows, domain));
  ASSIGN_OR_RETURN(recovered.clock, RecoverClock(*rows, domain, recovered.floor, checkpoint));
  ASSIGN_OR_RETURN(const std::optional<std::string> repair, rows->Get(RepairKey(domain)));
  if (repair.has_value()) {
    ASSIGN_OR_RETURN(recovered.repair, DecodeRepair(*repair));
  }
  ASSIGN_OR_RETURN(recovered.members, ReadMembers(*rows, domain));
  ASSIGN_OR_RETURN(const auto collections, ReadCollections(*rows, domain));
  for (const NamedCollection& collection : collections) {
    recovered.collections.push_back({.name = collection.name,
                                     .documents = collection.record.documents,
                                     .conflicts = collection.record.conflicts,
                                     .body_bytes = collection.record.body_bytes});
  }
  return recovered;
}

}  // namespace docstore::storage
