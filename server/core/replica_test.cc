#include "server/core/replica.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/hybrid_clock.h"
#include "server/core/replica_testing.h"
#include "server/core/token.h"
#include "server/core/version_vector.h"

namespace docstore::core {
namespace {

const DocumentKey kKey{"c", "k"};
const DocumentKey kOther{"c", "other"};

Dot DotOf(uint64_t origin, uint64_t seq) { return {Origin{origin}, seq}; }

VersionToken WinnerOf(const StoredReplica& replica, const DocumentKey& key = kKey) {
  const Version* const winner = replica.document(key).winner();
  return {winner->dot, winner->hlc};
}

ResolveToken ReadOf(const StoredReplica& replica, const DocumentKey& key = kKey) {
  return ResolveTokenOf(replica.document(key));
}

ClientWrite Put(const std::string& body) { return MakeWrite(kKey, body); }
ClientWrite Put(const std::string& body, Guard guard, Token token = VersionToken()) {
  return MakeWrite(kKey, body, guard, std::move(token));
}
ClientWrite Delete() { return MakeWrite(kKey, ""); }
ClientWrite Delete(Guard guard, Token token) {
  return MakeWrite(kKey, "", guard, std::move(token));
}

// `to` learns all that `from` has of `key`.
void Sync(const StoredReplica& from, StoredReplica* to, const DocumentKey& key = kKey) {
  to->Receive(from.Ship(key));
}

class ReplicaTest : public testing::Test {
 protected:
  // D={a:2 a:3} at A: two writers both replaced a:1.
  void MakeSiblings() {
    a_.Write(Put("1"));
    const VersionToken read = WinnerOf(a_);
    a_.Write(Put("2", Guard::kContext, read));
    a_.Write(Put("3", Guard::kContext, read));
    ASSERT_EQ(Show(a_.document(kKey)), "{a:2 a:3} ctx {a:3}");
  }

