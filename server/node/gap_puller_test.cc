#include "server/node/gap_puller.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/core/clock.h"
#include "server/core/dot.h"

namespace docstore::node {
namespace {

constexpr core::Origin kA{0xa};
constexpr core::Origin kB{0xb};
constexpr core::Origin kC{0xc};

class GapPullerTest : public testing::Test {
 protected:
  // "1:a:[1..3] 2:b:[4]": what is asked of which link.
  std::string Plan(const core::Ranges& urgent = {}) {
    std::string text;
    for (const auto& [link, ranges] : puller_.Plan(now_us_, own_, sources_, urgent)) {
      absl::StrAppend(&text, text.empty() ? "" : " ", link, ":", core::ToString(ranges));
    }
    return text;
  }
  void AddSource(uint64_t link, core::Origin origin, const core::Clock* durable) {
    sources_.push_back({link, origin, durable});
  }

  int64_t now_us_ = 1'000'000;
  uint64_t random_ = 0;
  GapPuller puller_{[this] { return random_; }};
  core::Clock own_;
  std::vector<PullSource> sources_;
};

TEST_F(GapPullerTest, AsksNothingWithoutAGap) {
  own_.Add(core::Range{kA, 1, 3});
  const core::Clock peer = own_;
  AddSource(1, kA, &peer);
  EXPECT_EQ(Plan(), "");
  EXPECT_TRUE(puller_.idle());
}

TEST_F(GapPullerTest, AsksAtOnceForAnOriginThatNoLinkPushes) {
  core::Clock peer({{kA, 1, 3}, {kC, 5, 6}});
  AddSource(1, kB, &peer);
  own_.Add(core::Dot{kA, 2});
  EXPECT_EQ(Plan(), "1:a:[1,3] c:[5..6]");
  EXPECT_FALSE(puller_.idle());
  EXPECT_EQ(Plan(), "");  // the request stands
  own_.Add(core::Dot{kA, 1});
  EXPECT_EQ(Plan(), "");  // for the rest too
  peer.Add(core::Dot{kA, 4});
  EXPECT_EQ(Plan(), "1:a:[3..4] c:[5..6]");
}

TEST_F(GapPullerTest, WaitsForThePushOfALinkedOrigin) {
  const core::Clock ahead({{kA, 1, 3}});
  const core::Clock none;
  AddSource(1, kA, &none);
  AddSource(2, kB, &ahead);
  EXPECT_EQ(Plan(), "");
  EXPECT_FALSE(puller_.idle());
  now_us_ += GapPuller::kPushPatienceUs - 1;
  EXPECT_EQ(Plan(), "");
  now_us_ += 1;
  EXPECT_EQ(Plan(), "2:a:[1..3]");
}

TEST_F(GapPullerTest, PatienceEndsThoughTheGapGrows) {
  core::Clock ahead({{kA, 1, 3}});
  const core::Clock none;
  AddSource(1, kA, &none);
  AddSource(2, kB, &ahead);
  std::string asked;
  for (uint64_t seq = 4; asked.empty() && seq < 20; ++seq) {
    ahead.Add(core::Dot{kA, seq});
    now_us_ += 50'000;
    asked = Plan();
  }
  EXPECT_EQ(asked, "2:a:[1..10]");
}

TEST_F(GapPullerTest, UrgentDotsAreNotWaitedFor) {
  const core::Clock ahead({{kA, 1, 3}});
  const core::Clock none;
  AddSource(1, kA, &none);
  AddSource(2, kB, &ahead);
  EXPECT_EQ(Plan({{kA, 2, 2}}), "2:a:[1..3]");
}

TEST_F(GapPullerTest, EachOriginIsAskedOfOneLinkOnly) {
  const core::Clock ahead({{kA, 1, 3}});
  AddSource(1, kB, &ahead);
  AddSource(2, kC, &ahead);
  random_ = 1;
  EXPECT_EQ(Plan(), "2:a:[1..3]");
  random_ = 0;
  EXPECT_EQ(Plan(), "");
}

TEST_F(GapPullerTest, StalledLinkIsGivenUpForAnother) {
  const core::Clock ahead({{kA, 1, 3}});
  AddSource(1, kB, &ahead);
  AddSource(2, kC, &ahead);
  EXPECT_EQ(Plan(), "1:a:[1..3]");
  now_us_ += GapPuller::kPullPatienceUs - 1;
  EXPECT_EQ(Plan(), "");
  own_.Add(core::Dot{kA, 1});  // progress
  EXPECT_EQ(Plan(), "");
  now_us_ += GapPuller::kPullPatienceUs;
  EXPECT_EQ(Plan(), "2:a:[2..3]");
}

TEST_F(GapPullerTest, OnlyLinkIsAskedAgainWhenItStalls) {
  const core::Clock ahead({{kA, 1, 3}});
  AddSource(1, kB, &ahead);
  EXPECT_EQ(Plan(), "1:a:[1..3]");
  now_us_ += GapPuller::kPullPatienceUs;
  EXPECT_EQ(Plan(), "1:a:[1..3]");
}

TEST_F(GapPullerTest, ClosedLinkIsReplacedAtOnce) {
  const core::Clock ahead({{kA, 1, 3}});
  AddSource(1, kB, &ahead);
  AddSource(2, kC, &ahead);
  EXPECT_EQ(Plan(), "1:a:[1..3]");
  sources_.erase(sources_.begin());
  EXPECT_EQ(Plan(), "2:a:[1..3]");
}

TEST_F(GapPullerTest, OnlyWhatALinkHasIsAskedOfIt) {
  const core::Clock some({{kA, 2, 3}});
  const core::Clock more({{kA, 1, 2}, {kA, 9, 9}});
  AddSource(1, kB, &some);
  AddSource(2, kC, &more);
  EXPECT_EQ(Plan(), "1:a:[2..3]");
  own_.Add(core::Range{kA, 2, 3});
  EXPECT_EQ(Plan(), "2:a:[1,9]");
}

}  // namespace
}  // namespace docstore::node
