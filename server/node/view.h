// View: one committed group boundary: the store, the clock and the floor of the same instant.
//
// Readers, links and session checks all look through a View, so that nobody pairs documents of one
// moment with a clock or floor of another (one newer than its documents loses updates for ever).
// Immutable and thread-safe. Hold it briefly.

#ifndef DOCSTORE_SERVER_NODE_VIEW_H_
#define DOCSTORE_SERVER_NODE_VIEW_H_

#include <cstdint>
#include <memory>

#include "server/core/clock.h"
#include "server/core/floor.h"
#include "server/core/repair.h"
#include "server/node/env.h"

namespace docstore::node {

struct View {
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const core::Clock> clock;
  std::shared_ptr<const core::Floor> floor;
  std::shared_ptr<const core::RepairProgress> repair;  // of this node, null when there is none
  uint64_t group = 0;                                  // commits since start
  uint64_t hlc = 0;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_VIEW_H_
