// A floor at a replica: what it strips, what a sender's floor asks of a receiver.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/floor.h"
#include "server/core/replica.h"
#include "server/core/replica_testing.h"
#include "server/core/token.h"

namespace docstore::core {
namespace {

const DocumentKey kKey{"c", "k"};
const DocumentKey kOther{"c", "other"};
constexpr Origin kA{0xa};
constexpr Origin kB{0xb};

ClientWrite Put(const std::string& body) { return MakeWrite(kKey, body); }
ClientWrite Delete() { return MakeWrite(kKey, ""); }

// "applied 7/1 rejected 7/2": link and sequence of each frame dealt with.
std::string Outcome(const Effects& effects) {
  std::string text;
  for (const PeerApplied& frame : effects.applied) {
    absl::StrAppend(&text, text.empty() ? "" : " ", "applied ", frame.link, "/", frame.sequence);
  }
  for (const PeerRejected& frame : effects.rejected) {
    absl::StrAppend(&text, text.empty() ? "" : " ", "rejected ", frame.link, "/", frame.sequence);
  }
  return text;
}

class ReplicaFloorTest : public testing::Test {
 protected:
  // The floor of `replica` rises to all it knows, and what it passes is stripped.
  static void Settle(StoredReplica* replica) {
    replica->RaiseFloor(BaseOf(replica->clock()));
    replica->StripAll();
  }

