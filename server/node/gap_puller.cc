#include "server/node/gap_puller.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"

namespace docstore::node {
namespace {

core::Ranges RangesOf(core::Origin origin, const core::IntervalSet& set) {
  core::Ranges ranges;
  for (const core::IntervalSet::Interval& interval : set.intervals()) {
    ranges.push_back({origin, interval.first, interval.last});
  }
  return ranges;
}

// The dots of `ranges` that are in `clock`.
core::Ranges Intersect(const core::Ranges& ranges, const core::Clock& clock) {
  return core::Clock(ranges).Minus(core::Clock(clock.MissingFrom(ranges)));
}

bool Names(const core::Ranges& ranges, core::Origin origin) {
  return absl::c_any_of(ranges,
                        [origin](const core::Range& range) { return range.origin == origin; });
}

}  // namespace

std::map<uint64_t, core::Ranges> GapPuller::Plan(int64_t now_us, const core::Clock& own,
                                                 const std::vector<PullSource>& sources,
                                                 const core::Ranges& urgent) {
  core::Clock offered;
  for (const PullSource& source : sources) offered.Add(source.durable->Minus(own));
  std::map<core::Origin, Gap> gaps;
  std::map<uint64_t, core::Ranges> wants;
  for (const auto& [origin, set] : offered.origins()) {
    const core::Ranges missing = RangesOf(origin, set);
    // A gap that only grows makes no progress: what counts is what has come.
    const uint64_t have = core::CountDots(RangesOf(origin, own.of(origin)));
    const auto [known, fresh] = gaps_.try_emplace(origin, Gap{.have = have, .progress_us = now_us});
    Gap gap = known->second;
    if (gap.have != have) {
      gap.have = have;
      gap.progress_us = now_us;
    }
    const core::Ranges ask = Assign(now_us, origin, missing, sources, urgent, &gap);
    for (const core::Range& range : ask) wants[gap.link].push_back(range);
    gaps[origin] = gap;
  }
  gaps_ = std::move(gaps);
  return Changed(std::move(wants));
}

core::Ranges GapPuller::Assign(int64_t now_us, core::Origin origin, const core::Ranges& missing,
                               const std::vector<PullSource>& sources, const core::Ranges& urgent,
                               Gap* gap) {
  const auto holds = [&missing](const PullSource& source) {
    return source.durable->MissingFrom(missing) != missing;
  };
  const auto asked = absl::c_find_if(
      sources, [gap](const PullSource& source) { return source.link == gap->link; });
  uint64_t except = 0;
  if (gap->link != 0) {
    const bool stalled = now_us - std::max(gap->progress_us, gap->asked_us) >= kPullPatienceUs;
    if (asked != sources.end() && holds(*asked) && !stalled) {
      return Intersect(missing, *asked->durable);
    }
    // Lost, emptied or stalled: whoever is asked next is asked anew.
    except = std::exchange(gap->link, 0);
    asked_.erase(except);
  } else if (!MayAsk(now_us, origin, *gap, sources, urgent)) {
    return {};
  }
  std::vector<const PullSource*> candidates;
  for (const PullSource& source : sources) {
    if (holds(source) && source.link != except) candidates.push_back(&source);
  }
  if (candidates.empty()) {
    for (const PullSource& source : sources) {
      if (holds(source)) candidates.push_back(&source);
    }
  }
  if (candidates.empty()) return {};
  const PullSource& chosen = *candidates[random_() % candidates.size()];
  gap->link = chosen.link;
  gap->asked_us = now_us;
  return Intersect(missing, *chosen.durable);
}

bool GapPuller::MayAsk(int64_t now_us, core::Origin origin, const Gap& gap,
                       const std::vector<PullSource>& sources, const core::Ranges& urgent) const {
  if (Names(urgent, origin)) return true;
  const bool pushes = absl::c_any_of(
      sources, [origin](const PullSource& source) { return source.origin == origin; });
  return !pushes || now_us - gap.progress_us >= kPushPatienceUs;
}

std::map<uint64_t, core::Ranges> GapPuller::Changed(std::map<uint64_t, core::Ranges> wants) {
  std::map<uint64_t, core::Ranges> changed;
  for (auto& [link, ranges] : wants) {
    const auto before = asked_.find(link);
    // A request of which a part has come still stands for the rest.
    if (before != asked_.end() && core::Clock(before->second).Covers(core::Clock(ranges))) {
      ranges = before->second;
    } else {
      changed[link] = ranges;
    }
  }
  asked_ = std::move(wants);
  return changed;
}

}  // namespace docstore::node
