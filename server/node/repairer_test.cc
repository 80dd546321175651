#include "server/node/repairer.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/base/check.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/floor.h"
#include "server/core/frame.h"
#include "server/core/repair.h"
#include "server/node/env.h"
#include "server/storage/memory_store.h"

namespace docstore::node {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr core::Origin kA{0xa};

core::Clock ClockOf(const core::Ranges& ranges) { return core::Clock(ranges); }

class RepairerTest : public testing::Test {
 protected:
  RepairerTest() {
    auto store = storage::OpenMemoryStore(std::make_shared<storage::MemoryDisk>());
    CHECK_OK(store.status());
    store_ = *std::move(store);
    CHECK_OK(store_->Recover().status());
    CHECK_OK(store_->Initialize(std::string(16, 'u'), "test"));
    SetOwn({{kA, 1, 3}});
  }
  void SetOwn(const core::Ranges& ranges) {
    view_.snapshot = store_->TakeSnapshot();
    view_.clock = std::make_shared<const core::Clock>(ranges);
    view_.floor = std::make_shared<const core::Floor>();
  }
  void SetProgress(core::DocumentKey through, core::Floor floors = {}) {
    view_.repair = std::make_shared<const core::RepairProgress>(
        core::RepairProgress{.floors = std::move(floors), .through = std::move(through)});
  }
  void StoreMany(int documents) {
    core::Rows rows;
    for (int i = 0; i < documents; ++i) {
      core::Version version{.dot = {kA, 1 + static_cast<uint64_t>(i)},
                            .body = std::make_shared<const std::string>(1000, ' ')};
      rows.documents.push_back(
          {.key = {"c", absl::StrCat(10000 + i)}, .document = {.versions = {version}}});
    }
    rows.collections.push_back({.name = "c", .documents = static_cast<uint64_t>(documents)});
    CHECK_OK(store_->Commit(rows));
    view_.snapshot = store_->TakeSnapshot();
  }
  // "link [after..through] started", "-" when nothing is asked.
  std::string Plan(int64_t now_us) {
    const auto ask = repairer_.Plan(now_us, view_, peers_);
    CHECK_OK(ask.status());
    if (!ask->has_value()) return "-";
    asked_ = (*ask)->request;
    const core::KeyRange& range = asked_.range;
    return absl::StrCat((*ask)->link, " [", range.after.id, "..",
                        range.through.has_value() ? range.through->id : "", "]",
                        asked_.started ? " started" : "");
  }
  core::RepairDocs Answer(const std::string& through) const {
    core::RepairDocs docs{.session = asked_.session, .range = asked_.range};
    if (!through.empty()) docs.range.through = core::DocumentKey{"c", through};
    return docs;
  }
  bool Takes(uint64_t link, core::RepairDocs docs) {
    const auto chunk = repairer_.Take(link, 1, std::move(docs));
    CHECK_OK(chunk.status());
    return chunk->has_value();
  }
  bool Serves(uint64_t link, bool started) {
    return repairer_.Serves(0, view_, *Find(link), {.session = 9, .started = started});
  }
  const Repairer::Peer* Find(uint64_t link) const {
    for (const Repairer::Peer& peer : peers_) {
      if (peer.link == link) return &peer;
    }
    return nullptr;
  }

