// What a node tells its operator about links.

#include <memory>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "server/core/frame.h"
#include "server/node/env.h"
#include "server/node/mesh.h"
#include "server/node/node.h"
#include "server/node/status.h"
#include "server/node/virtual_cluster.h"

namespace docstore::node {
namespace {

const std::vector<std::string> kThree = {"n1", "n2", "n3"};

TEST(MeshLog, LinksThatEndAsTheyShouldAreNoComplaint) {
  VirtualCluster cluster;
  for (const std::string& name : kThree) cluster.Start(name, kThree);
  ASSERT_TRUE(cluster.RunUntil([&cluster] {
    return absl::c_all_of(kThree, [&](const auto& name) { return cluster.Status(name).ready; });
  }));
  cluster.RunFor(5 * kSecondUs);
  // Who dialled says how a link ended: both others, to the highest uuid.
  const std::vector<MemberStatus> members = cluster.Status("n1").members;
  const auto order = [](const MemberStatus& a, const MemberStatus& b) {
    return a.member.node_uuid < b.member.node_uuid;
  };
  const std::string last = absl::c_max_element(members, order)->member.name;
  bool done = false;
  cluster.node(last).Shutdown([&done] { done = true; });
  ASSERT_TRUE(cluster.RunUntil([&done] { return done; }, 3 * kSecondUs));
  cluster.RunFor(kSecondUs);
  for (const std::string& name : kThree) {
    const VirtualLog& log = cluster.process(name).log();
    EXPECT_EQ(absl::StrJoin(log.complaints(), "\n"), "") << name;
    EXPECT_EQ(absl::StrContains(absl::StrJoin(log.lines(), "\n"), "is shutting down"),
              name != last);
  }
  cluster.Crash(last);
  cluster.RunFor(kSecondUs);
  for (const std::string& name : cluster.names()) {
    EXPECT_NE(cluster.process(name).log().complaints().size(), 0u) << name;
  }
}

// The stream of somebody who says nothing and goes away.
class StrangersStream : public PeerStream {
  void Send(core::Frame frame) override {}
  void Close() override {}
  std::string Remote() const override { return "far:1"; }
};

TEST(MeshLog, StrangersAreNamedInOneLineTenSecondsAtMost) {
  VirtualCluster cluster;
  Node& node = cluster.Start("n1", {}).node();
  const auto visit = [&](const absl::Status& end) {
    PeerStreamEvents* const events = node.AcceptStream(std::make_unique<StrangersStream>());
    cluster.RunFor(1000);
    events->OnClosed(end);
    return absl::StrJoin(cluster.process("n1").log().complaints(), "\n");
  };
  const std::string first =
      "a stream from far:1 ended before it said Hello: a message that is no Packet";
  const absl::Status nonsense = absl::InvalidArgumentError("a message that is no Packet");
  EXPECT_EQ(visit(nonsense), first);
  EXPECT_EQ(visit(nonsense), first);
  EXPECT_EQ(visit(absl::OkStatus()), first);
  cluster.RunFor(Mesh::kStrangerLogUs);
  EXPECT_EQ(visit(absl::OkStatus()),
            first +
                "\na stream from far:1 ended before it said Hello: by its other end (and 2 like it "
                "before)");
}

}  // namespace
}  // namespace docstore::node
