// Floor: per origin the number up to which a node keeps nothing but the knowledge itself.
//
// F[o] = n says: dots (o, 1..n) are in this node's clock, have no rows in its dot index, and
// tombstones and contexts that hold nothing newer may be dropped. A floor never exceeds the base of
// the clock. Any floor is safe, because documents are taken only from a sender whose floor the
// receiver's clock covers; a floor below what every member has durable makes repair rare. Rules:
// server/PROTOCOL.md, reclaiming.

#ifndef DOCSTORE_SERVER_CORE_FLOOR_H_
#define DOCSTORE_SERVER_CORE_FLOOR_H_

#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/version_vector.h"

namespace docstore::core {

// One dot an origin, as in a VersionVector.
using Floor = VersionVector;

// The bases of all origins of `clock`.
Floor BaseOf(const Clock& clock);
// Every dot that `floor` stands for is in `clock`.
bool CoversFloor(const Clock& clock, const Floor& floor);
// The part of `floor` that does not exceed `bound`.
Floor Lower(const Floor& floor, const Floor& bound);
// The dots that `floor` stands for.
Clock ClockOf(const Floor& floor);

// True when the whole context and every version of `document` are at or below `floor`: nothing
// that could still arrive needs them to tell old from new.
bool Settled(const Document& document, const Floor& floor);
// A settled document without its context and its tombstones, empty when nothing is left; any other
// as it is.
Document Strip(Document document, const Floor& floor);

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_FLOOR_H_
