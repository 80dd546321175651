#include "server/node/barrier.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/core/clock.h"
#include "server/core/dot.h"
#include "server/node/status.h"

namespace docstore::node {
namespace {

core::Clock ClockOf(uint64_t last_a, uint64_t last_b = 0) {
  core::Clock clock;
  if (last_a > 0) clock.Add(core::Range{core::Origin{0xa}, 1, last_a});
  if (last_b > 0) clock.Add(core::Range{core::Origin{0xb}, 1, last_b});
  return clock;
}

class BarrierTest : public testing::Test {
 protected:
  Barrier Make(std::set<uint64_t> asked) {
    return Barrier(7, 1000, 3000, std::move(asked),
                   [this](Convergence result) { result_ = std::move(result); });
  }
  std::optional<Convergence> result_;
};

TEST_F(BarrierTest, EndsAtOnceWithoutMembers) {
  EXPECT_TRUE(Make({}).Check(1000, ClockOf(3), {}));
  EXPECT_TRUE(result_->converged);
  EXPECT_EQ(result_->waited_ms, 0);
}

TEST_F(BarrierTest, WaitsForAnswersBeforeItSetsItsTarget) {
  const core::Clock own = ClockOf(3);
  core::Clock mirror = ClockOf(3);
  Barrier barrier = Make({1});
  EXPECT_FALSE(barrier.Check(1000, own, {{"n2", 1, &mirror}}));
  // The answer brings a write that this node does not have yet.
  mirror = ClockOf(3, 1);
  barrier.OnAnswer(1);
  EXPECT_FALSE(barrier.Check(1500, own, {{"n2", 1, &mirror}}));
  EXPECT_TRUE(barrier.Check(1600, ClockOf(3, 1), {{"n2", 1, &mirror}}));
  EXPECT_TRUE(result_->converged);
  EXPECT_EQ(result_->waited_ms, 600);
  EXPECT_TRUE(result_->behind.empty());
}

TEST_F(BarrierTest, LaterWritesDoNotMoveTheTarget) {
  const core::Clock mirror = ClockOf(2);
  Barrier barrier = Make({1});
  barrier.OnAnswer(1);
  core::Clock own = ClockOf(2);
  const core::Clock behind = ClockOf(1);
  EXPECT_FALSE(barrier.Check(1000, own, {{"n2", 1, &behind}}));
  own = ClockOf(5);
  EXPECT_TRUE(barrier.Check(1100, own, {{"n2", 1, &mirror}}));
  EXPECT_TRUE(result_->converged);
}

TEST_F(BarrierTest, NamesAtTheDeadlineWhoIsBehindAndWhoIsGone) {
  const core::Clock own = ClockOf(5);
  const core::Clock full = ClockOf(5);
  const core::Clock behind = ClockOf(2);
  Barrier barrier = Make({});
  const std::vector<MemberSight> members = {
      {"n2", 1, &full}, {"n3", 2, &behind}, {"n4", 0, nullptr}};
  EXPECT_FALSE(barrier.Check(2999, own, members));
  EXPECT_TRUE(barrier.Check(3000, own, members));
  EXPECT_FALSE(result_->converged);
  ASSERT_EQ(result_->behind.size(), 2u);
  EXPECT_EQ(result_->behind[0].name, "n3");
  EXPECT_TRUE(result_->behind[0].reachable);
  EXPECT_EQ(result_->behind[0].missing, 3u);
  EXPECT_EQ(result_->behind[1].name, "n4");
  EXPECT_FALSE(result_->behind[1].reachable);
}

TEST_F(BarrierTest, NamesAtTheDeadlineWhoHasNotAnswered) {
  const core::Clock own = ClockOf(5);
  Barrier barrier = Make({1, 2});
  barrier.OnAnswer(2);
  EXPECT_TRUE(barrier.Check(3000, own, {{"n2", 1, &own}, {"n3", 2, &own}}));
  EXPECT_FALSE(result_->converged);
  ASSERT_EQ(result_->behind.size(), 1u);
  EXPECT_EQ(result_->behind[0].name, "n2");
}

TEST_F(BarrierTest, ClosedLinkNeedNotAnswerButItsMemberIsUnreachable) {
  const core::Clock own = ClockOf(5);
  Barrier barrier = Make({1});
  barrier.OnLinkClosed(1);
  EXPECT_FALSE(barrier.Check(1000, own, {{"n2", 0, nullptr}}));
  EXPECT_TRUE(barrier.Check(1500, own, {{"n2", 9, &own}}));
  EXPECT_TRUE(result_->converged);
}

}  // namespace
}  // namespace docstore::node
