// What a Link sends of documents: composed when the stream is free, from memory or from the store.

#include <algorithm>
#include <utility>

#include "server/base/mutant.h"
#include "server/node/link.h"

namespace docstore::node {

uint64_t DocumentCost(const core::RemoteDocument& remote) {
  constexpr uint64_t kPerDocument = 64;
  constexpr uint64_t kPerVersion = 48;
  return kPerDocument + remote.key.collection.size() + remote.key.id.size() +
         remote.document.versions.size() * kPerVersion + remote.document.body_bytes();
}

uint64_t DocsCost(const core::Docs& docs) {
  uint64_t cost = 0;
  for (const core::RemoteDocument& remote : docs.documents) cost += DocumentCost(remote);
  return cost;
}

std::optional<core::Docs> Link::NextDocs() {
  if (credit_ <= 0) return std::nullopt;
  const std::shared_ptr<const View> view = owner_->view();
  // Half of its documents are of one node's knowledge and half of another's.
  if (view->repair != nullptr) return std::nullopt;
  const core::Origin own = owner_->own_origin();
  const uint64_t newest = view->clock->of(own).max();
  if (newest > 0) {
    const core::Ranges missing = sent_.MissingFrom(core::Range{own, 1, newest});
    if (!missing.empty()) {
      core::Docs docs = FromPushes(missing.front());
      if (docs.documents.empty() && MayPass(view->floor)) {
        docs = FromStore(*view, missing.front());
      }
      if (!docs.documents.empty()) return docs;
    }
  }
  while (!serving_.empty()) {
    const core::Range wanted = serving_.front();
    for (const core::Range& missing : sent_.MissingFrom(wanted)) {
      if (!MayPass(view->floor)) return std::nullopt;
      core::Docs docs = FromStore(*view, missing);
      if (!docs.documents.empty()) return docs;
    }
    serving_.erase(serving_.begin());
  }
  return std::nullopt;
}

bool Link::MayPass(const std::shared_ptr<const core::Floor>& floor) {
  if (floor == passed_) return true;
  // What is under way arrives, and is applied, before the next frame.
  if (core::CoversFloor(sent_, *floor)) {
    passed_ = floor;
    return true;
  }
  if (!blocked_.Covers(*floor)) {
    blocked_.Join(*floor);
    need_repair_due_ = true;
  }
  return false;
}

core::Docs Link::FromPushes(const core::Range& missing) {
  core::Docs docs;
  uint64_t cost = 0;
  for (uint64_t seq = missing.first; seq <= missing.last && cost < kDocsBytesMax;) {
    const std::shared_ptr<const PushGroup> group = owner_->recent_pushes().Find(seq);
    if (group == nullptr) break;
    // A frame is of one floor; a group of another begins the next.
    if (!docs.documents.empty() && *group->floor != docs.floor) break;
    if (!MayPass(group->floor)) break;
    docs.floor = *group->floor;
    for (const core::RemoteDocument& document : group->documents) {
      if (cost >= kDocsBytesMax) break;
      if (sent_.MissingFrom(document.resolved).empty()) continue;
      cost += DocumentCost(document);
      sent_.Add(document.resolved);
      docs.documents.push_back(document);
    }
    seq = group->last_seq + 1;
  }
  return docs;
}

core::Docs Link::FromStore(const View& view, const core::Range& range) {
  std::vector<StoredItem> items;
  std::map<core::DocumentKey, size_t> positions;
  uint64_t cost = 0;
  uint64_t dots = 0;
  absl::Status status;
  const absl::Status scan =
      view.snapshot->ScanDots(range, [&](const core::Dot& dot, const core::DocumentKey& key) {
        if (!view.clock->Contains(dot)) return true;
        const auto [it, first_seen] = positions.emplace(key, items.size());
        if (first_seen) items.push_back({.remote = {.key = key}});
        StoredItem& item = items[it->second];
        const bool had_state = item.has_state;
        status = Take(view, dot, &item);
        if (!status.ok()) return false;
        if (first_seen || item.has_state != had_state) cost += DocumentCost(item.remote);
        return ++dots < kDocsDotsMax && cost < kDocsBytesMax;
      });
  status.Update(scan);
  if (!status.ok()) {
    owner_->OnStoreFailed(status);
    return {};
  }
  return FinishItems(view, std::move(items));
}

absl::Status Link::Take(const View& view, const core::Dot& dot, StoredItem* item) const {
  item->dots.push_back(dot);
  if (item->has_state) return absl::OkStatus();
  // A state that went out on this stream and knew the dot accounts for it; the name is enough.
  const auto before = sent_keys_.find(item->remote.key);
  if (before != sent_keys_.end() && before->second->Contains(dot)) return absl::OkStatus();
  absl::StatusOr<core::Document> document = view.snapshot->ReadDocument(item->remote.key);
  if (!document.ok()) return document.status();
  if (MUTANT("mark-superseded") && document->Find(dot) == nullptr) return absl::OkStatus();
  item->remote.document = *std::move(document);
  item->has_state = true;
  return absl::OkStatus();
}

core::Docs Link::FinishItems(const View& view, std::vector<StoredItem> items) {
  core::Docs docs{.floor = *view.floor};
  for (StoredItem& item : items) {
    core::Clock resolved;
    for (const core::Dot& dot : item.dots) resolved.Add(dot);
    for (const core::Version& version : item.remote.document.versions) {
      const bool known = view.clock->Contains(version.dot);
      if (known && !view.floor->Covers(version.dot)) resolved.Add(version.dot);
    }
    item.remote.resolved = resolved.ToRanges();
    sent_.Add(item.remote.resolved);
    if (sent_keys_.size() >= kSentKeysMax) sent_keys_.clear();
    if (item.has_state) sent_keys_[item.remote.key] = view.clock;
    docs.documents.push_back(std::move(item.remote));
  }
  return docs;
}

}  // namespace docstore::node
