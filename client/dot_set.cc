#include "client/dot_set.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace docstore::client {

std::string ToString(const Dot& dot) { return absl::StrCat(absl::Hex(dot.origin), ":", dot.seq); }

void DotSet::Add(uint64_t origin, uint64_t first, uint64_t last) {
  ranges_[{origin, first}] = last;
}

bool DotSet::Contains(const Dot& dot) const {
  const auto behind = ranges_.upper_bound(dot);
  if (behind == ranges_.begin()) return false;
  const auto& [first, last] = *std::prev(behind);
  return first.origin == dot.origin && dot.seq <= last;
}

}  // namespace docstore::client
