#include "client/content_comparison.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace docstore::client {
namespace {

const ContentVersion* Find(const std::vector<ContentVersion>& versions, const Dot& dot) {
  for (const ContentVersion& version : versions) {
    if (version.dot == dot) return &version;
  }
  return nullptr;
}

bool SameVersion(const ContentVersion& a, const ContentVersion& b) {
  return a.timestamp == b.timestamp && a.deleted == b.deleted && a.hash_high == b.hash_high &&
         a.hash_low == b.hash_low;
}

// `other` may still get `dot`, which `holder` holds, or `holder` may still learn what replaced it.
bool IsUnderWay(const NodeContent& holder, const NodeContent& other, const DocumentKey& key,
                const Dot& dot) {
  if (holder.clock == other.clock) return false;
  if (!other.clock.Contains(dot)) return true;
  const std::vector<ContentVersion>& versions = other.Of(key);
  return std::any_of(versions.begin(), versions.end(), [&](const ContentVersion& version) {
    return !holder.clock.Contains(version.dot);
  });
}

void JudgeVersion(const std::vector<NodeContent>& nodes, const DocumentKey& key,
                  const NodeContent& holder, const ContentVersion& version, Verdict* verdict) {
  if (version.damaged) {
    verdict->findings.insert({Finding::Kind::kDamaged, version.dot, holder.node});
  }
  if (version.deleted) return;
  for (const NodeContent& other : nodes) {
    const ContentVersion* same = Find(other.Of(key), version.dot);
    if (same != nullptr && SameVersion(version, *same)) continue;
    verdict->equal = false;
    if (same != nullptr) {
      verdict->findings.insert({Finding::Kind::kDiffers, version.dot, ""});
    } else if (!IsUnderWay(holder, other, key, version.dot)) {
      verdict->findings.insert({Finding::Kind::kLacks, version.dot, other.node});
    }
  }
}

}  // namespace

const std::vector<ContentVersion>& NodeContent::Of(const DocumentKey& key) const {
  static const auto* const none = new std::vector<ContentVersion>();
  const auto found = documents.find(key);
  return found == documents.end() ? *none : found->second;
}

Verdict Judge(const std::vector<NodeContent>& nodes, const DocumentKey& key) {
  Verdict verdict{.equal = true, .findings = {}};
  for (const NodeContent& holder : nodes) {
    for (const ContentVersion& version : holder.Of(key)) {
      JudgeVersion(nodes, key, holder, version, &verdict);
    }
  }
  verdict.equal = verdict.equal && verdict.findings.empty();
  return verdict;
}

std::string ToString(const std::set<Finding>& findings) {
  return absl::StrJoin(findings, "; ", [](std::string* out, const Finding& finding) {
    const std::string dot = ToString(finding.dot);
    switch (finding.kind) {
      case Finding::Kind::kLacks:
        absl::StrAppend(out, finding.node, " lacks ", dot);
        break;
      case Finding::Kind::kDiffers:
        absl::StrAppend(out, "nodes hold different versions as ", dot);
        break;
      case Finding::Kind::kDamaged:
        absl::StrAppend(out, "at ", finding.node, " the body of ", dot, " does not match its hash");
        break;
    }
  });
}

}  // namespace docstore::client
