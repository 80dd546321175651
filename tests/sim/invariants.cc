#include "tests/sim/invariants.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "server/base/check.h"

namespace docstore::sim {
namespace {

using core::ToString;

std::string Describe(const core::DocumentKey& key) {
  return absl::StrCat(key.collection, "/", key.id);
}

// The first Step after which the document tells of `dot`.
size_t StepOf(const core::Dot& dot, const std::vector<const core::Document*>& steps) {
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i]->context.Covers(dot) || steps[i]->Find(dot) != nullptr) return i;
  }
  return steps.size() - 1;
}

}  // namespace

bool Intents::Add(const std::string& node, const core::DocumentKey& key, Intent intent) {
  std::vector<Intent>& intents = intents_[{node, key}];
  const auto deletes = [](const Intent& other) { return other.deleted; };
  if (intent.deleted && absl::c_any_of(intents, deletes)) return false;
  intents.push_back(std::move(intent));
  return true;
}

void Intents::Remove(const std::string& node, const core::DocumentKey& key, const Hash128& hash) {
  const auto it = intents_.find({node, key});
  if (it == intents_.end()) return;
  std::erase_if(it->second, [&hash](const Intent& intent) { return intent.hash == hash; });
  if (it->second.empty()) intents_.erase(it);
}

void Intents::RemoveAll(const std::string& node) {
  std::erase_if(intents_, [&node](const auto& entry) { return entry.first.first == node; });
}

const std::vector<Intent>& Intents::Find(const std::string& node,
                                         const core::DocumentKey& key) const {
  static const std::vector<Intent> kNone;
  const auto it = intents_.find({node, key});
  return it == intents_.end() ? kNone : it->second;
}

const Intent* Intents::Find(const std::string& node, const core::DocumentKey& key,
                            const core::Version& version) const {
  for (const Intent& intent : Find(node, key)) {
    if (intent.deleted == version.deleted && intent.hash == version.hash) return &intent;
  }
  return nullptr;
}

void Invariants::Fail(const Stored& node, const core::DocumentKey& key,
                      const core::Document& document, const std::string& what) {
  trace_.Fail(absl::StrCat(node.name, " ", Describe(key), " ", document.ToString(), ": ", what,
                           "; its clock is ", node.clock.ToString()));
}

Invariants::TouchedKeys Invariants::Gather(const core::Rows& rows,
                                           const node::Snapshot& before) const {
  TouchedKeys touched;
  for (const core::DocumentRow& row : rows.documents) {
    touched[row.key].steps.push_back(&row.document);
  }
  for (const core::DotRow& row : rows.dots) touched[row.key].added.push_back(row.dot);
  for (auto& [key, one] : touched) {
    absl::StatusOr<core::Document> document = before.ReadDocument(key);
    CHECK_OK(document.status());
    one.before = *std::move(document);
  }
  return touched;
}

void Invariants::AddClock(const core::Rows& rows, Stored* node, std::vector<core::Dot>* new_dots) {
  for (const core::DotRow& row : rows.dots) {
    if (node->clock.Contains(row.dot)) {
      trace_.Fail(absl::StrCat(node->name, " indexes ", ToString(row.dot), " a second time"));
    }
    const Write* const write = oracle_.Find(row.dot);
    if (row.dot.origin == node->origin) {
      const uint64_t next = node->clock.of(node->origin).max() + 1;
      if (write != nullptr) {
        trace_.Fail(absl::StrCat(node->name, " issues ", ToString(row.dot), " a second time"));
      } else if (row.dot.seq != next) {
        trace_.Fail(absl::StrCat(node->name, " issues ", ToString(row.dot), " instead of ", next));
      }
    } else if (write == nullptr) {
      trace_.Fail(absl::StrCat(node->name, " knows ", ToString(row.dot), ", which nobody wrote"));
    } else if (write->key != row.key) {
      trace_.Fail(absl::StrCat(node->name, " holds that ", ToString(row.dot), " wrote ",
                               Describe(row.key), ", but it wrote ", Describe(write->key)));
    }
    node->clock.Add(row.dot);
    new_dots->push_back(row.dot);
  }
  for (const core::Dot& top : rows.raised.entries()) {
    const core::Range range{top.origin, 1, top.seq};
    node->floor.Add(range);
    floors_.Add(range);
    // A repair makes known at its end what its documents have brought before.
    for (const core::Range& fresh : node->clock.MissingFrom(range)) {
      if (!rows.repair_ended) {
        trace_.Fail(absl::StrCat(node->name, " raises its floor above its clock"));
      }
      for (uint64_t seq = fresh.first; seq <= fresh.last; ++seq) {
        new_dots->push_back({fresh.origin, seq});
      }
    }
    node->clock.Add(range);
  }
}

