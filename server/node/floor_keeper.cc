#include "server/node/floor_keeper.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace docstore::node {
namespace {

uint64_t CountDots(const core::Floor& floor) {
  uint64_t dots = 0;
  for (const core::Dot& dot : floor.entries()) dots += dot.seq;
  return dots;
}

core::Floor Join(core::Floor floor, const core::Floor& other) {
  floor.Join(other);
  return floor;
}

// What all members have durable, those that `passes` names left out.
core::Floor Stable(const core::Floor& base, const std::vector<FloorKeeper::Member>& members,
                   const std::function<bool(const FloorKeeper::Member&)>& passes) {
  core::Floor stable = base;
  for (const FloorKeeper::Member& member : members) {
    if (passes(member)) continue;
    if (member.durable == nullptr) return core::Floor();
    stable = core::Lower(stable, core::BaseOf(*member.durable));
  }
  return stable;
}

}  // namespace

uint64_t CountAbove(const core::Clock& clock, const core::Floor& floor) {
  return clock.CountDots() - CountDots(floor);
}

std::optional<core::Floor> FloorKeeper::Check(int64_t now_us, const core::Clock& clock,
                                              const core::Floor& floor,
                                              const std::vector<Member>& members, bool pinned) {
  if (now_us < next_check_us_) return std::nullopt;
  next_check_us_ = now_us + options_.check_us;
  const core::Floor base = core::BaseOf(clock);
  FollowGoals(now_us, base, members);
  if (pinned) return std::nullopt;
  const auto fits = [&](const core::Floor& raised) {
    return CountAbove(clock, raised) <= options_.dot_index_max;
  };
  core::Floor raised = Join(
      floor, Stable(base, members, [&](const Member& member) { return Silent(now_us, member); }));
  if (!fits(raised)) {
    raised.Join(Stable(base, members, [](const Member& member) { return !member.connected; }));
  }
  if (!fits(raised)) raised.Join(base);
  const uint64_t gain = CountDots(raised) - CountDots(floor);
  if (gain == 0) return std::nullopt;
  if (gain < options_.raise_dots && now_us - raised_us_ < options_.raise_us) return std::nullopt;
  raised_us_ = now_us;
  return raised;
}

bool FloorKeeper::Silent(int64_t now_us, const Member& member) const {
  return !member.connected && now_us - std::max(member.heard_us, started_us_) >= options_.silent_us;
}

void FloorKeeper::FollowGoals(int64_t now_us, const core::Floor& base,
                              const std::vector<Member>& members) {
  std::map<std::string, Goal> goals;
  for (const Member& member : members) {
    const auto known = goals_.find(member.name);
    const bool waited_for = known != goals_.end() && !known->second.base.empty();
    const bool reached = waited_for && member.durable != nullptr &&
                         core::CoversFloor(*member.durable, known->second.base);
    goals[member.name] = waited_for && !reached ? known->second : Goal{base, now_us};
  }
  goals_ = std::move(goals);
}

std::optional<FloorKeeper::Blocker> FloorKeeper::blocker(int64_t now_us) const {
  std::optional<Blocker> longest;
  for (const auto& [name, goal] : goals_) {
    if (goal.base.empty() || now_us - goal.since_us < options_.raise_us) continue;
    if (!longest.has_value() || goal.since_us < longest->since_us) longest = {name, goal.since_us};
  }
  return longest;
}

}  // namespace docstore::node
