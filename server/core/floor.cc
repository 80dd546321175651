#include "server/core/floor.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"

namespace docstore::core {

Floor BaseOf(const Clock& clock) {
  std::vector<Dot> bases;
  for (const auto& [origin, set] : clock.origins()) bases.push_back({origin, set.base()});
  return Floor(bases);
}

bool CoversFloor(const Clock& clock, const Floor& floor) {
  return absl::c_all_of(floor.entries(),
                        [&clock](const Dot& dot) { return clock.base(dot.origin) >= dot.seq; });
}

Floor Lower(const Floor& floor, const Floor& bound) {
  std::vector<Dot> lower;
  for (const Dot& dot : floor.entries()) {
    lower.push_back({dot.origin, std::min(dot.seq, bound.Get(dot.origin))});
  }
  return Floor(lower);
}

Clock ClockOf(const Floor& floor) {
  Clock clock;
  for (const Dot& dot : floor.entries()) clock.Add(Range{dot.origin, 1, dot.seq});
  return clock;
}

bool Settled(const Document& document, const Floor& floor) {
  return floor.Covers(document.context) &&
         absl::c_all_of(document.versions,
                        [&floor](const Version& version) { return floor.Covers(version.dot); });
}

Document Strip(Document document, const Floor& floor) {
  if (!Settled(document, floor)) return document;
  document.context = VersionVector();
  std::erase_if(document.versions, [](const Version& version) { return version.deleted; });
  return document;
}

}  // namespace docstore::core