  StoredReplica a_{0xa};
  StoredReplica b_{0xb};
  StoredReplica c_{0xc};
};

TEST_F(ReplicaTest, PutMintsDotsWithoutGaps) {
  EXPECT_EQ(Show(a_.Write(Put("1"))), "APPLIED a:1");
  EXPECT_EQ(Show(a_.Write(MakeWrite(kOther, "1"))), "APPLIED a:2");
  EXPECT_EQ(Show(a_.Write(Put("2"))), "APPLIED a:3");
  EXPECT_EQ(Show(a_.document(kKey)), "{a:3} ctx {a:3}");
  EXPECT_EQ(a_.clock().ToString(), "a:[1..3]");
  EXPECT_EQ(*a_.document(kKey).winner()->body, "2");
}

TEST_F(ReplicaTest, UnguardedPutSupersedesAllSiblingsAndCountsThem) {
  MakeSiblings();
  const WriteResult result = a_.Write(Put("4"));
  EXPECT_EQ(Show(result), "APPLIED a:4");
  EXPECT_EQ(result.superseded, 1u);
  EXPECT_EQ(result.sibling_count, 0u);
  EXPECT_EQ(Show(a_.document(kKey)), "{a:4} ctx {a:4}");
}

TEST_F(ReplicaTest, SupersededCountsSiblingsAsShown) {
  MakeSiblings();
  const VersionToken read{DotOf(0xa, 1), 0};
  a_.Write(Put("3", Guard::kContext, read));  // shown alike with a:3
  EXPECT_EQ(a_.document(kKey).versions.size(), 3u);
  EXPECT_EQ(a_.Write(Put("5")).superseded, 1u);
  EXPECT_EQ(a_.Write(Put("6")).superseded, 0u);
}

TEST_F(ReplicaTest, UnguardedDeleteSupersedesAllSiblings) {
  MakeSiblings();
  const WriteResult result = a_.Write(Delete());
  EXPECT_EQ(Show(result), "APPLIED a:4");
  EXPECT_EQ(result.superseded, 1u);
  EXPECT_EQ(Show(a_.document(kKey)), "{a:4+} ctx {a:4}");
}

TEST_F(ReplicaTest, DeleteOfAbsentIsNotFound) {
  EXPECT_EQ(Show(a_.Write(Delete())), "NOT_FOUND");
  EXPECT_TRUE(a_.clock().empty());
  a_.Write(Put("1"));
  a_.Write(Delete());
  EXPECT_EQ(a_.Write(Delete()).verdict, WriteVerdict::kNotFound);
  EXPECT_EQ(a_.clock().ToString(), "a:[1..2]");
}

TEST_F(ReplicaTest, DeleteWithResolveTokenOfAnotherNodeWritesATombstoneHere) {
  b_.Write(MakeWrite(kOther, "1"));
  Sync(b_, &a_, kOther);  // A knows origin b
  b_.Write(Put("1"));
  EXPECT_EQ(Show(a_.Write(Delete(Guard::kContext, ReadOf(b_)))), "APPLIED a:1");
  EXPECT_EQ(Show(a_.document(kKey)), "{a:1+} ctx {a:1 b:2}");
  Sync(b_, &a_);
  EXPECT_EQ(Show(a_.document(kKey)), "{a:1+} ctx {a:1 b:2}");
}

TEST_F(ReplicaTest, IfAbsentAppliesOnlyWhenNothingLives) {
  EXPECT_EQ(Show(a_.Write(Put("1", Guard::kIfAbsent))), "APPLIED a:1");
  EXPECT_EQ(Show(a_.Write(Put("2", Guard::kIfAbsent))), "ALREADY_EXISTS a:1");
  a_.Write(Delete());
  EXPECT_EQ(Show(a_.Write(Put("3", Guard::kIfAbsent))), "APPLIED a:3");
  EXPECT_EQ(Show(a_.document(kKey)), "{a:3} ctx {a:3}");
}

TEST_F(ReplicaTest, VersionTokenReplacesTheOneVersionItNames) {
  MakeSiblings();
  const VersionToken winner = WinnerOf(a_);
  EXPECT_EQ(ToString(winner.dot), "a:3");
  const WriteResult result = a_.Write(Put("4", Guard::kContext, winner));
  EXPECT_EQ(Show(result), "APPLIED a:4");
  EXPECT_EQ(result.superseded, 0u);
  EXPECT_EQ(result.sibling_count, 1u);
  EXPECT_EQ(Show(a_.document(kKey)), "{a:2 a:4} ctx {a:4}");
}

TEST_F(ReplicaTest, GuardByVersionMeansTheWinner) {
  MakeSiblings();
  const VersionToken sibling{DotOf(0xa, 2), a_.document(kKey).Find(DotOf(0xa, 2))->hlc};
  EXPECT_EQ(Show(a_.Write(Put("4", Guard::kIfVersion, sibling))), "MOVED a:3");
  EXPECT_EQ(Show(a_.Write(Put("4", Guard::kIfVersion, WinnerOf(a_)))), "APPLIED a:4");
  EXPECT_EQ(Show(a_.document(kKey)), "{a:2 a:4} ctx {a:4}");
}

TEST_F(ReplicaTest, GuardByResolveTokenMeansAllVersionsAsRead) {
  MakeSiblings();
  const ResolveToken both = ReadOf(a_);
  EXPECT_EQ(Show(a_.Write(Put("4", Guard::kIfVersion, both))), "APPLIED a:4");
  EXPECT_EQ(Show(a_.document(kKey)), "{a:4} ctx {a:4}");
  EXPECT_EQ(Show(a_.Write(Put("5", Guard::kIfVersion, both))), "MOVED a:4");
}

TEST_F(ReplicaTest, GuardByResolveTokenFailsBesideAnUnseenSibling) {
  a_.Write(Put("1"));
  const ResolveToken read = ReadOf(a_);
  b_.Write(Put("2"));
  Sync(b_, &a_);
  EXPECT_EQ(a_.Write(Put("3", Guard::kIfVersion, read)).verdict, WriteVerdict::kMoved);
}

TEST_F(ReplicaTest, StaleContextMakesASiblingAndAStaleGuardFails) {
  a_.Write(Put("1"));
  const VersionToken version = WinnerOf(a_);
  const ResolveToken read = ReadOf(a_);
  a_.Write(Put("2"));
  EXPECT_EQ(Show(a_.Write(Put("3", Guard::kIfVersion, version))), "MOVED a:2");
  EXPECT_EQ(Show(a_.Write(Put("3", Guard::kIfVersion, read))), "MOVED a:2");
  EXPECT_EQ(Show(a_.Write(Put("3", Guard::kContext, version))), "APPLIED a:3");
  EXPECT_EQ(Show(a_.document(kKey)), "{a:2 a:3} ctx {a:3}");
  EXPECT_EQ(Show(a_.Write(Put("4", Guard::kContext, read))), "APPLIED a:4");
  EXPECT_EQ(Show(a_.document(kKey)), "{a:2 a:3 a:4} ctx {a:4}");
}

TEST_F(ReplicaTest, GuardReadBeforeADeleteFailsAfterIt) {
  a_.Write(Put("1"));
  const VersionToken version = WinnerOf(a_);
  const ResolveToken read = ReadOf(a_);
  a_.Write(Delete());
  EXPECT_EQ(a_.Write(Put("2", Guard::kIfVersion, version)).verdict, WriteVerdict::kMoved);
  EXPECT_EQ(a_.Write(Put("2", Guard::kIfVersion, read)).verdict, WriteVerdict::kMoved);
  EXPECT_EQ(a_.Write(Delete(Guard::kIfVersion, version)).verdict, WriteVerdict::kMoved);
  EXPECT_EQ(a_.Write(Delete(Guard::kIfVersion, read)).verdict, WriteVerdict::kMoved);
  EXPECT_EQ(Show(a_.document(kKey)), "{a:2+} ctx {a:2}");
}

TEST_F(ReplicaTest, EmptyDocumentMatchesNoToken) {
  // A's clock has b:1, and nothing is left of the document: as after its tombstone was dropped.
  b_.Write(Put("1"));
  a_.Receive({.key = kKey, .resolved = {{Origin{0xb}, 1, 1}}});
  ASSERT_EQ(Show(a_.document(kKey)), "{} ctx {}");
  EXPECT_EQ(Show(a_.Write(Put("2", Guard::kIfVersion, WinnerOf(b_)))), "MOVED");
  EXPECT_EQ(Show(a_.Write(Put("2", Guard::kIfVersion, ReadOf(b_)))), "MOVED");
  EXPECT_EQ(Show(a_.Write(Put("2", Guard::kIfVersion, ResolveToken()))), "MOVED");
  // A late copy does not come back either: its dot is known and not held.
  Sync(b_, &a_);
  EXPECT_EQ(Show(a_.document(kKey)), "{} ctx {b:1}");
}

TEST_F(ReplicaTest, WaitingWriteIsAppliedWhenTheVersionArrives) {
  b_.Write(Put("1"));
  ClientWrite write = Put("2", Guard::kIfVersion, WinnerOf(b_));
  write.ticket = 77;
  write.wait_until_ms = a_.now().monotonic_ms + 500;
  const Effects waiting = a_.Step({write});
  EXPECT_TRUE(waiting.replies.empty());
  EXPECT_EQ(ToString(waiting.wanted), "b:[1]");
  EXPECT_EQ(waiting.wake_at_ms, write.wait_until_ms);
  const Effects arrived = a_.Receive(b_.Ship(kKey));
  ASSERT_EQ(arrived.replies.size(), 1u);
  EXPECT_EQ(arrived.replies[0].ticket, 77u);
  EXPECT_EQ(Show(arrived.replies[0].result), "APPLIED a:1");
  EXPECT_FALSE(arrived.wake_at_ms.has_value());
  EXPECT_EQ(Show(a_.document(kKey)), "{a:1} ctx {a:1 b:1}");
}

TEST_F(ReplicaTest, WaitingWriteIsNotCaughtUpAtItsDeadline) {
  b_.Write(Put("1"));
  ClientWrite write = Put("2", Guard::kContext, WinnerOf(b_));
  write.wait_until_ms = a_.now().monotonic_ms + 500;
  EXPECT_TRUE(a_.Step({write}).replies.empty());
  a_.Advance(499);
  EXPECT_TRUE(a_.Step({Tick{}}).replies.empty());
  a_.Advance(1);
  const Effects late = a_.Step({Tick{}});
  ASSERT_EQ(late.replies.size(), 1u);
  EXPECT_EQ(Show(late.replies[0].result), "NOT_CAUGHT_UP");
  EXPECT_TRUE(late.rows.empty());
}

TEST_F(ReplicaTest, GuardByResolveTokenWaitsForVersionsNotSeenYet) {
  b_.Write(MakeWrite(kOther, "1"));
  Sync(b_, &a_, kOther);
  b_.Write(Put("1"));
  EXPECT_EQ(Show(a_.Write(Put("2", Guard::kIfVersion, ReadOf(b_)))), "NOT_CAUGHT_UP");
  ClientWrite write = Put("2", Guard::kIfVersion, ReadOf(b_));
  write.wait_until_ms = a_.now().monotonic_ms + 500;
  EXPECT_EQ(ToString(a_.Step({write}).wanted), "b:[2]");
  const Effects arrived = a_.Receive(b_.Ship(kKey));
  ASSERT_EQ(arrived.replies.size(), 1u);
  EXPECT_EQ(Show(arrived.replies[0].result), "APPLIED a:1");
}

TEST_F(ReplicaTest, ContextOfAnOriginNobodyMetIsRefusedAtTheDeadline) {
  b_.Write(Put("1"));
  ClientWrite write = Put("2", Guard::kContext, ReadOf(b_));
  EXPECT_EQ(Show(a_.Write(write)), "UNKNOWN_ORIGIN");
  write.wait_until_ms = a_.now().monotonic_ms + 500;
  EXPECT_TRUE(a_.Step({write}).replies.empty());
  a_.Advance(500);
  EXPECT_EQ(Show(a_.Step({Tick{}}).replies.at(0).result), "UNKNOWN_ORIGIN");
}

TEST_F(ReplicaTest, ContextFromAFresherNodeIsTaken) {
  b_.Write(MakeWrite(kOther, "1"));
  Sync(b_, &a_, kOther);
  b_.Write(Put("1"));
  EXPECT_EQ(Show(a_.Write(Put("2", Guard::kContext, ReadOf(b_)))), "APPLIED a:1");
  Sync(b_, &a_);
  EXPECT_EQ(Show(a_.document(kKey)), "{a:1} ctx {a:1 b:2}");
  Sync(a_, &b_);
  EXPECT_EQ(Show(b_.document(kKey)), "{a:1} ctx {a:1 b:2}");
}

TEST_F(ReplicaTest, TokenFromTheFutureIsBad) {
  a_.Write(Put("1"));
  const VersionToken next{DotOf(0xa, 2), 0};
  EXPECT_EQ(a_.Write(Put("2", Guard::kContext, next)).verdict, WriteVerdict::kBadToken);
  const ResolveToken forged{.context = VersionVector({DotOf(0xa, 9)}), .dots = {DotOf(0xa, 1)}};
  EXPECT_EQ(a_.Write(Put("2", Guard::kIfVersion, forged)).verdict, WriteVerdict::kBadToken);
  const uint64_t hour = HlcFromMs(a_.now().wall_ms + 3'600'000);
  EXPECT_EQ(a_.Write(Put("2", Guard::kContext, VersionToken{DotOf(0xa, 1), hour + 1})).verdict,
            WriteVerdict::kBadToken);
  ResolveToken late = ReadOf(a_);
  late.hlc = ~uint64_t{0};
  EXPECT_EQ(a_.Write(Put("2", Guard::kContext, late)).verdict, WriteVerdict::kBadToken);
  EXPECT_EQ(a_.Write(Put("2", Guard::kContext, VersionToken{DotOf(0xa, 1), hour})).verdict,
            WriteVerdict::kApplied);
}

TEST_F(ReplicaTest, TimestampFollowsWhatWasRead) {
  b_.Advance(300);
  b_.Write(Put("1"));
  Sync(b_, &a_);
  const uint64_t read = a_.document(kKey).max_hlc();
  a_.Write(Put("2"));
  EXPECT_GT(a_.document(kKey).max_hlc(), read);
  // Beyond the drift bound the version still gets a timestamp above, the node's clock does not.
  b_.Advance(60'000);
  b_.Write(MakeWrite(kOther, "1"));
  const Effects effects = a_.Receive(b_.Ship(kOther));
  ASSERT_EQ(effects.alarms.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(effects.alarms[0], "CLOCK_DRIFT"));
  a_.Write(MakeWrite(kOther, "2"));
  EXPECT_GT(a_.document(kOther).max_hlc(), b_.document(kOther).max_hlc());
  EXPECT_LT(a_.replica().hlc(), b_.document(kOther).max_hlc());
}

TEST_F(ReplicaTest, SixtyFourSiblingsAreTheMost) {
  a_.Write(Put("0"));
  const VersionToken stale = WinnerOf(a_);
  a_.Write(Put("1"));
  for (size_t i = 1; i < kSiblingsMax; ++i) {
    const WriteResult result = a_.Write(Put(absl::StrCat(i), Guard::kContext, stale));
    ASSERT_EQ(result.verdict, WriteVerdict::kApplied);
  }
  EXPECT_EQ(a_.document(kKey).versions.size(), kSiblingsMax);
  EXPECT_EQ(a_.Write(Put("x", Guard::kContext, stale)).verdict, WriteVerdict::kTooManySiblings);
  EXPECT_EQ(a_.document(kKey).versions.size(), kSiblingsMax);
  EXPECT_EQ(a_.Write(Put("x", Guard::kContext, WinnerOf(a_))).verdict, WriteVerdict::kApplied);
  EXPECT_EQ(a_.document(kKey).versions.size(), kSiblingsMax);
  // The cap binds writes, not merges.
  b_.Write(Put("b"));
  Sync(b_, &a_);
  EXPECT_EQ(a_.document(kKey).versions.size(), kSiblingsMax + 1);
  EXPECT_EQ(a_.Write(Put("y", Guard::kContext, ReadOf(a_))).superseded, kSiblingsMax - 1);
}

// protocol, worked examples.

TEST_F(ReplicaTest, ExampleConcurrentWrites) {
  a_.Write(Put("v1"));
  Sync(a_, &b_);
  Sync(a_, &c_);
  const RemoteDocument late = [this] {
    b_.Write(Put("v2", Guard::kContext, ReadOf(b_)));
    return b_.Ship(kKey);
  }();
  c_.Write(Put("v3", Guard::kContext, ReadOf(c_)));
  EXPECT_EQ(Show(b_.document(kKey)), "{b:1} ctx {a:1 b:1}");
  EXPECT_EQ(Show(c_.document(kKey)), "{c:1} ctx {a:1 c:1}");
  a_.Receive(late);
  EXPECT_EQ(Show(a_.document(kKey)), "{b:1} ctx {a:1 b:1}");
  Sync(c_, &a_);
  EXPECT_EQ(Show(a_.document(kKey)), "{b:1 c:1} ctx {a:1 b:1 c:1}");
  a_.Write(Put("v4", Guard::kContext, ReadOf(a_)));
  EXPECT_EQ(Show(a_.document(kKey)), "{a:2} ctx {a:2 b:1 c:1}");
  EXPECT_TRUE(a_.Receive(late).rows.empty());
  EXPECT_EQ(Show(a_.document(kKey)), "{a:2} ctx {a:2 b:1 c:1}");
}

TEST_F(ReplicaTest, ExampleDeleteAgainstConcurrentWrite) {
  a_.Write(Put("v1"));
  Sync(a_, &b_);
  Sync(a_, &c_);
  b_.Write(Delete());
  c_.Write(Put("v3", Guard::kContext, ReadOf(c_)));
  Sync(b_, &a_);
  Sync(c_, &a_);
  EXPECT_EQ(Show(a_.document(kKey)), "{b:1+ c:1} ctx {a:1 b:1 c:1}");
  EXPECT_EQ(ToString(a_.document(kKey).winner()->dot), "c:1");
}

TEST_F(ReplicaTest, ExampleSupersededDotsTravelAsOneState) {
  a_.Write(Put("1"));
  a_.Write(Put("2"));
  a_.Write(Put("3"));
  b_.Receive(a_.Ship(kKey, Clock({{Origin{0xa}, 3, 3}})));
  EXPECT_EQ(Show(b_.document(kKey)), "{a:3} ctx {a:3}");
  EXPECT_EQ(b_.clock().ToString(), "a:[3]");
  const RemoteDocument gap = a_.Ship(kKey, Clock({{Origin{0xa}, 1, 2}}));
  EXPECT_EQ(ToString(gap.resolved), "a:[1..3]");
  b_.Receive(gap);
  EXPECT_EQ(b_.clock().base(Origin{0xa}), 3u);
  EXPECT_EQ(Show(b_.document(kKey)), "{a:3} ctx {a:3}");
}

TEST_F(ReplicaTest, ExampleStaleContextMakesASibling) {
  a_.Write(Put("v1"));
  Sync(a_, &b_);
  Sync(a_, &c_);
  const ResolveToken read = ReadOf(c_);
  const VersionToken version = WinnerOf(c_);
  b_.Write(Put("x"));
  b_.Write(Put("v2"));
  Sync(b_, &c_);
  EXPECT_EQ(Show(c_.Write(Put("v3", Guard::kIfVersion, version))), "MOVED b:2");
  EXPECT_EQ(Show(c_.Write(Put("v3", Guard::kContext, read))), "APPLIED c:1");
  EXPECT_EQ(Show(c_.document(kKey)), "{b:2 c:1} ctx {a:1 b:2 c:1}");
}

TEST_F(ReplicaTest, NameOfASentDotMovesTheClockAlone) {
  a_.Write(Put("1"));
  a_.Write(Put("2"));
  b_.Receive(a_.Ship(kKey, Clock({{Origin{0xa}, 2, 2}})));
  const Effects effects = b_.Receive({.key = kKey, .resolved = {{Origin{0xa}, 1, 1}}});
  EXPECT_TRUE(effects.rows.documents.empty());
  EXPECT_EQ(effects.rows.dots.size(), 1u);
  EXPECT_EQ(b_.clock().ToString(), "a:[1..2]");
}

TEST_F(ReplicaTest, OnlyResolvedDotsEnterTheClock) {
  a_.Write(Put("1"));
  Sync(a_, &b_);
  b_.Write(Put("2", Guard::kContext, VersionToken{DotOf(0xa, 1), 0}));
  RemoteDocument state = b_.Ship(kKey);
  state.resolved = {};
  const Effects effects = c_.Receive(state);
  EXPECT_EQ(Show(c_.document(kKey)), "{b:1} ctx {a:1 b:1}");
  EXPECT_TRUE(c_.clock().empty());
  EXPECT_TRUE(effects.rows.dots.empty());
  // The passenger is accounted for when its dot arrives, and is not doubled.
  Sync(b_, &c_);
  EXPECT_EQ(Show(c_.document(kKey)), "{b:1} ctx {a:1 b:1}");
  EXPECT_EQ(c_.clock().ToString(), "a:[1] b:[1]");
}

TEST_F(ReplicaTest, LaterEventsOfAGroupSeeEarlierOnes) {
  b_.Write(Put("b"));
  ClientWrite first = MakeWrite(kOther, "1", Guard::kIfAbsent, VersionToken());
  ClientWrite second = first;
  second.ticket = 2;
  ClientWrite third = Put("3", Guard::kIfVersion, WinnerOf(b_));
  third.ticket = 3;
  const Effects effects =
      a_.Step({first, second, PeerDocuments{.documents = {b_.Ship(kKey)}}, third});
  ASSERT_EQ(effects.replies.size(), 3u);
  EXPECT_EQ(Show(effects.replies[0].result), "APPLIED a:1");
  EXPECT_EQ(Show(effects.replies[1].result), "ALREADY_EXISTS a:1");
  EXPECT_EQ(Show(effects.replies[2].result), "APPLIED a:2");
  EXPECT_EQ(effects.rows.documents.size(), 2u);
  EXPECT_EQ(Show(a_.document(kKey)), "{a:2} ctx {a:2 b:1}");
}

TEST_F(ReplicaTest, PushHoldsTheStateAtTheEndOfTheGroupWithAllItsDots) {
  b_.Write(Put("b"));
  Sync(b_, &a_);
  const Effects effects = a_.Step({Put("1"), MakeWrite(kOther, "1"), Put("2")});
  ASSERT_EQ(effects.push.size(), 2u);
  EXPECT_EQ(effects.push[0].key, kKey);
  EXPECT_EQ(Show(effects.push[0].document), "{a:3} ctx {a:3 b:1}");
  EXPECT_EQ(ToString(effects.push[0].resolved), "a:[1,3]");
  EXPECT_EQ(ToString(effects.push[1].resolved), "a:[2]");
  // Received documents are not pushed on.
  EXPECT_TRUE(b_.Receive(effects.push[0]).push.empty());
}

}  // namespace
}  // namespace docstore::core
