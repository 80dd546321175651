#include "server/core/document.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "server/base/check.h"

namespace docstore::core {
namespace {

void SortByDot(std::vector<Version>* versions) {
  absl::c_sort(*versions, [](const Version& a, const Version& b) { return a.dot < b.dot; });
}

// What stays beside a new version of a stripped document needs its dot in the context again.
void CoverVersions(Document* document) {
  for (const Version& version : document->versions) document->context.Join(version.dot);
}

bool ShownAlike(const Version& a, const Version& b) {
  return a.deleted == b.deleted && a.hash == b.hash;
}

}  // namespace

bool WinsOver(const Version& a, const Version& b) {
  return std::make_tuple(!a.deleted, a.hlc, a.dot) > std::make_tuple(!b.deleted, b.hlc, b.dot);
}

const Version* Document::winner() const {
  const Version* best = nullptr;
  for (const Version& version : versions) {
    if (best == nullptr || WinsOver(version, *best)) best = &version;
  }
  return best;
}

bool Document::live() const {
  return absl::c_any_of(versions, [](const Version& version) { return !version.deleted; });
}

std::vector<const Version*> Document::Shown() const {
  std::vector<const Version*> ordered;
  for (const Version& version : versions) ordered.push_back(&version);
  absl::c_sort(ordered, [](const Version* a, const Version* b) { return WinsOver(*a, *b); });
  std::vector<const Version*> shown;
  for (const Version* version : ordered) {
    const bool repeated = absl::c_any_of(
        shown, [version](const Version* before) { return ShownAlike(*before, *version); });
    if (!repeated) shown.push_back(version);
  }
  return shown;
}

bool Document::conflicted() const { return versions.size() > 1 && live() && Shown().size() > 1; }

const Version* Document::Find(const Dot& dot) const {
  for (const Version& version : versions) {
    if (version.dot == dot) return &version;
  }
  return nullptr;
}

uint64_t Document::max_hlc() const {
  uint64_t max = 0;
  for (const Version& version : versions) max = std::max(max, version.hlc);
  return max;
}

std::vector<Dot> Document::dots() const {
  std::vector<Dot> dots;
  for (const Version& version : versions) dots.push_back(version.dot);
  return dots;
}

uint64_t Document::body_bytes() const {
  uint64_t bytes = 0;
  for (const Version& version : versions)
    bytes += version.body == nullptr ? 0 : version.body->size();
  return bytes;
}

std::string Document::ToString() const {
  std::string text = "{";
  for (const Version& version : versions) {
    absl::StrAppend(&text, text.size() > 1 ? " " : "", core::ToString(version.dot), "@",
                    version.hlc, version.deleted ? "+" : "");
  }
  return absl::StrCat(text, "} ctx ", context.ToString());
}

Document Merge(const Document& local, const Document& remote, const Clock& clock,
               absl::FunctionRef<bool(const Dot&)> remote_covers) {
  Document merged;
  for (const Version& version : local.versions) {
    const bool overwritten = remote.context.Covers(version.dot) || remote_covers(version.dot);
    if (remote.Find(version.dot) != nullptr || !overwritten) {
      merged.versions.push_back(version);
    }
  }
  for (const Version& version : remote.versions) {
    if (local.Find(version.dot) != nullptr) continue;
    // Known here and no longer held: it was overwritten before, whatever the peer still has.
    if (local.context.Covers(version.dot) || clock.Contains(version.dot)) continue;
    merged.versions.push_back(version);
  }
  SortByDot(&merged.versions);
  merged.context = local.context;
  merged.context.Join(remote.context);
  CoverVersions(&merged);
  return merged;
}

Document ReplaceCovered(const Document& document, const VersionVector& context, Version version) {
  Document result;
  for (const Version& old : document.versions) {
    if (!context.Covers(old.dot)) result.versions.push_back(old);
  }
  result.context = document.context;
  result.context.Join(context);
  result.versions.push_back(std::move(version));
  SortByDot(&result.versions);
  CoverVersions(&result);
  return result;
}

Document ReplaceOne(const Document& document, const Dot& replaced, Version version) {
  CHECK(document.Find(replaced) != nullptr);
  Document result;
  for (const Version& old : document.versions) {
    if (old.dot != replaced) result.versions.push_back(old);
  }
  result.context = document.context;
  result.context.Join(replaced);  // a stripped document's context does not cover it
  result.versions.push_back(std::move(version));
  SortByDot(&result.versions);
  CoverVersions(&result);
  return result;
}

}  // namespace docstore::core