std::vector<core::Dot> Invariants::Met(const Stored& node, const Touched& touched, size_t step,
                                       const core::Dot& dot) const {
  const core::DocumentKey& key = oracle_.Find(dot)->key;
  const core::Document& before = step == 0 ? touched.before : *touched.steps[step - 1];
  const core::Document& after = *touched.steps[step];
  std::set<core::Dot> candidates(touched.added.begin(), touched.added.end());
  for (const core::Version& version : before.versions) candidates.insert(version.dot);
  const std::vector<core::Dot>& current = oracle_.Current(key);
  candidates.insert(current.begin(), current.end());
  const auto passengers = node.passengers.find(key);
  if (passengers != node.passengers.end()) {
    candidates.insert(passengers->second.begin(), passengers->second.end());
  }
  // It may have been any of those under way that left no version.
  for (const Intent& intent : intents_.Find(node.name, key)) {
    if (const auto* token = std::get_if<core::ResolveToken>(&intent.token)) {
      candidates.insert(token->dots.begin(), token->dots.end());
    } else {
      candidates.insert(std::get<core::VersionToken>(intent.token).dot);
    }
  }
  std::vector<core::Dot> met;
  for (const core::Dot& other : candidates) {
    if (other == dot || after.Find(other) != nullptr) continue;
    if (other.origin == dot.origin && other.seq > dot.seq) continue;  // made later
    if (before.Find(other) != nullptr || after.context.Covers(other)) met.push_back(other);
  }
  return met;
}

void Invariants::AddReplaced(const Stored& node, const Touched& touched, size_t step,
                             const core::Dot& dot, const Intent* intent) {
  const bool by_token = intent != nullptr && (intent->guard == core::Guard::kIfVersion ||
                                              intent->guard == core::Guard::kContext);
  std::vector<core::Dot> replaced;
  if (!by_token) {
    replaced = Met(node, touched, step, dot);
  } else if (const auto* version = std::get_if<core::VersionToken>(&intent->token)) {
    replaced = {version->dot};
  } else {
    replaced = std::get<core::ResolveToken>(intent->token).dots;
  }
  for (const core::Dot& other : replaced) {
    if (oracle_.Find(other) != nullptr) oracle_.AddReplaced(dot, other);
  }
}

void Invariants::AddWrites(const TouchedKeys& touched, const Stored& node,
                           const core::Clock& clock_before, int64_t now_us) {
  for (const auto& [key, one] : touched) {
    std::vector<core::Dot> minted;
    for (const core::Dot& dot : one.added) {
      if (dot.origin != node.origin || oracle_.Find(dot) != nullptr) continue;
      if (one.steps.empty()) {
        Fail(node, key, one.before, absl::StrCat("a write ", ToString(dot), " left no document"));
        return;
      }
      minted.push_back(dot);
      oracle_.Add({.dot = dot, .key = key, .durable_us = now_us});
    }
    for (const core::Dot& dot : minted) {
      const size_t step = StepOf(dot, one.steps);
      const core::Document& after = *one.steps[step];
      const core::Version* const version = after.Find(dot);
      const Intent* intent = nullptr;
      if (version != nullptr) {
        Write& write = *oracle_.Find(dot);
        write.body_known = true;
        write.deleted = version->deleted;
        write.hash = version->hash;
        intent = intents_.Find(node.name, key, *version);
      }
      AddReplaced(node, one, step, dot, intent);
      if (intent == nullptr || intent->guard != core::Guard::kIfVersion) continue;
      const auto* token = std::get_if<core::VersionToken>(&intent->token);
      if (token != nullptr && clock_before.Contains(token->dot) &&
          one.before.Find(token->dot) == nullptr) {
        Fail(node, key, after,
             absl::StrCat(ToString(dot), " was guarded by ", ToString(token->dot),
                          ", which had been replaced"));
      }
    }
  }
}

void Invariants::CheckDocument(const Stored& node, const core::DocumentKey& key,
                               const core::Document& document) {
  for (const core::Dot& dot : oracle_.Current(key)) {
    // A tombstone goes with the first floor that passes it, and then from all that hear of it.
    if (oracle_.Find(dot)->deleted && floors_.Contains(dot)) continue;
    const bool counted = node.clock.Contains(dot) || document.context.Covers(dot);
    if (counted && document.Find(dot) == nullptr) {
      Fail(node, key, document, absl::StrCat("LOST: nothing replaced ", ToString(dot)));
      return;
    }
  }
  for (const core::Version& version : document.versions) {
    const Write* const write = oracle_.Find(version.dot);
    if (write == nullptr || write->key != key) {
      Fail(node, key, document, absl::StrCat(ToString(version.dot), " was never written here"));
      return;
    }
    if (write->body_known && (write->deleted != version.deleted || write->hash != version.hash)) {
      Fail(node, key, document, absl::StrCat(ToString(version.dot), " was written otherwise"));
      return;
    }
    // A write that named it after a floor had passed it at the writer stands beside it elsewhere,
    // until the floor there passes it as well.
    const bool reclaimed = version.deleted && floors_.Contains(version.dot);
    for (const core::Dot& later : write->replaced_by) {
      if (reclaimed) break;
      if (node.clock.Contains(later) || document.Find(later) != nullptr) {
        Fail(node, key, document,
             absl::StrCat("ZOMBIE: ", ToString(version.dot), " was replaced by ", ToString(later)));
        return;
      }
    }
    if (node.floor.Contains(version.dot) || !node.clock.Contains(version.dot)) continue;
    for (const core::Dot& gone : write->replaced) {
      if (!document.context.Covers(gone) && !node.floor.Contains(gone)) {
        Fail(node, key, document,
             absl::StrCat("J2: the context lacks ", ToString(gone), ", which ",
                          ToString(version.dot), " replaced"));
        return;
      }
    }
  }
}

