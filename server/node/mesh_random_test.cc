// Whole clusters under random writes, cuts, stalls, crashes and restarts. After healing, all nodes
// hold the same bytes, and every acknowledged write is there or was overwritten by a write that
// had seen it.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/base/hash.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/frame.h"
#include "server/core/token.h"
#include "server/node/view.h"
#include "server/node/virtual_cluster.h"
#include "server/node/virtual_network.h"
#include "server/node/virtual_time.h"

namespace docstore::node {
namespace {

// What a client wrote and what it had seen when it did.
struct Written {
  core::DocumentKey key;
  core::ResolveToken seen;
  bool deleted = false;
  core::Dot dot;           // seq 0 until acknowledged
  bool destroyed = false;  // perhaps: with the only disk that knew it
};

class Storm {
 public:
  static constexpr int kKeys = 12;

  explicit Storm(uint64_t seed) : cluster_(seed), random_(seed * 77) {
    // Floors rise in the middle of everything, in every other run past those that lag.
    cluster_.floor_options() = {.check_us = kSecondUs,
                                .raise_dots = 10,
                                .raise_us = 3 * kSecondUs,
                                .sweep_us = 10 * kSecondUs};
    if (seed % 2 == 0) cluster_.floor_options().dot_index_max = 5 + random_.Below(40);
    destroys_ = seed % 4 >= 2;
    cluster_.network().Observe([this](const auto&, const auto&, const core::Frame& frame) {
      repairs_ += std::holds_alternative<core::RepairDocs>(frame);
    });
    const uint64_t count = 3 + random_.Below(3);
    for (uint64_t i = 1; i <= count; ++i) names_.push_back(absl::StrCat("n", i));
    for (const std::string& name : names_) {
      if (random_.Chance(70)) cluster_.Start(name, names_);
    }
  }

