#include "server/storage/record.h"

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/byte_order.h"
#include "server/base/check.h"
#include "server/base/status_macros.h"

namespace docstore::storage {
namespace {

constexpr uint8_t kFormat = 1;
constexpr uint8_t kDeletedFlag = 1;

absl::Status Malformed(absl::string_view record, const ByteReader& reader) {
  return absl::DataLossError(absl::StrCat("malformed ", record, " record, ", reader.rest().size(),
                                          " bytes before its end"));
}

bool ReadFormat(ByteReader* reader) {
  uint8_t format = 0;
  return reader->ReadByte(&format) && format == kFormat;
}

void AppendDot(const core::Dot& dot, std::string* out) {
  AppendBigEndian64(static_cast<uint64_t>(dot.origin), out);
  AppendVarint(dot.seq, out);
}

bool ReadDot(ByteReader* reader, core::Dot* dot) {
  uint64_t origin = 0;
  if (!reader->ReadBigEndian64(&origin) || !reader->ReadVarint(&dot->seq)) return false;
  dot->origin = core::Origin{origin};
  return dot->seq > 0;
}

void AppendVector(const core::VersionVector& vector, std::string* out) {
  AppendVarint(vector.entries().size(), out);
  for (const core::Dot& dot : vector.entries()) AppendDot(dot, out);
}

void AppendVersion(const core::Version& version, std::string* out) {
  AppendDot(version.dot, out);
  AppendBigEndian64(version.hlc, out);
  out->push_back(version.deleted ? kDeletedFlag : 0);
  if (version.deleted) return;
  CHECK(version.body != nullptr);
  AppendBigEndian64(version.hash.high, out);
  AppendBigEndian64(version.hash.low, out);
  AppendLengthPrefixed(*version.body, out);
}

bool ReadVersion(ByteReader* reader, core::Version* version) {
  uint8_t flags = 0;
  if (!ReadDot(reader, &version->dot) || !reader->ReadBigEndian64(&version->hlc) ||
      !reader->ReadByte(&flags) || flags > kDeletedFlag) {
    return false;
  }
  version->deleted = flags == kDeletedFlag;
  if (version->deleted) return true;
  absl::string_view body;
  if (!reader->ReadBigEndian64(&version->hash.high) ||
      !reader->ReadBigEndian64(&version->hash.low) || !reader->ReadLengthPrefixed(&body)) {
    return false;
  }
  version->body = std::make_shared<const std::string>(body);
  return true;
}

// Counts are not checked by themselves: every item takes bytes, so a false one soon runs out of
// them.
bool ReadVector(ByteReader* reader, core::VersionVector* context) {
  uint64_t count = 0;
  if (!reader->ReadVarint(&count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    core::Dot dot;
    if (!ReadDot(reader, &dot)) return false;
    const std::vector<core::Dot>& entries = context->entries();
    if (!entries.empty() && entries.back().origin >= dot.origin) return false;
    context->Join(dot);
  }
  return true;
}

bool ReadDocument(ByteReader* reader, core::Document* document) {
  uint64_t count = 0;
  if (!ReadFormat(reader) || !ReadVector(reader, &document->context) ||
      !reader->ReadVarint(&count)) {
    return false;
  }
  const bool stripped = document->context.empty();
  for (uint64_t i = 0; i < count; ++i) {
    core::Version version;
    if (!ReadVersion(reader, &version)) return false;
    if (!stripped && !document->context.Covers(version.dot)) return false;
    if (i > 0 && document->versions.back().dot >= version.dot) return false;
    document->versions.push_back(std::move(version));
  }
  return reader->done() && !document->empty();
}

// Adds the intervals of one origin, as the encoder wrote them: ascending, apart, non-empty.
bool ReadIntervals(ByteReader* reader, core::Origin origin, core::Clock* clock) {
  uint64_t count = 0;
  if (!reader->ReadVarint(&count) || count == 0) return false;
  uint64_t last = 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t gap = 0;
    uint64_t size = 0;
    if (!reader->ReadVarint(&gap) || !reader->ReadVarint(&size)) return false;
    const uint64_t gap_min = i == 0 ? 1 : 2;
    if (gap < gap_min || gap > std::numeric_limits<uint64_t>::max() - last) return false;
    const uint64_t first = last + gap;
    if (size > std::numeric_limits<uint64_t>::max() - first) return false;
    last = first + size;
    clock->Add(core::Range{origin, first, last});
  }
  return true;
}

bool ReadClock(ByteReader* reader, core::Clock* clock) {
  uint64_t count = 0;
  if (!ReadFormat(reader) || !reader->ReadVarint(&count)) return false;
  uint64_t before = 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t origin = 0;
    if (!reader->ReadBigEndian64(&origin) || (i > 0 && origin <= before)) return false;
    if (!ReadIntervals(reader, core::Origin{origin}, clock)) return false;
    before = origin;
  }
  return reader->done();
}

}  // namespace