  std::unique_ptr<Store> store_;
  View view_;
  uint64_t random_ = 0;
  Repairer repairer_{"m", [this] { return random_++; }, 0};
  const core::Clock ahead_ = ClockOf({{kA, 1, 9}});
  const core::Clock behind_ = ClockOf({{kA, 1, 5}});
  std::vector<Repairer::Peer> peers_ = {
      {.link = 1, .node_uuid = "a", .durable = &ahead_, .refuses = true},
      {.link = 2, .node_uuid = "z", .durable = &behind_}};
  core::RepairRequest asked_;
};

TEST_F(RepairerTest, AsksARefusingPeerForWhatNobodyElseHasForFiveSeconds) {
  EXPECT_EQ(Plan(0), "-");
  EXPECT_EQ(Plan(4'900'000), "-");
  EXPECT_EQ(Plan(5 * kSecondUs), "1 [..]");
  EXPECT_EQ(Plan(6 * kSecondUs), "-");  // asked already
}

TEST_F(RepairerTest, AsksNobodyWhileAServingPeerHasItAll) {
  peers_[1].durable = &ahead_;
  EXPECT_EQ(Plan(0), "-");
  EXPECT_EQ(Plan(60 * kSecondUs), "-");
}

TEST_F(RepairerTest, WaitsAnewWhenWhatItLackedHasComeAndOthersAreLacking) {
  EXPECT_EQ(Plan(0), "-");
  SetOwn({{kA, 1, 9}});
  const core::Clock further = ClockOf({{kA, 1, 12}});
  peers_[0].durable = &further;
  EXPECT_EQ(Plan(4 * kSecondUs), "-");
  EXPECT_EQ(Plan(6 * kSecondUs), "-");
  EXPECT_EQ(Plan(9 * kSecondUs), "1 [..]");
}

TEST_F(RepairerTest, AsksAtOnceWhenItHasNothing) {
  SetOwn({});
  EXPECT_EQ(Plan(0), "1 [..]");
}

TEST_F(RepairerTest, OfTwoThatRefuseEachOtherTheLowerAsks) {
  peers_[0].refused = true;  // "a" is below "m"
  EXPECT_EQ(Plan(0), "-");
  EXPECT_EQ(Plan(60 * kSecondUs), "-");
  peers_[0].node_uuid = "x";
  EXPECT_EQ(Plan(61 * kSecondUs), "1 [..]");
}

TEST_F(RepairerTest, GoesOnFromTheCursorInTheSameSession) {
  SetOwn({});
  StoreMany(1500);
  EXPECT_EQ(Plan(0), "1 [..11023]");
  const uint64_t session = asked_.session;
  EXPECT_TRUE(Takes(1, Answer("10500")));
  EXPECT_EQ(Plan(1), "-");  // it is on its way to disk
  EXPECT_FALSE(repairer_.OnApplied(1, 1, 2));
  EXPECT_TRUE(repairer_.OnApplied(1, 1, 1));
  SetProgress({"c", "10500"});
  EXPECT_EQ(Plan(2), "1 [10500..] started");
  EXPECT_EQ(asked_.session, session);
}

TEST_F(RepairerTest, GivesUpAPeerThatDoesNotAnswerAndAsksAnother) {
  SetProgress({"c", "5"});
  peers_[1].refuses = true;
  random_ = 1;
  const std::string first = Plan(0);
  EXPECT_EQ(Plan(9'900'000), "-");
  EXPECT_EQ(Plan(10 * kSecondUs), "-");
  const std::string second = Plan(13 * kSecondUs);
  EXPECT_NE(second, "-");
  EXPECT_NE(second, first);
  // A late answer serves as well.
  core::RepairDocs late = Answer("7");
  EXPECT_TRUE(Takes(asked_.session == late.session ? 1 : 2, late) || Takes(2, late));
}

TEST_F(RepairerTest, GoesOnAtOnceWithAnotherWhenTheSourceIsGone) {
  SetProgress({"c", "5"});
  ASSERT_EQ(Plan(0), "1 [5..] started");
  peers_.erase(peers_.begin());
  EXPECT_EQ(Plan(1), "2 [5..] started");
}

TEST_F(RepairerTest, GoesOnBestWithAPeerThatKnowsWhatTheSourcesHaveDropped) {
  SetProgress({"c", "5"}, core::Floor({{kA, 5}}));
  peers_.push_back({.link = 3, .node_uuid = "y", .durable = &behind_, .refuses = true});
  const core::Clock low = ClockOf({{kA, 1, 4}});
  peers_[0].durable = &low;
  EXPECT_EQ(Plan(0), "3 [5..] started");
}

TEST_F(RepairerTest, TakesOnlyWhatItAskedFor) {
  SetOwn({});
  ASSERT_EQ(Plan(0), "1 [..]");
  core::RepairDocs other = Answer("");
  ++other.session;
  EXPECT_FALSE(Takes(1, other));
  EXPECT_FALSE(Takes(2, Answer("")));
  EXPECT_TRUE(Takes(1, Answer("")));
  EXPECT_FALSE(Takes(1, Answer("")));
}

TEST_F(RepairerTest, RefusesWhatNoSoundNodeSends) {
  SetOwn({});
  StoreMany(1500);
  ASSERT_EQ(Plan(0), "1 [..11023]");
  const auto status_of = [this](core::RepairDocs docs) {
    return repairer_.Take(1, 1, std::move(docs)).status().code();
  };
  const auto invalid = absl::StatusCode::kInvalidArgument;
  core::RepairDocs docs = Answer("2");
  docs.documents = {{.key = {"c", "1"}}, {.key = {"c", "1"}}};
  EXPECT_EQ(status_of(docs), invalid);  // not ascending
  docs.documents = {{.key = {"c", "3"}}};
  EXPECT_EQ(status_of(docs), invalid);  // beyond the range
  docs.documents = {{.key = {"c", "1"}, .resolved = {{kA, 1, 1}}}};
  EXPECT_EQ(status_of(docs), invalid);
  docs = Answer("2");
  docs.floor = core::Floor({{kA, 1}});
  EXPECT_EQ(status_of(docs), invalid);             // its clock is empty
  EXPECT_EQ(status_of(Answer("99999")), invalid);  // more than was asked for
  docs = Answer("");
  docs.range.through.reset();
  EXPECT_EQ(status_of(docs), invalid);
  docs = Answer("2");
  docs.range.after = {"b", ""};
  EXPECT_EQ(status_of(docs), invalid);
}

TEST_F(RepairerTest, RepairsNobodyWhileItAsksUnlessTheOtherIsFurther) {
  EXPECT_TRUE(Serves(1, false));
  repairer_.OnServed("a");
  SetOwn({});
  ASSERT_EQ(Plan(0), "1 [..]");
  EXPECT_FALSE(Serves(2, false));
  EXPECT_TRUE(Serves(1, false));  // lower, and asks back
  EXPECT_FALSE(Takes(1, Answer("")));
  repairer_.OnServed("a");
  ASSERT_EQ(Plan(1), "1 [..]");
  EXPECT_TRUE(Serves(2, true));
  EXPECT_EQ(Plan(2), "-");  // it serves
  SetProgress({});
  EXPECT_FALSE(Serves(2, true));
}

TEST_F(RepairerTest, TwoLeftAloneUnderRepairGoOnWithEachOther) {
  constexpr int64_t kMinuteUs = 60 * kSecondUs;
  SetProgress({"c", "5"}, core::Floor({{kA, 7}}));
  peers_.erase(peers_.begin());
  EXPECT_EQ(Plan(59 * kSecondUs), "-");  // its clock does not hold what the source had dropped
  EXPECT_EQ(Plan(60 * kSecondUs), "2 [5..] started");
  EXPECT_FALSE(repairer_.Serves(9 * kMinuteUs, view_, peers_[0], {.started = true}));
  EXPECT_FALSE(repairer_.Serves(10 * kMinuteUs, view_, peers_[0], {.started = false}));
  EXPECT_TRUE(repairer_.Serves(10 * kMinuteUs, view_, peers_[0], {.started = true}));
}

TEST_F(RepairerTest, HigherPeerThatAsksBackMustWait) {
  SetOwn({});
  peers_[0].node_uuid = "x";
  ASSERT_EQ(Plan(0), "1 [..]");
  EXPECT_FALSE(Serves(1, false));
}

TEST_F(RepairerTest, PinsTheFloorForFifteenMinutesAndBeginsNoRepairForThirtySeconds) {
  constexpr int64_t kMinuteUs = 60 * kSecondUs;
  EXPECT_FALSE(repairer_.Pins(0));
  EXPECT_EQ(Plan(-10 * kSecondUs), "-");
  ASSERT_TRUE(Serves(2, true));
  EXPECT_EQ(Plan(29 * kSecondUs), "-");
  EXPECT_TRUE(repairer_.Pins(14 * kMinuteUs));
  EXPECT_FALSE(repairer_.Pins(15 * kMinuteUs));
  EXPECT_EQ(Plan(30 * kSecondUs), "1 [..]");
  repairer_.OnServed("z");
  EXPECT_FALSE(repairer_.Pins(0));
}

TEST_F(RepairerTest, AnswerEndsAtItsLimitOrWhereItWasAsked) {
  StoreMany(1000);
  const auto docs = ReadRepairDocs(view_, {.session = 3});
  ASSERT_TRUE(docs.ok());
  ASSERT_TRUE(docs->range.through.has_value());
  EXPECT_EQ(docs->range.through, docs->documents.back().key);
  EXPECT_GT(docs->documents.size(), 200u);  // 256 KiB of 1 kB each
  EXPECT_LT(docs->documents.size(), 270u);
  EXPECT_EQ(docs->clock, *view_.clock);
  const core::DocumentKey near = {"c", "10300x"};
  const auto cut = ReadRepairDocs(view_, {.range = {.after = {"c", "10299"}, .through = near}});
  EXPECT_EQ(cut->documents.size(), 1u);
  EXPECT_EQ(cut->range.through, near);
  const auto last = ReadRepairDocs(view_, {.range = {.after = {"c", "10900"}}});
  EXPECT_EQ(last->documents.size(), 99u);
  EXPECT_FALSE(last->range.through.has_value());
}

}  // namespace
}  // namespace docstore::node