  void Rage(int steps) {
    for (int i = 0; i < steps; ++i) {
      for (uint64_t writes = random_.Below(4); writes > 0; --writes) Write();
      if (random_.Chance(15)) Break();
      if (random_.Chance(10)) Mend();
      if (destroys_ && random_.Chance(2)) DestroyDisk();
      cluster_.RunFor(static_cast<int64_t>(random_.Below(random_.Chance(5) ? 3'000'000 : 40'000)));
    }
  }

  void Calm() {
    cluster_.network().HealAll();
    for (const std::string& name : names_) {
      if (!cluster_.running(name)) {
        StartAgain(name);
      } else {
        cluster_.process(name).SetPaused(false);
        cluster_.process(name).SetDiskPaused(false);
      }
    }
    cluster_.RunFor(20 * kSecondUs);  // silent streams are given up, everybody has met everybody
  }

  void Check() {
    ASSERT_TRUE(cluster_.Settle(180 * kSecondUs));
    for (const std::string& name : names_) {
      EXPECT_TRUE(cluster_.process(name).fatal().empty());
      EXPECT_TRUE(cluster_.node(name).ready());
      EXPECT_EQ(cluster_.Status(name).members.size(), names_.size());
      EXPECT_TRUE(cluster_.WaitConverged(name, 10'000).converged);
    }
    EXPECT_EQ(cluster_.network().open_streams(), names_.size() * (names_.size() - 1) / 2);
    for (const auto& write : written_) CheckWritten(*write);
    if (destroys_) return;  // nobody can tell any more that a dot of the middle was lost
    cluster_.RunFor(60 * kSecondUs);
    for (const std::string& name : names_) EXPECT_EQ(cluster_.Residue(name), "");
  }
  uint64_t repairs() const { return repairs_; }
  uint64_t acknowledged() const {
    return std::count_if(written_.begin(), written_.end(),
                         [](const auto& write) { return write->dot.seq > 0; });
  }

 private:
  const std::string& AnyName() { return names_[random_.Below(names_.size())]; }

  void Write() {
    const std::string& name = AnyName();
    if (!cluster_.running(name)) return;
    auto written = std::make_shared<Written>();
    written->key = {"c", absl::StrCat(random_.Below(kKeys))};
    // Mostly what the node shows now; else what somebody read once, anywhere.
    std::vector<core::ResolveToken>& reads = reads_[written->key];
    if (reads.empty() || random_.Chance(80)) {
      reads.push_back(core::ResolveTokenOf(cluster_.Read(name, written->key)));
    }
    written->seen = random_.Chance(80) ? reads.back() : reads[random_.Below(reads.size())];
    std::string body = absl::StrCat("{", written_.size(), "}");
    if (random_.Chance(2)) body.append(400'000, ' ');
    core::ClientWrite write{.key = written->key,
                            .deleted = random_.Chance(15),
                            .guard = core::Guard::kContext,
                            .token = written->seen};
    if (!write.deleted) {
      write.hash = HashBytes128(body);
      write.body = std::make_shared<const std::string>(std::move(body));
    }
    written->deleted = write.deleted;
    written_.push_back(written);
    cluster_.node(name).Write(std::move(write), [written](const auto& result) {
      if (result.ok() && result->verdict == core::WriteVerdict::kApplied) {
        written->dot = result->version.dot;
      }
    });
  }

  void Break() {
    const std::string& name = AnyName();
    const std::string& other = AnyName();
    if (name == other) return;
    VirtualNetwork& network = cluster_.network();
    const std::string a = VirtualCluster::AddressOf(name);
    const std::string b = VirtualCluster::AddressOf(other);
    switch (random_.Below(6)) {
      case 0:
        network.Cut(a, b);
        break;
      case 1:
        network.Stall(a, b);
        break;
      case 2:
        network.KillAfterFrames(1 + random_.Below(20));
        break;
      case 3:
        if (cluster_.running(name)) cluster_.process(name).SetPaused(true);
        break;
      case 4:
        if (cluster_.running(name)) cluster_.process(name).SetDiskPaused(true);
        break;
      default:
        if (cluster_.running(name)) cluster_.Crash(name);
        break;
    }
  }

  // A version whose dot the node does not count as known came with a repair: it is the source that
  // must not go before the node has caught up with it.
  bool RestsOnAnother(const std::string& name) {
    const std::shared_ptr<const View> view = cluster_.node(name).view();
    if (view->repair != nullptr) return true;
    for (int id = 0; id < kKeys; ++id) {
      for (const core::Version& version : cluster_.Read(name, {"c", absl::StrCat(id)}).versions) {
        if (!view->clock->Contains(version.dot)) return true;
      }
    }
    return false;
  }

  void DestroyDisk() {
    const std::string& victim = AnyName();
    for (const std::string& name : names_) {
      if (!cluster_.running(name) || RestsOnAnother(name)) return;
    }
    for (const auto& write : written_) {
      if (write->dot.seq == 0) continue;
      write->destroyed |= std::none_of(names_.begin(), names_.end(), [&](const auto& name) {
        return name != victim && cluster_.node(name).view()->clock->Contains(write->dot);
      });
    }
    cluster_.Crash(victim);
    cluster_.Wipe(victim);
    if (random_.Chance(50)) StartAgain(victim);
  }

  void Mend() {
    const std::string& name = AnyName();
    for (const std::string& other : names_) {
      cluster_.network().Heal(VirtualCluster::AddressOf(name), VirtualCluster::AddressOf(other));
    }
    if (!cluster_.running(name)) {
      StartAgain(name);
      return;
    }
    cluster_.process(name).SetPaused(false);
    cluster_.process(name).SetDiskPaused(false);
  }

  void StartAgain(const std::string& name) { cluster_.Start(name, names_); }

  void CheckWritten(const Written& write) {
    if (write.dot.seq == 0 || write.destroyed) return;
    bool overwritten = false;  // maybe: by a write whose answer got lost
    bool surely_gone = false;  // by an acknowledged one
    for (const auto& later : written_) {
      if (later->key != write.key || !later->seen.context.Covers(write.dot)) continue;
      overwritten = true;
      surely_gone |= later->dot.seq > 0 && !later->destroyed;
    }
    const std::string& name = names_[0];
    EXPECT_TRUE(cluster_.node(name).view()->clock->Contains(write.dot));
    const bool held = cluster_.Read(name, write.key).Find(write.dot) != nullptr;
    // A tombstone has done its work once every member knows it.
    EXPECT_TRUE(held || overwritten || write.deleted)
        << core::ToString(write.dot) << " was acknowledged and is lost";
    EXPECT_FALSE(held && surely_gone) << core::ToString(write.dot) << " came back";
  }

  VirtualCluster cluster_;
  VirtualRandom random_;
  std::vector<std::string> names_;
  std::vector<std::shared_ptr<Written>> written_;
  std::map<core::DocumentKey, std::vector<core::ResolveToken>> reads_;
  bool destroys_ = false;  // disks
  uint64_t repairs_ = 0;
};

TEST(MeshRandom, NothingAcknowledgedIsLostAndAllBecomeEqual) {
  uint64_t acknowledged = 0;
  uint64_t repaired = 0;  // runs with a repair
  for (uint64_t seed = 1; seed <= 40 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Storm storm(seed);
    storm.Rage(300);
    storm.Calm();
    storm.Check();
    acknowledged += storm.acknowledged();
    repaired += storm.repairs() > 0;
  }
  EXPECT_GT(acknowledged, 3000u);
  EXPECT_GT(repaired, 10u);
}

}  // namespace
}  // namespace docstore::node
