#include "server/core/repair.h"

namespace docstore::core {

bool RepairProgress::ContinuedBy(const RepairChunk& chunk) const {
  return chunk.range.after == through;
}

void RepairProgress::Advance(const Clock& clock, const Floor& floor, const KeyRange& range) {
  common = chunks == 0 ? clock : common.Intersect(clock);
  floors.Join(floor);
  if (range.through.has_value()) through = *range.through;
  ++chunks;
}

}  // namespace docstore::core