  StoredReplica a_{0xa};
  StoredReplica b_{0xb};
};

TEST_F(ReplicaFloorTest, StripsContextTombstoneAndIndexWhenTheFloorPasses) {
  a_.Write(Put("1"));
  a_.Write(MakeWrite(kOther, "1"));
  a_.Write(MakeWrite(kOther, ""));
  EXPECT_TRUE(a_.RaiseFloor(Floor({{kA, 2}})).floor_changed);
  a_.StripAll();
  EXPECT_EQ(Show(a_.document(kKey)), "{a:1} ctx {}");
  EXPECT_EQ(Show(a_.document(kOther)), "{a:3+} ctx {a:3}");
  EXPECT_EQ(a_.dots().size(), 1u);
  Settle(&a_);
  EXPECT_FALSE(a_.documents().contains(kOther));
  EXPECT_TRUE(a_.dots().empty());
  EXPECT_EQ(a_.clock().ToString(), "a:[1..3]");
  EXPECT_EQ(a_.stored().floor.ToString(), "{a:3}");
  a_.Restart(0xaa);
  EXPECT_EQ(a_.clock().ToString(), "a:[1..3]");
  EXPECT_EQ(a_.replica().floor().ToString(), "{a:3}");
}

TEST_F(ReplicaFloorTest, RisesToTheBaseOfTheClockAtMostAndNeverFalls) {
  b_.Write(Put("1"));
  b_.Write(Put("2"));
  b_.Write(Put("3"));
  RemoteDocument last = b_.Ship(kKey);
  last.resolved = {{kB, 1, 1}, {kB, 3, 3}};
  a_.Receive(last);
  EXPECT_TRUE(a_.RaiseFloor(Floor({{kB, 9}, {kA, 9}})).floor_changed);
  EXPECT_EQ(a_.replica().floor().ToString(), "{b:1}");
  EXPECT_FALSE(a_.RaiseFloor(Floor()).floor_changed);
  EXPECT_EQ(a_.replica().floor().ToString(), "{b:1}");
}

TEST_F(ReplicaFloorTest, LeavesDotsAboveTheFloorAlone) {
  a_.Write(Put("1"));
  a_.Write(Put("2"));
  a_.RaiseFloor(Floor({{kA, 1}}));
  a_.Step({StripRows{.dots = {{{kA, 1}, kKey}, {{kA, 2}, kKey}}, .keys = {kKey}}});
  EXPECT_EQ(a_.dots().size(), 1u);
  EXPECT_EQ(Show(a_.document(kKey)), "{a:2} ctx {a:2}");
}

TEST_F(ReplicaFloorTest, GuardReadBeforeADeleteFailsBeforeAndAfterTheFloorPassesIt) {
  a_.Write(Put("1"));
  const Version winner = *a_.document(kKey).winner();
  const ResolveToken read = ResolveTokenOf(a_.document(kKey));
  a_.Write(Delete());
  const auto guarded = [&] {
    const VersionToken version{winner.dot, winner.hlc};
    return absl::StrCat(Show(a_.Write(MakeWrite(kKey, "2", Guard::kIfVersion, version))), ", ",
                        Show(a_.Write(MakeWrite(kKey, "2", Guard::kIfVersion, read))), ", ",
                        Show(a_.Write(MakeWrite(kKey, "", Guard::kIfVersion, version))));
  };
  EXPECT_EQ(guarded(), "MOVED a:2, MOVED a:2, MOVED a:2");
  Settle(&a_);
  EXPECT_TRUE(a_.documents().empty());
  EXPECT_EQ(guarded(), "MOVED, MOVED, MOVED");
}

TEST_F(ReplicaFloorTest, LateDuplicateAfterTheStripLeavesNothing) {
  b_.Write(Put("1"));
  const PeerDocuments put = b_.Frame({b_.Ship(kKey)}, 7);
  b_.Write(Delete());
  const PeerDocuments deleted = b_.Frame({b_.Ship(kKey)}, 7);
  a_.Step({put, deleted});
  Settle(&a_);
  ASSERT_TRUE(a_.documents().empty());
  EXPECT_EQ(Outcome(a_.Step({put, deleted})), "applied 7/1 applied 7/1");
  EXPECT_TRUE(a_.documents().empty());
  EXPECT_TRUE(a_.dots().empty());
}

TEST_F(ReplicaFloorTest, StrippedStateDoesNotBringBackWhatItHasOverwritten) {
  // A strips the context that would tell B of a:1's end: A's floor tells it instead.
  a_.Write(Put("1"));
  b_.Step({a_.Frame({a_.Ship(kKey)}, 7)});
  a_.Write(Put("2"));
  RemoteDocument later = a_.Ship(kKey);
  b_.Step({a_.Frame({later}, 7)});
  a_.Write(MakeWrite(kOther, "x"));
  b_.Step({a_.Frame({a_.Ship(kOther)}, 7)});
  Settle(&a_);
  ASSERT_EQ(Show(a_.document(kKey)), "{a:2} ctx {}");
  b_.Step({a_.Frame({a_.Ship(kKey)}, 7)});
  EXPECT_EQ(Show(b_.document(kKey)), "{a:2} ctx {a:2}");
}

TEST_F(ReplicaFloorTest, WriteOverAStrippedVersionSupersedesItWhereItIsNotStripped) {
  a_.Write(Put("1"));
  b_.Step({a_.Frame({a_.Ship(kKey)}, 7)});
  Settle(&a_);
  const VersionToken read{a_.document(kKey).winner()->dot, a_.document(kKey).winner()->hlc};
  a_.Write(MakeWrite(kKey, "2", Guard::kIfVersion, read));
  EXPECT_EQ(Show(a_.document(kKey)), "{a:2} ctx {a:2}");
  b_.Step({a_.Frame({a_.Ship(kKey)}, 7)});
  EXPECT_EQ(Show(b_.document(kKey)), "{a:2} ctx {a:2}");
}

TEST_F(ReplicaFloorTest, FrameUnderAFloorThatTheClockDoesNotCoverIsRejectedAndTheLinkWithIt) {
  a_.Write(Put("1"));
  a_.Write(Put("2"));
  const PeerDocuments before = a_.Frame({a_.Ship(kKey)}, 7);
  a_.RaiseFloor(Floor({{kA, 1}}));
  PeerDocuments frame = a_.Frame({a_.Ship(kKey)}, 7);
  EXPECT_EQ(Outcome(b_.Step({frame})), "rejected 7/1");
  // Later frames rest on the rejected one, whatever they say.
  PeerDocuments next = before;
  next.sequence = 2;
  EXPECT_EQ(Outcome(b_.Step({next})), "rejected 7/2");
  EXPECT_TRUE(b_.clock().empty());
  EXPECT_TRUE(b_.documents().empty());
  // Another link stands for itself, and so does the same number after the end.
  next.link = 8;
  EXPECT_EQ(Outcome(b_.Step({next})), "applied 8/2");
  EXPECT_EQ(Outcome(b_.Step({frame})), "rejected 7/1");
  EXPECT_EQ(Outcome(b_.Step({LinkEnded{7}, frame})), "applied 7/1");
}

TEST_F(ReplicaFloorTest, DocumentsUnderANewerFloorLoseNothing) {
  // A read its state before B's write came and its floor passed that.
  b_.Write(Put("b"));
  PeerDocuments stale = a_.Frame({{.key = kKey}}, 7);
  a_.Step({b_.Frame({b_.Ship(kKey)}, 7)});
  Settle(&a_);
  stale.floor = a_.replica().floor();
  ASSERT_EQ(stale.floor.ToString(), "{b:1}");
  EXPECT_EQ(Outcome(b_.Step({stale})), "applied 7/1");
  EXPECT_EQ(Show(b_.document(kKey)), "{b:1} ctx {b:1}");
}

TEST_F(ReplicaFloorTest, NameOfASentDotUnderAFloorMovesTheClockAlone) {
  a_.Write(Put("1"));
  b_.Step({a_.Frame({a_.Ship(kKey)}, 7)});
  Settle(&a_);
  a_.Write(MakeWrite(kKey, "2", Guard::kContext, ResolveToken()));
  RemoteDocument state = a_.Ship(kKey);
  state.resolved.clear();
  b_.Step({a_.Frame({state}, 7)});
  b_.Step({a_.Frame({{.key = kKey, .resolved = {{kA, 2, 2}}}}, 7)});
  EXPECT_EQ(Show(b_.document(kKey)), "{a:1 a:2} ctx {a:2}");
  EXPECT_EQ(b_.clock().ToString(), "a:[1..2]");
}

TEST_F(ReplicaFloorTest, DotsAtOrBelowTheFloorAreNoLongerResolved) {
  a_.Write(Put("1"));
  const ResolveToken read = ResolveTokenOf(a_.document(kKey));
  Settle(&a_);
  const Effects effects = a_.Step({MakeWrite(kKey, "2", Guard::kContext, ResolveToken()),
                                   MakeWrite(kKey, "3", Guard::kContext, read)});
  ASSERT_EQ(effects.push.size(), 1u);
  EXPECT_EQ(Show(effects.push[0].document), "{a:2 a:3} ctx {a:3}");
  EXPECT_EQ(ToString(effects.push[0].resolved), "a:[2..3]");
}

TEST_F(ReplicaFloorTest, StripKeepsTheTotals) {
  a_.Write(Put("1"));
  a_.Write(MakeWrite(kOther, "22"));
  a_.Write(MakeWrite(kOther, ""));
  Settle(&a_);
  EXPECT_EQ(a_.collections().at("c"), (CollectionRow{"c", 1, 0, 1}));
}

}  // namespace
}  // namespace docstore::core