void Invariants::CheckAdded(const Stored& node, const core::DocumentKey& key,
                            const Touched& touched) {
  const core::Document& now = touched.now();
  for (const core::Dot& dot : touched.added) {
    if (now.Find(dot) != nullptr || oracle_.Find(dot) == nullptr) continue;
    if (oracle_.Find(dot)->deleted && floors_.Contains(dot)) continue;  // gone with a repair
    const bool accounted = oracle_.ReplacedByAny(dot, [&](const core::Dot& later) {
      return node.clock.Contains(later) || now.Find(later) != nullptr;
    });
    if (!accounted) {
      Fail(node, key, now,
           absl::StrCat("J1: counts ", ToString(dot),
                        " as known but holds neither it nor what "
                        "replaced it"));
      return;
    }
  }
}

void Invariants::OnCommit(const core::Rows& rows, const node::Snapshot& before, Stored* node,
                          std::vector<core::Dot>* new_dots, int64_t now_us) {
  const TouchedKeys touched = Gather(rows, before);
  const core::Clock clock_before = node->clock;
  AddClock(rows, node, new_dots);
  if (trace_.failed()) return;
  AddWrites(touched, *node, clock_before, now_us);
  for (const auto& [key, one] : touched) {
    CheckDocument(*node, key, one.now());
    CheckAdded(*node, key, one);
  }
}

void Invariants::CheckAll(const Stored& node, const node::Snapshot& snapshot) {
  std::map<std::string, core::CollectionRow> totals;
  std::set<core::DocumentKey> conflicts;
  std::set<core::DocumentKey> held;
  const auto collections = snapshot.ListCollections();
  CHECK_OK(collections.status());
  for (const core::CollectionRow& row : *collections) {
    core::CollectionRow& sum = totals[row.name];
    sum.name = row.name;
    CHECK_OK(snapshot.ScanDocuments(row.name, "",
                                    [&](absl::string_view id, const core::Document& document) {
                                      const core::DocumentKey key{row.name, std::string(id)};
                                      held.insert(key);
                                      sum.documents += document.live();
                                      sum.conflicts += document.conflicted();
                                      sum.body_bytes += document.body_bytes();
                                      if (document.conflicted()) conflicts.insert(key);
                                      if (document.empty())
                                        Fail(node, key, document, "an empty record is kept");
                                      CheckDocument(node, key, document);
                                      return !trace_.failed();
                                    }));
    if (trace_.failed()) return;
    if (sum != row) trace_.Fail(absl::StrCat(node.name, " has wrong totals of ", row.name));
  }
  for (const auto& [key, dots] : oracle_.keys()) {
    if (!held.contains(key)) CheckDocument(node, key, core::Document());
  }
  CHECK_OK(snapshot.ScanConflicts("", {}, [&](const core::DocumentKey& key) {
    if (conflicts.erase(key) == 0) {
      trace_.Fail(absl::StrCat(node.name, " lists ", Describe(key), " as a conflict"));
    }
    return true;
  }));
  if (!conflicts.empty()) {
    trace_.Fail(
        absl::StrCat(node.name, " does not list ", Describe(*conflicts.begin()), " as a conflict"));
  }
  for (const core::Range& range : node.clock.ToRanges()) CheckIndex(node, snapshot, range);
}

void Invariants::CheckIndex(const Stored& node, const node::Snapshot& snapshot,
                            const core::Range& range) {
  uint64_t next = std::max(range.first, node.floor.base(range.origin) + 1);
  if (next > range.last) return;
  CHECK_OK(snapshot.ScanDots({range.origin, next, range.last},
                             [&](const core::Dot& dot, const core::DocumentKey& key) {
                               if (dot.seq != next) return false;
                               ++next;
                               return true;
                             }));
  if (next != range.last + 1) {
    trace_.Fail(absl::StrCat(node.name, " knows ", ToString(core::Dot{range.origin, next}),
                             " but does not index it"));
  }
}

}  // namespace docstore::sim
