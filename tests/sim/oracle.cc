#include "tests/sim/oracle.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "server/base/check.h"

namespace docstore::sim {

const std::vector<core::Dot>& Oracle::Current(const core::DocumentKey& key) const {
  static const std::vector<core::Dot> kNone;
  const auto it = current_.find(key);
  return it == current_.end() ? kNone : it->second;
}

const Write* Oracle::Find(const core::Dot& dot) const {
  const auto it = writes_.find(dot);
  return it == writes_.end() ? nullptr : &it->second;
}

Write* Oracle::Find(const core::Dot& dot) {
  const auto it = writes_.find(dot);
  return it == writes_.end() ? nullptr : &it->second;
}

Write& Oracle::Add(Write write) {
  const core::Dot dot = write.dot;
  keys_[write.key].push_back(dot);
  current_[write.key].push_back(dot);
  const auto [it, added] = writes_.emplace(dot, std::move(write));
  CHECK(added);
  return it->second;
}

void Oracle::AddReplaced(const core::Dot& dot, const core::Dot& replaced) {
  Write& write = writes_.at(dot);
  Write& gone = writes_.at(replaced);
  if (absl::c_linear_search(write.replaced, replaced)) return;
  write.replaced.push_back(replaced);
  gone.replaced_by.push_back(dot);
  std::erase(current_[gone.key], replaced);
}

bool Oracle::ReplacedByAny(const core::Dot& dot,
                           const std::function<bool(const core::Dot&)>& holds) const {
  std::set<core::Dot> visited;
  std::vector<core::Dot> next = writes_.at(dot).replaced_by;
  while (!next.empty()) {
    const core::Dot later = next.back();
    next.pop_back();
    if (!visited.insert(later).second) continue;
    if (holds(later)) return true;
    const std::vector<core::Dot>& more = writes_.at(later).replaced_by;
    next.insert(next.end(), more.begin(), more.end());
  }
  return false;
}

std::vector<core::Dot> Oracle::Expected(const core::DocumentKey& key,
                                        const core::Clock& clock) const {
  std::vector<core::Dot> expected;
  const auto it = keys_.find(key);
  if (it == keys_.end()) return expected;
  for (const core::Dot& dot : it->second) {
    const auto known = [&clock](const core::Dot& later) { return clock.Contains(later); };
    // Also by way of writes that are known to nobody any more.
    if (known(dot) && !ReplacedByAny(dot, known)) expected.push_back(dot);
  }
  absl::c_sort(expected);
  return expected;
}

}  // namespace docstore::sim
