// Nodes together: what is reclaimed and when, and how a node that was left behind comes back.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/base/hash.h"
#include "server/core/document.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/floor.h"
#include "server/core/frame.h"
#include "server/node/env.h"
#include "server/node/mesh.h"
#include "server/node/status.h"
#include "server/node/virtual_cluster.h"
#include "server/node/virtual_network.h"
#include "server/node/virtual_time.h"

namespace docstore::node {
namespace {

const std::vector<std::string> kThree = {"n1", "n2", "n3"};
const std::vector<std::string> kFour = {"n1", "n2", "n3", "n4"};
constexpr int64_t kMinuteUs = 60 * kSecondUs;

std::string AddressOf(const std::string& name) { return VirtualCluster::AddressOf(name); }

class MeshRepairTest : public testing::Test {
 protected:
  explicit MeshRepairTest(uint64_t seed = 1) : cluster_(seed) {
    cluster_.network().Observe([this](const std::string& from, const std::string& to,
                                      const core::Frame& frame) { OnFrame(from, to, frame); });
  }

  void StartAll(const std::vector<std::string>& names) {
    for (const std::string& name : names) cluster_.Start(name, names);
    ASSERT_TRUE(cluster_.RunUntil([&] {
      return std::all_of(names.begin(), names.end(),
                         [&](const std::string& name) { return cluster_.node(name).ready(); });
    }));
    cluster_.RunFor(kSecondUs);
  }
  core::WriteResult Delete(const std::string& name, const std::string& id) {
    const auto result = cluster_.Write(name, {.key = {"c", id}, .deleted = true});
    EXPECT_TRUE(result.ok() && result->verdict == core::WriteVerdict::kApplied);
    return *result;
  }
  // Puts a document of 10 kB for each number from `first` to `last`.
  void PutMany(const std::string& name, int first, int last) {
    for (int i = first; i <= last; ++i) {
      cluster_.Put(name, absl::StrCat("k", 1000 + i), absl::StrCat(i, std::string(10'000, ' ')));
    }
  }
  bool Has(const std::string& name, const std::string& id) {
    return cluster_.Read(name, {"c", id}).live();
  }
  bool RunUntilReclaimed(int64_t limit_us = 3 * kMinuteUs) {
    for (int64_t waited_us = 0; waited_us < limit_us; waited_us += kSecondUs) {
      const std::vector<std::string> names = cluster_.names();
      if (std::all_of(names.begin(), names.end(),
                      [this](const std::string& name) { return cluster_.Residue(name).empty(); })) {
        return true;
      }
      cluster_.RunFor(kSecondUs);
    }
    return false;
  }
  // Cuts every link between `names` and all others.
  void CutOff(const std::set<std::string>& names) {
    for (const std::string& a : cluster_.names()) {
      for (const std::string& b : cluster_.names()) {
        if (names.contains(a) && !names.contains(b)) {
          cluster_.network().Cut(AddressOf(a), AddressOf(b));
        }
      }
    }
  }
  // The floor of `name` has passed all that it has.
  bool FloorIsUp(const std::string& name) { return cluster_.Status(name).indexed_dots == 0; }
  bool RunUntilFloorIsUp(const std::string& name) {
    for (int i = 0; i < 120; ++i) {
      if (FloorIsUp(name)) return true;
      cluster_.RunFor(kSecondUs);
    }
    return false;
  }
  // The nodes lose the pushes that they keep in memory, from which a peer can be served however far
  // the floor has risen since.
  void RestartAll(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      cluster_.Crash(name);
      cluster_.Restart(name);
    }
    cluster_.RunFor(12 * kSecondUs);
    for (const std::string& name : names) EXPECT_TRUE(cluster_.node(name).ready());
  }
  // Three nodes with `documents` documents of n1, all reclaimed; then n3 loses its disk.
  void LoseDisk(int documents) {
    StartAll(kThree);
    PutMany("n1", 1, documents);
    ASSERT_TRUE(cluster_.Settle());
    ASSERT_TRUE(RunUntilReclaimed());
    cluster_.Crash("n3");
    cluster_.Wipe("n3");
    chunks_.clear();
    requests_.clear();
  }
  bool RunUntilChunk(const std::string& name, uint64_t chunks) {
    return cluster_.RunUntil([&] {
      const auto repair = cluster_.node(name).view()->repair;
      return repair != nullptr && repair->chunks >= chunks;
    });
  }

  struct Chunk {
    std::string from;
    std::string to;
    core::KeyRange range;
  };
  VirtualCluster cluster_;
  std::vector<Chunk> chunks_;
  std::vector<Chunk> requests_;
  size_t names_only_ = 0;  // items under a floor that say nothing but the names of dots

 private:
  void OnFrame(const std::string& from, const std::string& to, const core::Frame& frame) {
    if (const auto* docs = std::get_if<core::RepairDocs>(&frame)) {
      chunks_.push_back({from, to, docs->range});
    }
    if (const auto* request = std::get_if<core::RepairRequest>(&frame)) {
      requests_.push_back({from, to, request->range});
    }
    if (const auto* docs = std::get_if<core::Docs>(&frame)) {
      for (const core::RemoteDocument& remote : docs->documents) {
        names_only_ += remote.document.empty() && !docs->floor.empty();
      }
    }
  }
};

TEST_F(MeshRepairTest, TombstonesContextsAndIndexRowsGoOnceAllHaveThem) {
  StartAll(kThree);
  for (int i = 0; i < 30; ++i) cluster_.Put(kThree[i % 3], absl::StrCat(i % 10), absl::StrCat(i));
  for (int i = 0; i < 5; ++i) Delete("n2", absl::StrCat(i));
  EXPECT_NE(cluster_.Residue("n1"), "");
  EXPECT_TRUE(RunUntilReclaimed());
  EXPECT_TRUE(cluster_.AllEqual());
  EXPECT_EQ(cluster_.Status("n3").documents, 5u);
  EXPECT_EQ(cluster_.Status("n3").indexed_dots, 0u);
  EXPECT_TRUE(requests_.empty());
}

TEST_F(MeshRepairTest, ManyRowsAreReclaimedStepByStep) {
  StartAll(kThree);
  for (int i = 0; i < 3000; ++i) {
    core::ClientWrite write{.key = {"c", absl::StrCat(i % 700)},
                            .body = std::make_shared<const std::string>("{}"),
                            .hash = HashBytes128("{}")};
    cluster_.node("n1").Write(std::move(write), [](auto) {});
  }
  cluster_.RunFor(kSecondUs);
  ASSERT_TRUE(cluster_.Settle());
  EXPECT_TRUE(RunUntilReclaimed());
  EXPECT_EQ(cluster_.Status("n3").documents, 700u);
}

TEST_F(MeshRepairTest, RowsLeftByACrashAreReclaimedAfterTheRestart) {
  cluster_.Start("n1", {});
  for (int i = 0; i < 3000; ++i) cluster_.Put("n1", absl::StrCat(i), "1");
  ASSERT_TRUE(cluster_.RunUntil([this] { return !cluster_.node("n1").view()->floor->empty(); }));
  cluster_.Crash("n1");
  ASSERT_FALSE((cluster_.Restart("n1"), cluster_.Residue("n1")).empty());
  EXPECT_TRUE(RunUntilReclaimed());
  EXPECT_EQ(cluster_.Status("n1").documents, 3000u);
}

TEST_F(MeshRepairTest, FloorWaitsForAMemberThatIsAwayAndSaysForWhom) {
  StartAll(kThree);
  cluster_.Put("n3", "x", "1");
  ASSERT_TRUE(RunUntilReclaimed());
  cluster_.Crash("n3");
  cluster_.Put("n1", "y", "1");
  Delete("n2", "x");
  cluster_.RunFor(10 * kMinuteUs);
  EXPECT_NE(cluster_.Residue("n1"), "");
  const ClusterStatus status = cluster_.Status("n2");
  EXPECT_EQ(status.indexed_dots, 2u);
  EXPECT_EQ(status.floor_blocked_by, "n3");
  EXPECT_GE(status.floor_blocked_ms, 9 * 60'000);
  cluster_.Restart("n3");
  EXPECT_TRUE(RunUntilReclaimed());
  EXPECT_TRUE(requests_.empty());  // it found all that it lacked
  EXPECT_FALSE(Has("n3", "x"));
  EXPECT_EQ(cluster_.Status("n2").floor_blocked_by, "");
}

TEST_F(MeshRepairTest, FloorPassesAMemberThatWasSilentForADay) {
  cluster_.floor_options().silent_us = 20 * kMinuteUs;
  StartAll(kThree);
  cluster_.Crash("n3");
  cluster_.Put("n1", "y", "1");
  cluster_.RunFor(19 * kMinuteUs);
  EXPECT_FALSE(FloorIsUp("n1"));
  cluster_.RunFor(2 * kMinuteUs);
  EXPECT_TRUE(FloorIsUp("n1"));
  cluster_.Restart("n3");
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_TRUE(cluster_.node("n3").ready());
}

TEST_F(MeshRepairTest, WipedNodeIsRepairedAtOnce) {
  LoseDisk(100);
  cluster_.Put("n2", "while away", "1");
  cluster_.Restart("n3");
  EXPECT_TRUE(cluster_.RunUntil([this] { return cluster_.node("n3").ready(); }, 3 * kSecondUs));
  EXPECT_GT(chunks_.size(), 3u);
  EXPECT_TRUE(cluster_.Settle(5 * kSecondUs));
  EXPECT_EQ(cluster_.Status("n3").documents, 101u);
  EXPECT_TRUE(RunUntilReclaimed());
  EXPECT_TRUE(cluster_.WaitConverged("n1", 5000).converged);
}

TEST_F(MeshRepairTest, NodeAwayPastTheCapBringsNothingBackAndLosesNothingOfItsOwn) {
  cluster_.floor_options().dot_index_max = 20;
  StartAll(kThree);
  for (int i = 0; i < 10; ++i) cluster_.Put("n3", absl::StrCat("old", i), "1");
  ASSERT_TRUE(cluster_.Settle());
  cluster_.CutAll("n3");
  cluster_.Put("n3", "own", "1");
  cluster_.Put("n3", "old9", "2");
  cluster_.Crash("n3");
  for (int i = 0; i < 10; ++i) Delete("n1", absl::StrCat("old", i));
  PutMany("n2", 1, 30);
  ASSERT_TRUE(RunUntilFloorIsUp("n1"));
  ASSERT_TRUE(RunUntilFloorIsUp("n2"));
  cluster_.RunFor(kMinuteUs);  // the tombstones are gone
  EXPECT_EQ(cluster_.Residue("n1"), "");
  RestartAll({"n1", "n2"});
  cluster_.network().HealAll();
  cluster_.Restart("n3");
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_FALSE(chunks_.empty());
  for (const std::string& name : kThree) {
    for (int i = 0; i < 9; ++i) EXPECT_FALSE(Has(name, absl::StrCat("old", i)));
    EXPECT_TRUE(Has(name, "own"));
    EXPECT_EQ(*cluster_.Read(name, {"c", "old9"}).winner()->body, "2");  // no delete had seen it
    EXPECT_EQ(cluster_.Status(name).documents, 32u);
  }
  EXPECT_TRUE(RunUntilReclaimed());
}

// Trap: each side is served by its own half, so "repair when nobody serves" never comes true.
TEST_F(MeshRepairTest, OneAgainstTwoBeyondTheCapConverges) {
  cluster_.floor_options().dot_index_max = 10;
  StartAll(kThree);
  cluster_.Put("n1", "both", "0");
  cluster_.Put("n2", "gone", "0");
  ASSERT_TRUE(cluster_.Settle());
  CutOff({"n1"});
  PutMany("n1", 1, 30);
  PutMany("n2", 31, 60);
  cluster_.Put("n1", "both", "1");
  cluster_.Put("n3", "both", "3");
  Delete("n3", "gone");
  for (const std::string& name : kThree) ASSERT_TRUE(RunUntilFloorIsUp(name));
  RestartAll(kThree);
  cluster_.network().HealAll();
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_FALSE(chunks_.empty());
  EXPECT_EQ(cluster_.Status("n1").documents, 61u);
  EXPECT_EQ(cluster_.Read("n2", {"c", "both"}).versions.size(), 2u);
  EXPECT_TRUE(RunUntilReclaimed());
  for (const std::string& name : kThree) EXPECT_TRUE(cluster_.node(name).ready());
}

TEST_F(MeshRepairTest, TwoAgainstTwoBeyondTheCapConverge) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    VirtualCluster cluster(seed);
    cluster.floor_options().dot_index_max = 10;
    for (const std::string& name : kFour) cluster.Start(name, kFour);
    cluster.RunFor(5 * kSecondUs);
    cluster.Put("n1", "gone", "0");
    ASSERT_TRUE(cluster.Settle());
    for (const std::string a : {"n1", "n2"}) {
      for (const std::string b : {"n3", "n4"}) cluster.network().Cut(AddressOf(a), AddressOf(b));
    }
    for (int i = 0; i < 100; ++i) {
      cluster.Put(kFour[i % 4], absl::StrCat(i % 4 / 2, "-", i), std::string(10'000, ' '));
    }
    ASSERT_TRUE(cluster.Write("n4", {.key = {"c", "gone"}, .deleted = true}).ok());
    cluster.RunFor(kMinuteUs);
    for (const std::string& name : kFour) {
      cluster.Crash(name);
      cluster.Restart(name);
    }
    cluster.RunFor(12 * kSecondUs);
    size_t chunks = 0;
    cluster.network().Observe([&chunks](const auto&, const auto&, const core::Frame& frame) {
      chunks += std::holds_alternative<core::RepairDocs>(frame);
    });
    cluster.network().HealAll();
    EXPECT_TRUE(cluster.Settle(2 * kMinuteUs));
    EXPECT_GT(chunks, 0u);
    EXPECT_EQ(cluster.Status("n1").documents, 100u);
    EXPECT_TRUE(cluster.WaitConverged("n3", 10'000).converged);
  }
}

TEST_F(MeshRepairTest, AnotherSourceTakesOverWhenOneDies) {
  LoseDisk(200);
  cluster_.Restart("n3");
  ASSERT_TRUE(RunUntilChunk("n3", 2));
  const std::string source = chunks_.back().from;
  cluster_.Crash(source == AddressOf("n1") ? "n1" : "n2");
  const size_t before = chunks_.size();
  EXPECT_TRUE(cluster_.RunUntil([this] { return cluster_.Status("n3").documents == 200; }));
  EXPECT_TRUE(cluster_.RunUntil([this] { return cluster_.node("n3").view()->repair == nullptr; }));
  ASSERT_GT(chunks_.size(), before);
  EXPECT_NE(chunks_.back().from, source);
  EXPECT_NE(chunks_[before].range.after, core::DocumentKey());  // not from the beginning
  cluster_.Restart(source == AddressOf("n1") ? "n1" : "n2");
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_TRUE(RunUntilReclaimed());
}

TEST_F(MeshRepairTest, RepairGoesOnWhereARestartFoundIt) {
  LoseDisk(200);
  cluster_.Restart("n3");
  ASSERT_TRUE(RunUntilChunk("n3", 3));
  cluster_.Crash("n3");
  const size_t before = requests_.size();
  cluster_.Restart("n3");
  EXPECT_FALSE(cluster_.node("n3").ready());
  EXPECT_TRUE(cluster_.RunUntil([this] { return cluster_.node("n3").ready(); }));
  ASSERT_GT(requests_.size(), before);
  EXPECT_NE(requests_[before].range.after, core::DocumentKey());
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_EQ(cluster_.Status("n3").documents, 200u);
}

TEST_F(MeshRepairTest, SourceThatIsCutOffAndBackGoesOn) {
  LoseDisk(200);
  cluster_.Crash("n2");
  cluster_.Restart("n3");
  ASSERT_TRUE(RunUntilChunk("n3", 3));
  cluster_.network().Cut(AddressOf("n1"), AddressOf("n3"));
  cluster_.RunFor(kMinuteUs);
  EXPECT_FALSE(cluster_.node("n3").ready());
  PutMany("n1", 201, 230);
  cluster_.network().HealAll();
  EXPECT_TRUE(cluster_.RunUntil([this] { return cluster_.node("n3").ready(); }));
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_EQ(cluster_.Status("n3").documents, 230u);
}

TEST_F(MeshRepairTest, TwoUnderRepairGoOnWithEachOtherWhenTheirSourceIsGoneForGood) {
  LoseDisk(200);
  cluster_.Crash("n2");
  cluster_.Wipe("n2");
  cluster_.Restart("n2");
  cluster_.Restart("n3");
  ASSERT_TRUE(RunUntilChunk("n2", 2));
  ASSERT_TRUE(RunUntilChunk("n3", 1));
  ASSERT_NE(cluster_.node("n2").view()->repair, nullptr);
  cluster_.Crash("n1");
  cluster_.RunFor(8 * kMinuteUs);
  EXPECT_FALSE(cluster_.node("n2").ready());
  cluster_.RunFor(4 * kMinuteUs);
  EXPECT_TRUE(cluster_.node("n2").ready());
  EXPECT_TRUE(cluster_.node("n3").ready());
  EXPECT_TRUE(cluster_.Settle());
  cluster_.Put("n2", "after", "1");
  cluster_.Restart("n1");
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_EQ(cluster_.Status("n3").documents, 201u);
}

TEST_F(MeshRepairTest, NodeUnderRepairTakesNoWritesAndSaysSo) {
  cluster_.floor_options().dot_index_max = 10;
  StartAll(kThree);
  cluster_.CutAll("n3");
  PutMany("n1", 1, 200);
  ASSERT_TRUE(RunUntilFloorIsUp("n1"));
  ASSERT_TRUE(RunUntilFloorIsUp("n2"));
  RestartAll({"n1", "n2"});
  EXPECT_TRUE(cluster_.node("n3").ready());
  cluster_.network().HealAll();
  ASSERT_TRUE(RunUntilChunk("n3", 1));
  EXPECT_FALSE(cluster_.node("n3").ready());
  EXPECT_TRUE(cluster_.Status("n3").repairing);
  const auto refused = cluster_.Write("n3", {.key = {"c", "z"}, .deleted = true});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(cluster_.RunUntil([this] { return cluster_.node("n3").ready(); }));
  EXPECT_FALSE(cluster_.Status("n3").repairing);
  cluster_.Put("n3", "z", "1");
  EXPECT_TRUE(cluster_.Settle());
}

TEST_F(MeshRepairTest, WritesGoOnElsewhereWhileANodeIsRepaired) {
  LoseDisk(200);
  cluster_.Restart("n3");
  for (int i = 0; i < 100; ++i) {
    cluster_.Put(i % 2 == 0 ? "n1" : "n2", absl::StrCat("k", 1001 + i % 50), absl::StrCat(i));
    if (i % 10 == 0) Delete("n1", absl::StrCat("k", 1100 + i));
  }
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_TRUE(cluster_.node("n3").ready());
  EXPECT_EQ(cluster_.Status("n3").documents, 190u);
  EXPECT_TRUE(RunUntilReclaimed());
}

TEST_F(MeshRepairTest, NamesOfDotsWhoseStateWentOutBeforeTakeNothingAwayUnderAFloor) {
  StartAll(kThree);
  cluster_.Put("n1", "x", "1");
  ASSERT_TRUE(RunUntilReclaimed());
  cluster_.Crash("n3");
  for (int i = 0; i < 5000; ++i) {
    core::ClientWrite write{.key = {"c", "hot"},
                            .body = std::make_shared<const std::string>("{}"),
                            .hash = HashBytes128("{}")};
    cluster_.node("n1").Write(std::move(write), [](auto) {});
  }
  cluster_.RunFor(kSecondUs);
  cluster_.Crash("n1");  // what it had in memory for pushes is gone
  cluster_.Restart("n1");
  cluster_.Restart("n3");
  EXPECT_TRUE(cluster_.Settle());
  EXPECT_GT(names_only_, 0u);
  EXPECT_TRUE(Has("n3", "hot"));
  EXPECT_TRUE(RunUntilReclaimed());
}

// A peer that says what the test tells it to.
class Stranger : public PeerStreamEvents {
 public:
  Stranger(VirtualCluster* cluster, const std::string& address)
      : executor_(&cluster->time(), 0),
        host_{.address = "stranger:1", .executor = &executor_},
        port_(cluster->network().Attach(&host_)),
        cluster_(cluster) {
    stream_ = port_->Dial(address, this);
  }
  ~Stranger() override {
    cluster_->network().Detach(&host_);
    executor_.Stop();
  }

  void Send(core::Frame frame) {
    ASSERT_TRUE(cluster_->RunUntil([this] { return !sending_; }));
    sending_ = true;
    stream_->Send(std::move(frame));
    ASSERT_TRUE(cluster_->RunUntil([this] { return !sending_; }));
  }
  bool closed() const { return closed_; }
  void OnFrame(core::Frame, uint64_t) override {}
  void OnSent() override { sending_ = false; }
  void OnProgress() override {}
  void OnClosed(const absl::Status&) override { closed_ = true; }

 private:
  VirtualExecutor executor_;
  const VirtualNetwork::Host host_;
  const std::unique_ptr<PeerNetwork> port_;
  VirtualCluster* const cluster_;
  std::unique_ptr<PeerStream> stream_;
  bool sending_ = false;
  bool closed_ = false;
};

TEST_F(MeshRepairTest, LinkWhoseDocumentsAreNotTakenIsClosed) {
  cluster_.Start("n1", {});
  cluster_.RunFor(kSecondUs);
  Stranger stranger(&cluster_, AddressOf("n1"));
  stranger.Send(core::Hello{
      .protocol_version = core::kProtocolVersion,
      .cluster_name = "test",
      .self = {.name = "s", .node_uuid = std::string(16, 's'), .peer_address = "stranger:1"},
      .origin = core::Origin{7},
      .credit_bytes = 1000,
      .key_proof = "key"});
  stranger.Send(core::Docs{});
  cluster_.RunFor(kSecondUs);
  EXPECT_FALSE(stranger.closed());
  stranger.Send(core::Docs{.floor = core::Floor({{core::Origin{7}, 5}})});
  EXPECT_TRUE(cluster_.RunUntil([&stranger] { return stranger.closed(); }, kSecondUs));
  cluster_.RunFor(kSecondUs);
  EXPECT_TRUE(absl::StrContains(cluster_.Status("n1").members[1].last_error, "floor"));
}

}  // namespace
}  // namespace docstore::node
