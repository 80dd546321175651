#include "server/core/repair.h"

namespace docstore::core {

bool RepairProgress::ContinuedBy(const RepairChunk& chunk) const {
  return chunk.range.after == through;
}

void RepairProgress::Advance(const RepairChunk& chunk) {
  common = chunks == 0 ? chunk.clock : common.Intersect(chunk.clock);
  floors.Join(chunk.floor);
  if (chunk.range.through.has_value()) through = *chunk.range.through;
  ++chunks;
}

}  // namespace docstore::core
