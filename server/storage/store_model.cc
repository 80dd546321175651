#include "server/storage/store_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "server/base/hash.h"

namespace docstore::storage {
namespace {

constexpr int kOrigins = 4;
constexpr int kCollections = 5;
constexpr int kIds = 40;
constexpr int kWritesMax = 8;
constexpr uint64_t kHlcStep = 100;

uint64_t Below(std::mt19937_64* random, uint64_t limit) { return (*random)() % limit; }

std::string Print(const core::DocumentKey& key) {
  return absl::StrCat(key.collection, "/", key.id);
}

std::string PrintCollection(const core::CollectionRow& row) {
  return absl::StrCat(row.name, ":", row.documents, ",", row.conflicts, ",", row.body_bytes);
}

// Ids with bytes that would upset a text format, and one that is another's prefix.
std::string RandomId(std::mt19937_64* random) {
  const uint64_t n = Below(random, kIds);
  return n % 3 == 0 ? absl::StrCat("id", n, std::string("\xff\0/", 3)) : absl::StrCat("id", n);
}

}  // namespace

core::Version MakeVersion(const core::Dot& dot, uint64_t hlc, const std::string& body) {
  core::Version version{.dot = dot, .hlc = hlc, .deleted = body.empty()};
  if (!body.empty()) {
    version.body = std::make_shared<const std::string>(body);
    version.hash = HashBytes128(body);
  }
  return version;
}

core::Document MakeDocument(const core::Dot& dot, uint64_t hlc, const std::string& body) {
  core::Document document;
  document.versions.push_back(MakeVersion(dot, hlc, body));
  document.context.Join(dot);
  return document;
}

std::string Print(const core::Document& document) {
  std::string text = document.ToString();
  for (const core::Version& version : document.versions) {
    absl::StrAppend(&text, " ", version.body == nullptr ? "none" : *version.body, "#",
                    absl::Hex(version.hash.high), absl::Hex(version.hash.low));
  }
  return text;
}

void StoreModel::Apply(const core::Rows& rows) {
  const auto meet = [this](const std::string& name) {
    if (collections_.try_emplace(name, core::CollectionRow{.name = name}).second) {
      collection_order_.push_back(name);
    }
  };
  for (const core::CollectionRow& row : rows.collections) {
    meet(row.name);
    collections_[row.name] = row;
  }
  for (const core::DocumentRow& row : rows.documents) {
    meet(row.key.collection);
    if (row.document.empty()) {
      documents_.erase(row.key);
    } else {
      documents_[row.key] = row.document;
    }
    if (row.conflict_row == core::ConflictRow::kAdd) conflicts_.insert(row.key);
    if (row.conflict_row == core::ConflictRow::kRemove) conflicts_.erase(row.key);
  }
  for (const core::DotRow& row : rows.dots) dots_[row.dot] = row.key;
  for (const core::Dot& dot : rows.erased_dots) dots_.erase(dot);
  floor_.Join(rows.raised);
  if (rows.repair.has_value()) repair_ = rows.repair;
  if (rows.repair_ended) repair_.reset();
  for (const core::Member& member : rows.members) members_[member.name] = member;
  hlc_upper_ = rows.hlc_upper.value_or(hlc_upper_);
}

core::Clock StoreModel::clock() const {
  core::Clock clock = core::ClockOf(floor_);
  for (const auto& [dot, key] : dots_) clock.Add(dot);
  return clock;
}

void StoreModel::AddRandomWrite(std::mt19937_64* random, StoreModel* after,
                                core::Rows* rows) const {
  const core::DocumentKey key{absl::StrCat("c", Below(random, kCollections)), RandomId(random)};
  const bool repeated =
      absl::c_any_of(rows->documents, [&](const core::DocumentRow& row) { return row.key == key; });
  if (repeated) return;
  const core::Origin origin{Below(random, kOrigins) * 0x0123456789abcdefULL};
  // Gaps, as pushes from peers leave them.
  const core::Dot dot{origin, after->clock().of(origin).max() + 1 + Below(random, 3) / 2};
  const uint64_t number = Below(random, 1000);
  const std::string body =
      number % 5 == 0 ? "" : absl::StrCat("{\"n\":", number, "}", std::string(number, ' '));
  const core::Document& before = after->documents_[key];
  const core::VersionVector seen = number % 3 == 0 ? core::VersionVector() : before.context;
  core::DocumentRow row;
  row.key = key;
  row.document = core::ReplaceCovered(before, seen, MakeVersion(dot, dot.seq * kHlcStep, body));
  if (row.document.conflicted() != before.conflicted()) {
    row.conflict_row =
        row.document.conflicted() ? core::ConflictRow::kAdd : core::ConflictRow::kRemove;
  }
  rows->documents.push_back(row);
  rows->dots.push_back({dot, key});
  core::CollectionRow totals = after->collections_[key.collection];
  totals.name = key.collection;
  totals.documents += row.document.live() - before.live();
  totals.conflicts += row.document.conflicted() - before.conflicted();
  totals.body_bytes += row.document.body_bytes() - before.body_bytes();
  std::erase_if(rows->collections,
                [&](const core::CollectionRow& old) { return old.name == totals.name; });
  rows->collections.push_back(totals);
  after->Apply(*rows);
}

void StoreModel::AddRandomFloor(std::mt19937_64* random, StoreModel* after,
                                core::Rows* rows) const {
  const core::Clock clock = after->clock();
  for (const auto& [origin, set] : clock.origins()) {
    const uint64_t raised = set.base() == 0 ? 0 : Below(random, set.base() + 1);
    if (raised > after->floor_.Get(origin)) rows->raised.Join(core::Dot{origin, raised});
  }
  core::Floor floor = after->floor_;
  floor.Join(rows->raised);
  for (const auto& [dot, indexed] : after->dots_) {
    if (!floor.Covers(dot) || Below(random, 3) == 0) continue;  // the others are left for later
    const core::DocumentKey& key = indexed;
    rows->erased_dots.push_back(dot);
    const bool repeated = absl::c_any_of(
        rows->documents, [&](const core::DocumentRow& row) { return row.key == key; });
    // Stripping a tombstone would change what is counted; live versions alone stay as they are.
    const core::Document& document = after->documents_[key];
    const core::Document stripped = core::Strip(document, floor);
    if (repeated || stripped == document || stripped.versions != document.versions) continue;
    rows->documents.push_back({key, stripped, core::ConflictRow::kKeep});
  }
  after->Apply(*rows);
}

core::Rows StoreModel::RandomRows(std::mt19937_64* random) const {
  StoreModel after = *this;
  core::Rows rows;
  for (uint64_t writes = Below(random, kWritesMax) + 1; writes > 0; --writes) {
    AddRandomWrite(random, &after, &rows);
  }
  rows.hlc_upper = (after.clock().CountDots() + 1000) * kHlcStep;
  if (Below(random, 4) == 0) {
    rows.members.push_back({.name = absl::StrCat("node", Below(random, 5)),
                            .node_uuid = std::string(16, static_cast<char>(Below(random, 256))),
                            .peer_address = absl::StrCat("10.0.0.1:", Below(random, 65536)),
                            .client_address = ""});
  }
  if (Below(random, 4) == 0) AddRandomFloor(random, &after, &rows);
  if (Below(random, 8) == 0) {
    rows.repair = core::RepairProgress{.common = after.clock(),
                                       .floors = after.floor_,
                                       .through = {"c1", RandomId(random)},
                                       .chunks = 1 + Below(random, 100)};
  } else {
    rows.repair_ended = Below(random, 8) == 0;
  }
  if (Below(random, 4) == 0) rows.clock_checkpoint = after.clock();
  return rows;
}

std::vector<std::string> StoreModel::PrintConflicts() const {
  std::vector<std::string> conflicts;
  for (const std::string& collection : collection_order_) {
    for (const core::DocumentKey& key : conflicts_) {
      if (key.collection == collection) conflicts.push_back(Print(key));
    }
  }
  return conflicts;
}

void StoreModel::ExpectEqual(const node::Snapshot& snapshot) const {
  std::map<std::string, std::map<std::string, std::string>> expected_documents;
  for (const auto& [key, document] : documents_) {
    expected_documents[key.collection][key.id] = Print(document);
    const auto read = snapshot.ReadDocument(key);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(Print(*read), Print(document));
  }
  std::vector<std::string> expected_collections;
  for (const auto& [name, row] : collections_) {
    expected_collections.push_back(PrintCollection(row));
    std::map<std::string, std::string> scanned;
    std::string before;
    const auto visit = [&](absl::string_view id, core::Document document) {
      EXPECT_LT(before, id);
      before = std::string(id);
      scanned[before] = Print(document);
      return true;
    };
    ASSERT_EQ(snapshot.ScanDocuments(name, "", visit), absl::OkStatus());
    EXPECT_EQ(scanned, expected_documents[name]);
  }
  const auto collections = snapshot.ListCollections();
  ASSERT_TRUE(collections.ok()) << collections.status();
  std::vector<std::string> listed;
  for (const core::CollectionRow& row : *collections) listed.push_back(PrintCollection(row));
  EXPECT_EQ(listed, expected_collections);

  std::vector<std::string> conflicts;
  ASSERT_EQ(snapshot.ScanConflicts("", {},
                                   [&](const core::DocumentKey& key) {
                                     conflicts.push_back(Print(key));
                                     return true;
                                   }),
            absl::OkStatus());
  EXPECT_EQ(conflicts, PrintConflicts());

  std::map<core::Dot, core::DocumentKey> dots;
  const core::Clock clock = this->clock();
  for (const auto& [origin, set] : clock.origins()) {
    ASSERT_EQ(snapshot.ScanDots({origin, 1, set.max()},
                                [&](const core::Dot& dot, const core::DocumentKey& key) {
                                  dots[dot] = key;
                                  return true;
                                }),
              absl::OkStatus());
  }
  EXPECT_EQ(dots, dots_);
  ExpectKeys(snapshot, {}, documents_.size() + 1);
  ExpectKeys(snapshot, {}, documents_.size() / 2);
  for (const core::DocumentKey& after :
       {core::DocumentKey{"c1", "id5"}, {"c0", "zz"}, {"bb", ""}}) {
    ExpectKeys(snapshot, {after, std::nullopt}, 30);
    ExpectKeys(snapshot, {after, core::DocumentKey{"c3", "id3"}}, 1000);
    ExpectKeys(snapshot, {after, core::DocumentKey{"c1", "id7"}}, 1000);
  }
}

void StoreModel::ExpectKeys(const node::Snapshot& snapshot, const core::KeyRange& range,
                            size_t limit) const {
  std::vector<std::string> expected;
  for (const auto& [key, document] : documents_) {
    if (range.Contains(key) && expected.size() < limit) expected.push_back(Print(key));
  }
  const auto keys = snapshot.ListKeys(range, limit);
  ASSERT_TRUE(keys.ok()) << keys.status();
  std::vector<std::string> found;
  for (const core::DocumentKey& key : *keys) found.push_back(Print(key));
  EXPECT_EQ(found, expected);
}

void StoreModel::ExpectEqual(const core::Recovered& recovered) const {
  EXPECT_EQ(recovered.clock.ToString(), clock().ToString());
  EXPECT_EQ(recovered.floor.ToString(), floor_.ToString());
  EXPECT_EQ(recovered.repair, repair_);
  EXPECT_EQ(recovered.hlc_upper, hlc_upper_);
  std::vector<core::CollectionRow> collections;
  for (const auto& [name, row] : collections_) collections.push_back(row);
  EXPECT_EQ(recovered.collections, collections);
  std::vector<core::Member> members;
  for (const auto& [name, member] : members_) members.push_back(member);
  EXPECT_EQ(recovered.members, members);
}

}  // namespace docstore::storage