void EncodeDocument(const core::Document& document, std::string* out) {
  CHECK(!document.empty());
  out->push_back(kFormat);
  AppendVector(document.context, out);
  AppendVarint(document.versions.size(), out);
  for (const core::Version& version : document.versions) AppendVersion(version, out);
}

absl::StatusOr<core::Document> DecodeDocument(absl::string_view bytes) {
  ByteReader reader(bytes);
  core::Document document;
  if (!ReadDocument(&reader, &document)) return Malformed("document", reader);
  return document;
}

void EncodeClock(const core::Clock& clock, std::string* out) {
  out->push_back(kFormat);
  AppendVarint(clock.origins().size(), out);
  for (const auto& [origin, set] : clock.origins()) {
    AppendBigEndian64(static_cast<uint64_t>(origin), out);
    AppendVarint(set.intervals().size(), out);
    uint64_t last = 0;
    for (const core::IntervalSet::Interval& interval : set.intervals()) {
      AppendVarint(interval.first - last, out);
      AppendVarint(interval.last - interval.first, out);
      last = interval.last;
    }
  }
}

absl::StatusOr<core::Clock> DecodeClock(absl::string_view bytes) {
  ByteReader reader(bytes);
  core::Clock clock;
  if (!ReadClock(&reader, &clock)) return Malformed("clock", reader);
  return clock;
}

void EncodeCollection(const CollectionRecord& collection, std::string* out) {
  out->push_back(kFormat);
  AppendVarint(static_cast<uint32_t>(collection.local_id), out);
  AppendVarint(collection.documents, out);
  AppendVarint(collection.conflicts, out);
  AppendVarint(collection.body_bytes, out);
}

absl::StatusOr<CollectionRecord> DecodeCollection(absl::string_view bytes) {
  ByteReader reader(bytes);
  CollectionRecord collection;
  uint64_t local_id = 0;
  if (!ReadFormat(&reader) || !reader.ReadVarint(&local_id) ||
      !reader.ReadVarint(&collection.documents) || !reader.ReadVarint(&collection.conflicts) ||
      !reader.ReadVarint(&collection.body_bytes) || !reader.done() || local_id == 0 ||
      local_id > std::numeric_limits<uint32_t>::max()) {
    return Malformed("collection", reader);
  }
  collection.local_id = CollectionId{static_cast<uint32_t>(local_id)};
  return collection;
}

void EncodeMember(const core::Member& member, std::string* out) {
  out->push_back(kFormat);
  AppendLengthPrefixed(member.node_uuid, out);
  AppendLengthPrefixed(member.peer_address, out);
  AppendLengthPrefixed(member.client_address, out);
}

absl::StatusOr<core::Member> DecodeMember(absl::string_view bytes) {
  ByteReader reader(bytes);
  absl::string_view uuid;
  absl::string_view peer_address;
  absl::string_view client_address;
  if (!ReadFormat(&reader) || !reader.ReadLengthPrefixed(&uuid) ||
      !reader.ReadLengthPrefixed(&peer_address) || !reader.ReadLengthPrefixed(&client_address) ||
      !reader.done()) {
    return Malformed("member", reader);
  }
  core::Member member;
  member.node_uuid = std::string(uuid);
  member.peer_address = std::string(peer_address);
  member.client_address = std::string(client_address);
  return member;
}

void EncodeRepair(const core::RepairProgress& repair, std::string* out) {
  out->push_back(kFormat);
  AppendVarint(repair.chunks, out);
  std::string clock;
  EncodeClock(repair.common, &clock);
  AppendLengthPrefixed(clock, out);
  AppendVector(repair.floors, out);
  AppendLengthPrefixed(repair.through.collection, out);
  AppendLengthPrefixed(repair.through.id, out);
}

absl::StatusOr<core::RepairProgress> DecodeRepair(absl::string_view bytes) {
  ByteReader reader(bytes);
  core::RepairProgress repair;
  absl::string_view clock;
  absl::string_view collection;
  absl::string_view id;
  if (!ReadFormat(&reader) || !reader.ReadVarint(&repair.chunks) ||
      !reader.ReadLengthPrefixed(&clock) || !ReadVector(&reader, &repair.floors) ||
      !reader.ReadLengthPrefixed(&collection) || !reader.ReadLengthPrefixed(&id) ||
      !reader.done() || collection.empty() != id.empty()) {
    return Malformed("repair", reader);
  }
  ASSIGN_OR_RETURN(repair.common, DecodeClock(clock));
  repair.through = {std::string(collection), std::string(id)};
  if (repair.chunks == 0 && repair != core::RepairProgress()) return Malformed("repair", reader);
  return repair;
}

std::string EncodeNumber(uint64_t number) {
  std::string bytes;
  AppendVarint(number, &bytes);
  return bytes;
}

absl::StatusOr<uint64_t> DecodeNumber(absl::string_view bytes) {
  ByteReader reader(bytes);
  uint64_t number = 0;
  if (!reader.ReadVarint(&number) || !reader.done()) return Malformed("number", reader);
  return number;
}

}  // namespace docstore::storage
