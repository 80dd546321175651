#include "server/core/replica.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "server/base/check.h"
#include "server/base/mutant.h"
#include "server/base/status_macros.h"
#include "server/core/group.h"

namespace docstore::core {

Replica::Replica(Origin origin, const Recovered& recovered)
    : origin_(origin),
      clock_(recovered.clock),
      floor_(recovered.floor),
      repair_(recovered.repair),
      hybrid_clock_(recovered.hlc_upper),
      hlc_upper_(recovered.hlc_upper) {
  // Origins are fresh: one that was seen before would issue the same dots again.
  if (MUTANT("reuse-origin")) {
    next_seq_ = clock_.of(origin).max() + 1;
  } else {
    CHECK(!clock_.Knows(origin));
  }
  CHECK(CoversFloor(clock_, floor_));
  for (const CollectionRow& row : recovered.collections) collections_[row.name] = row;
  for (const Member& member : recovered.members) members_[member.name] = member;
}

absl::StatusOr<Effects> Replica::Step(const Instant& now, std::vector<Event> events,
                                      const Reader& reader) {
  Group group(this, now, reader);
  for (Event& event : events) {
    RETURN_IF_ERROR(std::visit([&group](auto& e) { return group.Apply(std::move(e)); }, event));
  }
  return group.Finish();
}

}  // namespace docstore::core
