#include "server/core/version_vector.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/mutant.h"

namespace docstore::core {
namespace {

bool OriginLess(const Dot& entry, Origin origin) { return entry.origin < origin; }

}  // namespace

VersionVector::VersionVector(const std::vector<Dot>& dots) {
  for (const Dot& dot : dots) Join(dot);
}

uint64_t VersionVector::Get(Origin origin) const {
  const auto it = std::lower_bound(entries_.begin(), entries_.end(), origin, OriginLess);
  return it != entries_.end() && it->origin == origin ? it->seq : 0;
}

bool VersionVector::Covers(const Dot& dot) const {
  if (MUTANT("less-in-cover")) return dot.seq < Get(dot.origin);
  return dot.seq <= Get(dot.origin);
}

bool VersionVector::Covers(const VersionVector& other) const {
  return absl::c_all_of(other.entries_, [this](const Dot& dot) { return Covers(dot); });
}

void VersionVector::Join(const Dot& dot) {
  if (dot.seq == 0) return;
  const auto it = std::lower_bound(entries_.begin(), entries_.end(), dot.origin, OriginLess);
  if (it != entries_.end() && it->origin == dot.origin) {
    it->seq = std::max(it->seq, dot.seq);
  } else {
    entries_.insert(it, dot);
  }
}

void VersionVector::Join(const VersionVector& other) {
  for (const Dot& dot : other.entries_) Join(dot);
}

std::string VersionVector::ToString() const {
  return absl::StrCat("{",
                      absl::StrJoin(entries_, " ",
                                    [](std::string* out, const Dot& dot) {
                                      absl::StrAppend(out, core::ToString(dot));
                                    }),
                      "}");
}

}  // namespace docstore::core
