// FloorKeeper: when the floor may rise, how far, and who holds it back.
//
// The floor follows what every member has durable, so that whoever comes back finds all that it
// lacks still in the dot index. A member that is away holds it back, until the index has as many
// dots as it may have or the member has been silent for a day: then the floor passes it, and it is
// repaired when it returns. Pure bookkeeping in monotonic microseconds; owned by the link executor.
// Rules: PROTOCOL.md, reclaiming.

#ifndef DOCSTORE_SERVER_NODE_FLOOR_KEEPER_H_
#define DOCSTORE_SERVER_NODE_FLOOR_KEEPER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/core/clock.h"
#include "server/core/floor.h"

namespace docstore::node {

struct FloorOptions {
  int64_t check_us = 5'000'000;
  // The floor rises by at least so many dots, or by fewer when it has not risen for so long.
  uint64_t raise_dots = 1000;
  int64_t raise_us = 30'000'000;
  // Dots in the index beyond which the floor passes members that lag. About 100 bytes of disk each.
  uint64_t dot_index_max = 50'000'000;
  // So does it pass a member without a link that was silent for so long.
  int64_t silent_us = int64_t{24} * 3600 * 1'000'000;
  // Between two looks at all documents for something to strip.
  int64_t sweep_us = int64_t{3600} * 1'000'000;
};

class FloorKeeper {
 public:
  // What the keeper must know of another member.
  struct Member {
    std::string name;
    const core::Clock* durable = nullptr;  // last reported to this process, null when nothing was
    bool connected = false;
    int64_t heard_us = -1;  // -1: never in this process
  };
  struct Blocker {
    std::string name;
    int64_t since_us = 0;  // it has not caught up with what this node had then
  };

  // `now_us`: of the start of this process.
  FloorKeeper(FloorOptions options, int64_t now_us)
      : options_(options), started_us_(now_us), raised_us_(now_us), next_check_us_(now_us) {}

  // Every check_us: the floor to raise to, above `floor`, when it is worth it. `clock` and `floor`
  // are of one instant. While `pinned` it stays where it is.
  std::optional<core::Floor> Check(int64_t now_us, const core::Clock& clock,
                                   const core::Floor& floor, const std::vector<Member>& members,
                                   bool pinned);
  // Who has held the floor back for over raise_us, the longest first.
  std::optional<Blocker> blocker(int64_t now_us) const;

 private:
  // What a member is waited for to have.
  struct Goal {
    core::Floor base;
    int64_t since_us = 0;
  };

  void FollowGoals(int64_t now_us, const core::Floor& base, const std::vector<Member>& members);
  bool Silent(int64_t now_us, const Member& member) const;

  const FloorOptions options_;
  const int64_t started_us_;
  int64_t raised_us_;  // when the floor last rose
  int64_t next_check_us_;
  std::map<std::string, Goal> goals_;  // by member
};

// Dots of `clock` above `floor`: rows of the dot index, but for those still to be erased.
uint64_t CountAbove(const core::Clock& clock, const core::Floor& floor);

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_FLOOR_KEEPER_H_
