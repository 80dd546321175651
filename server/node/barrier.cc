#include "server/node/barrier.h"

#include <utility>

#include "absl/algorithm/container.h"

namespace docstore::node {

Barrier::Barrier(uint64_t nonce, int64_t started_ms, int64_t deadline_ms, std::set<uint64_t> asked,
                 absl::AnyInvocable<void(Convergence)> done)
    : nonce_(nonce),
      started_ms_(started_ms),
      deadline_ms_(deadline_ms),
      asked_(std::move(asked)),
      done_(std::move(done)) {}

bool Barrier::Check(int64_t now_ms, const core::Clock& own,
                    const std::vector<MemberSight>& members) {
  if (!target_.has_value() && asked_.empty()) {
    target_ = own;
    for (const MemberSight& member : members) {
      if (member.durable != nullptr) target_->Add(*member.durable);
    }
  }
  const bool reached = target_.has_value() && own.Covers(*target_) &&
                       absl::c_all_of(members, [this](const MemberSight& member) {
                         return member.durable != nullptr && member.durable->Covers(*target_);
                       });
  if (!reached && now_ms < deadline_ms_) return false;
  Convergence result{.converged = reached, .waited_ms = now_ms - started_ms_};
  if (!reached) result.behind = Behind(own, members);
  done_(std::move(result));
  return true;
}

std::vector<Convergence::Behind> Barrier::Behind(const core::Clock& own,
                                                 const std::vector<MemberSight>& members) const {
  const core::Clock& target = target_.has_value() ? *target_ : own;
  std::vector<Convergence::Behind> behind;
  for (const MemberSight& member : members) {
    Convergence::Behind entry{.name = member.name, .reachable = member.durable != nullptr};
    if (entry.reachable) entry.missing = core::CountDots(target.Minus(*member.durable));
    const bool unanswered = asked_.contains(member.link);
    if (!entry.reachable || entry.missing > 0 || unanswered) behind.push_back(std::move(entry));
  }
  return behind;
}

}  // namespace docstore::node
