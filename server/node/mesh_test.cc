// Nodes together: who links to whom, what reaches whom, and what breaks cannot lose.

#include "server/node/mesh.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "server/base/hash.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/frame.h"
#include "server/node/link.h"
#include "server/node/status.h"
#include "server/node/virtual_cluster.h"
#include "server/node/virtual_network.h"
#include "server/node/virtual_time.h"

namespace docstore::node {
namespace {

const std::vector<std::string> kThree = {"n1", "n2", "n3"};

std::string AddressOf(const std::string& name) { return VirtualCluster::AddressOf(name); }

class MeshTest : public testing::Test {
 protected:
  void StartThree() {
    for (const std::string& name : kThree) cluster_.Start(name, kThree);
    ASSERT_TRUE(RunUntilLinked(3));
  }
  bool Linked(size_t nodes) {
    for (const std::string& name : cluster_.names()) {
      const ClusterStatus status = cluster_.Status(name);
      size_t connected = 0;
      for (const MemberStatus& member : status.members) {
        connected += member.state != MemberState::kUnreachable;
      }
      if (connected != nodes) return false;
    }
    return true;
  }
  bool RunUntilLinked(size_t nodes, int64_t limit_us = 30 * kSecondUs) {
    for (int64_t waited = 0; waited < limit_us; waited += 100'000) {
      if (Linked(nodes)) return true;
      cluster_.RunFor(100'000);
    }
    return false;
  }
  bool Has(const std::string& name, const std::string& id) {
    return !cluster_.Read(name, {"c", id}).versions.empty();
  }
  static std::string BehindOf(const Convergence& result) {
    return absl::StrJoin(result.behind, " ", [](std::string* out, const auto& behind) {
      absl::StrAppend(out, behind.name, behind.reachable ? ":" : "!", behind.missing);
    });
  }

  VirtualCluster cluster_;
};

TEST_F(MeshTest, ThreeNodesConverge) {
  StartThree();
  for (int i = 0; i < 30; ++i) cluster_.Put(kThree[i % 3], absl::StrCat(i % 10), absl::StrCat(i));
  EXPECT_TRUE(cluster_.WaitConverged("n2", 5000).converged);
  EXPECT_TRUE(cluster_.AllEqual());
  EXPECT_TRUE(cluster_.Status("n2").converged);
}

TEST_F(MeshTest, PushReachesPeersWithoutAPull) {
  StartThree();
  cluster_.RunFor(kSecondUs);
  size_t wants = 0;
  cluster_.network().Observe([&wants](const auto&, const auto&, const core::Frame& frame) {
    wants += std::holds_alternative<core::Want>(frame);
  });
  for (int i = 0; i < 20; ++i) {
    cluster_.Put("n1", "x", absl::StrCat(i));
    const std::string last = absl::StrCat(i);
    const auto arrived = [&] {
      const core::Document document = cluster_.Read("n3", {"c", "x"});
      return !document.versions.empty() && *document.winner()->body == last;
    };
    EXPECT_TRUE(cluster_.RunUntil(arrived, 30'000));
  }
  cluster_.RunFor(kSecondUs);
  EXPECT_EQ(wants, 0u);
}

TEST_F(MeshTest, GapIsPulledThroughAThirdNodeWhenTheDirectLinkIsCut) {
  StartThree();
  cluster_.network().Cut(AddressOf("n1"), AddressOf("n2"));
  cluster_.Put("n1", "x", "1");
  EXPECT_TRUE(cluster_.RunUntil([this] { return Has("n2", "x"); }, kSecondUs));
  EXPECT_TRUE(cluster_.Settle());
}

TEST_F(MeshTest, GapIsPulledThroughAThirdNodeWhenTheDirectLinkIsStalledUnderLoad) {
  StartThree();
  cluster_.network().Stall(AddressOf("n1"), AddressOf("n2"));
  for (int i = 0; i < 60; ++i) {
    cluster_.Put("n1", absl::StrCat(i), "1");
    cluster_.RunFor(50'000);
  }
  // Three seconds of writes: long before the silent link is given up.
  EXPECT_TRUE(Has("n2", "10"));
}

TEST_F(MeshTest, ResumesAfterABreakAtEveryFrame) {
  for (uint64_t frames = 1; frames <= 40; ++frames) {
    SCOPED_TRACE(frames);
    VirtualCluster cluster(frames);
    cluster.Start("n1", {"n2"});
    for (int i = 0; i < 40; ++i) cluster.Put("n1", absl::StrCat(i % 20), absl::StrCat(i));
    cluster.network().KillAfterFrames(frames);
    cluster.Start("n2", {"n1"});
    for (int i = 0; i < 40; ++i) {
      cluster.Put(i % 2 == 0 ? "n1" : "n2", absl::StrCat(i % 25), absl::StrCat(i, "'"));
      cluster.RunFor(10'000);
    }
    EXPECT_TRUE(cluster.Settle(20 * kSecondUs));
    EXPECT_TRUE(cluster.WaitConverged("n1", 5000).converged);
  }
}

TEST_F(MeshTest, EmptyNodeCatchesUpWithOriginsOfDeadProcesses) {
  cluster_.Start("n1", kThree);
  cluster_.Start("n2", kThree);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; ++i) {
      cluster_.Put("n1", absl::StrCat(i), absl::StrCat(round, std::string(2000, 'x')));
    }
    cluster_.Crash("n1");
    cluster_.Restart("n1");
  }
  cluster_.Start("n3", kThree);
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_TRUE(cluster_.node("n3").ready());
  EXPECT_EQ(cluster_.Status("n3").documents, 200u);
}

TEST_F(MeshTest, WipedNodeTakesItsEntryOverAndGetsEverythingBack) {
  StartThree();
  for (int i = 0; i < 30; ++i) cluster_.Put(kThree[i % 3], absl::StrCat(i), "1");
  ASSERT_TRUE(cluster_.WaitConverged("n1", 5000).converged);
  cluster_.Crash("n3");
  cluster_.Wipe("n3");
  cluster_.Put("n1", "while away", "1");
  cluster_.Restart("n3");
  ASSERT_TRUE(RunUntilLinked(3));
  EXPECT_TRUE(cluster_.WaitConverged("n2", 10'000).converged);
  EXPECT_TRUE(cluster_.AllEqual());
  EXPECT_EQ(cluster_.Status("n1").members.size(), 3u);
  EXPECT_EQ(cluster_.Status("n3").documents, 31u);
}

TEST_F(MeshTest, WipedNodeAtAnotherAddressTakesItsEntryOverWhenTheOldProcessIsGone) {
  StartThree();
  cluster_.Put("n3", "x", "1");
  ASSERT_TRUE(cluster_.WaitConverged("n1", 5000).converged);
  cluster_.Crash("n3");
  for (const std::string name : {"n1", "n2"}) {  // none has the old address as a seed
    cluster_.Crash(name);
    cluster_.Start(name, {"n1", "n2"});
  }
  NodeOptions moved = VirtualCluster::MakeOptions("n3", {AddressOf("n1")});
  moved.peer_address = "elsewhere:1";
  cluster_.StartOn("moved", moved);
  ASSERT_TRUE(RunUntilLinked(3));
  EXPECT_TRUE(cluster_.WaitConverged("n2", 10'000).converged);
  EXPECT_TRUE(cluster_.AllEqual());
  EXPECT_TRUE(cluster_.process("moved").fatal().empty());
  cluster_.RunFor(5 * kSecondUs);
  const uint64_t dials = cluster_.network().dials();
  cluster_.RunFor(60 * kSecondUs);
  EXPECT_EQ(cluster_.network().dials(), dials);
}

TEST_F(MeshTest, SecondLiveProcessUnderOneNameIsRefusedNamingBoth) {
  StartThree();
  NodeOptions twin = VirtualCluster::MakeOptions("n3", {AddressOf("n1")});
  twin.peer_address = "twin:1";
  VirtualProcess& second = cluster_.StartOn("twin", twin);
  cluster_.RunFor(30 * kSecondUs);
  ASSERT_EQ(second.fatal().size(), 1u);
  EXPECT_EQ(second.fatal()[0].code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(absl::StrContains(second.fatal()[0].message(), "twin:1"));
  EXPECT_TRUE(absl::StrContains(second.fatal()[0].message(), "n3:1"));
  cluster_.Crash("twin");
  for (const std::string& name : kThree) EXPECT_TRUE(cluster_.process(name).fatal().empty());
  EXPECT_TRUE(cluster_.WaitConverged("n1", 5000).converged);
}

TEST_F(MeshTest, SecondLiveProcessThatDialsItsTwinIsTheOneThatEnds) {
  StartThree();
  NodeOptions twin = VirtualCluster::MakeOptions("n3", {AddressOf("n3")});
  twin.peer_address = "twin:1";
  VirtualProcess& second = cluster_.StartOn("twin", twin);
  cluster_.RunFor(10 * kSecondUs);
  EXPECT_EQ(second.fatal().size(), 1u);
  EXPECT_TRUE(cluster_.process("n3").fatal().empty());
}

TEST_F(MeshTest, OtherClusterIsRefusedAndNeitherSideLearnsAnything) {
  StartThree();
  NodeOptions foreign = VirtualCluster::MakeOptions("n4", {AddressOf("n1")});
  foreign.cluster_name = "other";
  VirtualProcess& stranger = cluster_.StartOn("n4", foreign);
  cluster_.RunFor(20 * kSecondUs);
  EXPECT_EQ(cluster_.Status("n1").members.size(), 3u);
  EXPECT_EQ(cluster_.Status("n4").members.size(), 1u);
  EXPECT_TRUE(absl::StrContains(absl::StrJoin(stranger.log().lines(), "\n"), "\"other\""));
  EXPECT_TRUE(stranger.fatal().empty());
  EXPECT_TRUE(cluster_.process("n1").fatal().empty());
}

TEST_F(MeshTest, WrongKeyIsRefused) {
  StartThree();
  NodeOptions foreign = VirtualCluster::MakeOptions("n4", {AddressOf("n1")});
  foreign.key_proof = "other key";
  foreign.verify_key = [](const std::string& proof) { return proof == "other key"; };
  cluster_.StartOn("n4", foreign);
  cluster_.RunFor(20 * kSecondUs);
  EXPECT_EQ(cluster_.Status("n1").members.size(), 3u);
  EXPECT_EQ(cluster_.Status("n4").members.size(), 1u);
}

TEST_F(MeshTest, OwnAddressAmongTheSeedsIsIgnored) {
  cluster_.network().AddAlias("alias:1", AddressOf("n1"));
  NodeOptions options = VirtualCluster::MakeOptions("n1", {AddressOf("n1"), "alias:1"});
  cluster_.StartOn("n1", options);
  cluster_.RunFor(5 * kSecondUs);
  EXPECT_TRUE(cluster_.node("n1").ready());  // nobody else can be met
  const uint64_t dials = cluster_.network().dials();
  cluster_.RunFor(60 * kSecondUs);
  EXPECT_EQ(cluster_.network().dials(), dials);
  EXPECT_EQ(cluster_.Status("n1").members.size(), 1u);
  EXPECT_EQ(cluster_.network().open_streams(), 0u);
}

TEST_F(MeshTest, OneLinkPerPairRemainsHoweverTheSeedsStand) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    VirtualCluster cluster(seed);
    const int nodes = 3 + seed % 3;
    std::vector<std::string> names;
    for (int i = 1; i <= nodes; ++i) names.push_back(absl::StrCat("n", i));
    for (const std::string& name : names) cluster.network().AddAlias(name + ".lan:1", name + ":1");
    for (const std::string& name : names) {
      std::vector<std::string> seeds;
      for (const std::string& other : names) {
        seeds.push_back(AddressOf(other));
        if (cluster.time().random().Chance(30)) seeds.push_back(other + ".lan:1");
        if (cluster.time().random().Chance(50)) std::swap(seeds.front(), seeds.back());
      }
      cluster.StartOn(name, VirtualCluster::MakeOptions(name, seeds));
    }
    cluster.RunFor(15 * kSecondUs);
    const size_t pairs = nodes * (nodes - 1) / 2;
    EXPECT_EQ(cluster.network().open_streams(), pairs);
    const uint64_t dials = cluster.network().dials();
    cluster.RunFor(60 * kSecondUs);
    EXPECT_EQ(cluster.network().dials(), dials);
    EXPECT_EQ(cluster.network().open_streams(), pairs);
    EXPECT_TRUE(cluster.WaitConverged("n1", 1000).converged);
  }
}

TEST_F(MeshTest, StatusCountsWhatAnUnreachableNodeLacksByItsLastReport) {
  StartThree();
  cluster_.Put("n1", "before", "1");
  ASSERT_TRUE(cluster_.WaitConverged("n1", 5000).converged);
  ASSERT_TRUE(cluster_.WaitConverged("n2", 5000).converged);  // n3 has told both of them
  cluster_.CutAll("n3");
  for (int i = 0; i < 5; ++i) cluster_.Put("n1", absl::StrCat("a", i), "1");
  for (int i = 0; i < 2; ++i) cluster_.Put("n3", absl::StrCat("b", i), "1");
  ASSERT_TRUE(cluster_.RunUntil([this] { return Has("n2", "a4"); }));
  ASSERT_TRUE(cluster_.RunUntil(
      [this] { return cluster_.Status("n1").members[2].state == MemberState::kUnreachable; }));
  EXPECT_EQ(cluster_.Status("n1").members[2].behind, 5u);
  EXPECT_EQ(cluster_.Status("n2").members[2].behind, 5u);
  EXPECT_EQ(cluster_.Status("n3").members[0].behind, 2u);
  EXPECT_EQ(cluster_.Status("n3").members[0].ahead, 0u);
  EXPECT_FALSE(cluster_.Status("n1").converged);
}

TEST_F(MeshTest, BarrierIncludesWritesMadeElsewhereJustBefore) {
  StartThree();
  for (int i = 0; i < 10; ++i) {
    const std::string id = absl::StrCat(i);
    cluster_.Put("n3", id, "1");
    ASSERT_TRUE(cluster_.WaitConverged("n1", 5000).converged);
    EXPECT_TRUE(Has("n1", id));
    EXPECT_TRUE(Has("n2", id));
  }
}

TEST_F(MeshTest, BarrierTimesOutNamingWhoCannotBeReached) {
  StartThree();
  ASSERT_TRUE(cluster_.WaitConverged("n1", 5000).converged);
  cluster_.Crash("n2");
  cluster_.Put("n1", "x", "1");
  const Convergence late = cluster_.WaitConverged("n1", 3000);
  EXPECT_FALSE(late.converged);
  EXPECT_GE(late.waited_ms, 3000);
  EXPECT_EQ(BehindOf(late), "n2!0");
  cluster_.Restart("n2");
  EXPECT_TRUE(cluster_.WaitConverged("n1", 10'000).converged);
}

TEST_F(MeshTest, BarrierTimesOutNamingWhoIsBehind) {
  StartThree();
  ASSERT_TRUE(cluster_.WaitConverged("n1", 5000).converged);
  cluster_.process("n2").SetDiskPaused(true);
  cluster_.Put("n1", "x", "1");
  EXPECT_EQ(BehindOf(cluster_.WaitConverged("n1", 1000)), "n2:1");
  EXPECT_EQ(BehindOf(cluster_.WaitConverged("n2", 1000)), "n2:1");
  cluster_.process("n2").SetDiskPaused(false);
  EXPECT_TRUE(cluster_.WaitConverged("n3", 5000).converged);
}

TEST_F(MeshTest, ReceiverThatDoesNotCommitStopsTheSenderAtItsCredit) {
  cluster_.Start("n1", {"n2"});
  cluster_.Start("n2", {"n1"});
  ASSERT_TRUE(RunUntilLinked(2));
  cluster_.process("n2").SetDiskPaused(true);
  uint64_t cost = 0;
  cluster_.network().Observe([&cost](const auto&, const auto&, const core::Frame& frame) {
    if (const auto* docs = std::get_if<core::Docs>(&frame)) cost += DocsCost(*docs);
  });
  const std::string body(100'000, 'x');
  for (int i = 0; i < 300; ++i) cluster_.Put("n1", absl::StrCat(i), body);
  cluster_.RunFor(5 * kSecondUs);
  EXPECT_GE(cost, Link::kCreditBytes);
  EXPECT_LE(cost, Link::kCreditBytes + Link::kDocsBytesMax + body.size());
  cluster_.process("n2").SetDiskPaused(false);
  EXPECT_TRUE(cluster_.Settle());
}

TEST_F(MeshTest, NodeWithoutDiskSpaceRefusesWritesAndAppliesNothingUntilItHasSome) {
  StartThree();
  cluster_.Put("n2", "before", "1");
  ASSERT_TRUE(cluster_.Settle());
  cluster_.process("n2").SetFreeDisk(kMinFreeDiskBytes - 1);
  cluster_.RunFor(kSecondUs);
  const std::string dump = cluster_.Dump("n2");
  cluster_.Put("n1", "x", "1");
  cluster_.Put("n3", "y", "1");
  EXPECT_TRUE(cluster_.RunUntil([this] { return Has("n3", "x") && Has("n1", "y"); }, kSecondUs));
  cluster_.RunFor(30 * kSecondUs);
  EXPECT_EQ(cluster_.Dump("n2"), dump);
  EXPECT_TRUE(Has("n2", "before"));
  const auto refused = cluster_.Write("n2", {.key = {"c", "z"}, .deleted = true});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(absl::StrContains(refused.status().message(), "--min-free-disk"));
  EXPECT_EQ(cluster_.Status("n2").alarms,
            std::vector<std::string>{std::string(refused.status().message())});
  EXPECT_TRUE(Linked(3));

  cluster_.process("n2").SetFreeDisk(kMinFreeDiskBytes);
  EXPECT_TRUE(cluster_.RunUntil([this] { return Has("n2", "x") && Has("n2", "y"); }, kSecondUs));
  EXPECT_TRUE(cluster_.Status("n2").alarms.empty());
  cluster_.Put("n2", "z", "1");
  EXPECT_TRUE(cluster_.Settle());
}

TEST_F(MeshTest, NodeWithoutDiskSpaceStopsTheSenderAtItsCredit) {
  cluster_.Start("n1", {"n2"});
  cluster_.Start("n2", {"n1"});
  ASSERT_TRUE(RunUntilLinked(2));
  cluster_.process("n2").SetFreeDisk(0);
  cluster_.RunFor(kSecondUs);
  uint64_t cost = 0;
  cluster_.network().Observe([&cost](const auto&, const auto&, const core::Frame& frame) {
    if (const auto* docs = std::get_if<core::Docs>(&frame)) cost += DocsCost(*docs);
  });
  const std::string body(100'000, 'x');
  for (int i = 0; i < 200; ++i) cluster_.Put("n1", absl::StrCat(i), body);
  cluster_.RunFor(5 * kSecondUs);
  EXPECT_GE(cost, Link::kCreditBytes);
  EXPECT_LE(cost, Link::kCreditBytes + Link::kDocsBytesMax + body.size());
  cluster_.Crash("n2");  // what waited was never told to the sender as applied
  cluster_.Restart("n2");
  EXPECT_TRUE(cluster_.Settle());
}

TEST_F(MeshTest, CreditIsConservedOverTenThousandFrames) {
  cluster_.Start("n1", {"n2"});
  cluster_.Start("n2", {"n1"});
  ASSERT_TRUE(RunUntilLinked(2));
  int64_t under_way = 0;  // cost sent by n1 and not given back
  uint64_t frames = 0;
  cluster_.network().Observe([&](const auto& from, const auto&, const core::Frame& frame) {
    if (const auto* docs = std::get_if<core::Docs>(&frame)) {
      ++frames;
      under_way += static_cast<int64_t>(DocsCost(*docs)) * (from == AddressOf("n1") ? 1 : 0);
    }
    if (const auto* delta = std::get_if<core::Delta>(&frame); delta && from == AddressOf("n2")) {
      under_way -= static_cast<int64_t>(delta->credit_bytes);
    }
  });
  for (int i = 0; i < 10'000; ++i) {
    const std::string body(1 + i * 7919 % 5000, 'x');
    core::ClientWrite write{.key = {"c", absl::StrCat(i % 100)},
                            .body = std::make_shared<const std::string>(body),
                            .hash = HashBytes128(body)};
    cluster_.node("n1").Write(std::move(write), [](auto) {});
    cluster_.RunFor(5000);
    ASSERT_LE(under_way, static_cast<int64_t>(Link::kCreditBytes + Link::kDocsBytesMax));
  }
  EXPECT_TRUE(cluster_.Settle());
  cluster_.RunFor(2 * kSecondUs);
  EXPECT_GE(frames, 5000u);
  EXPECT_EQ(under_way, 0);
}

TEST_F(MeshTest, ThreeSiblingsOfEightMebibytesConverge) {
  StartThree();
  for (const std::string& name : kThree) cluster_.CutAll(name);
  for (size_t i = 0; i < 3; ++i) cluster_.Put(kThree[i], "big", std::string(8 << 20, 'a' + i));
  cluster_.network().HealAll();
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_EQ(cluster_.Read("n1", {"c", "big"}).versions.size(), 3u);
  EXPECT_TRUE(cluster_.WaitConverged("n1", 10'000).converged);
}

TEST_F(MeshTest, NodeWithoutPeersIsReadyAtOnce) {
  cluster_.Start("n1", {});
  cluster_.RunFor(100'000);
  EXPECT_TRUE(cluster_.node("n1").ready());
}

TEST_F(MeshTest, NodeThatReachesNobodyIsReadyAfterTenSeconds) {
  cluster_.Start("n1", kThree);
  cluster_.RunFor(9'500'000);
  EXPECT_FALSE(cluster_.node("n1").ready());
  cluster_.RunFor(kSecondUs);
  EXPECT_TRUE(cluster_.node("n1").ready());
}

TEST_F(MeshTest, JoiningNodeIsReadyOnlyWhenItHasCaughtUp) {
  cluster_.Start("n1", {});
  for (int i = 0; i < 300; ++i) cluster_.Put("n1", absl::StrCat(i), std::string(50'000, 'x'));
  cluster_.Start("n2", {"n1"});
  EXPECT_FALSE(cluster_.node("n2").ready());
  ASSERT_TRUE(cluster_.RunUntil([this] { return cluster_.node("n2").ready(); }));
  EXPECT_EQ(cluster_.Dump("n2"), cluster_.Dump("n1"));
}

TEST_F(MeshTest, TwoWipedNodesAreNotReadyBeforeTheOneThatHasTheData) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    VirtualCluster cluster(seed);
    cluster.Start("n1", kThree);
    for (int i = 0; i < 50; ++i) cluster.Put("n1", absl::StrCat(i), "1");
    cluster.Start("n2", kThree);
    cluster.Start("n3", kThree);
    for (const std::string name : {"n2", "n3"}) {
      ASSERT_TRUE(cluster.RunUntil([&] { return cluster.node(name).ready(); }));
      EXPECT_EQ(cluster.Status(name).documents, 50u);
    }
  }
}

TEST_F(MeshTest, SilentPeerIsClosedAfterTenSecondsAndDialledAgain) {
  StartThree();
  cluster_.process("n3").SetPaused(true);
  cluster_.Put("n1", "x", "1");
  cluster_.RunFor(8 * kSecondUs);
  EXPECT_EQ(cluster_.Status("n1").members[2].state, MemberState::kConnected);
  cluster_.RunFor(4 * kSecondUs);
  EXPECT_EQ(cluster_.Status("n1").members[2].state, MemberState::kUnreachable);
  EXPECT_TRUE(absl::StrContains(cluster_.Status("n1").members[2].last_error, "silent"));
  cluster_.process("n3").SetPaused(false);
  EXPECT_TRUE(RunUntilLinked(3));
  EXPECT_TRUE(cluster_.Settle());
}

TEST_F(MeshTest, MirrorThatDiffersIsReplacedAndTheLinkStays) {
  StartThree();
  for (int i = 0; i < 600; ++i) {
    cluster_.Put("n1", absl::StrCat(i % 7), absl::StrCat(i));
    cluster_.RunFor(61'000);
  }
  const uint64_t dials = cluster_.network().dials();
  cluster_.RunFor(30 * kSecondUs);
  EXPECT_EQ(cluster_.network().dials(), dials);
  EXPECT_LE(dials, 12u);
}

TEST_F(MeshTest, ShutdownSaysGoodbyeAndLosesNothing) {
  StartThree();
  cluster_.Put("n1", "x", "1");
  bool done = false;
  cluster_.node("n1").Shutdown([&done] { done = true; });
  ASSERT_TRUE(cluster_.RunUntil([&done] { return done; }, 3 * kSecondUs));
  cluster_.Crash("n1");
  cluster_.Restart("n1");
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_TRUE(Has("n2", "x"));
}

}  // namespace
}  // namespace docstore::node
