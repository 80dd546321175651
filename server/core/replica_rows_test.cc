// What a Step leaves besides replies and pushes: rows, alarms, and failures of the Step itself.

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/core/clock.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/event.h"
#include "server/core/hybrid_clock.h"
#include "server/core/reader.h"
#include "server/core/replica.h"
#include "server/core/replica_testing.h"
#include "server/core/token.h"

namespace docstore::core {
namespace {

const DocumentKey kKey{"c", "k"};
const DocumentKey kOther{"c", "other"};

ClientWrite Put(const std::string& body) { return MakeWrite(kKey, body); }
ClientWrite Put(const std::string& body, Guard guard, Token token) {
  return MakeWrite(kKey, body, guard, std::move(token));
}

// `to` learns all that `from` has of `key`.
void Sync(const StoredReplica& from, StoredReplica* to, const DocumentKey& key = kKey) {
  to->Receive(from.Ship(key));
}

class ReplicaRowsTest : public testing::Test {
 protected:
  StoredReplica a_{0xa};
  StoredReplica b_{0xb};
  StoredReplica c_{0xc};
};

TEST_F(ReplicaRowsTest, CollectionTotalsFollowTheDocuments) {
  const auto totals = [this] {
    const CollectionRow row = a_.collections().at("c");
    return absl::StrCat(row.documents, " ", row.conflicts, " ", row.body_bytes);
  };
  a_.Write(Put("12345"));
  a_.Write(MakeWrite(kOther, "12"));
  EXPECT_EQ(totals(), "2 0 7");
  a_.Write(Put("123", Guard::kContext, VersionToken{Dot{Origin{0xa}, 2}, 0}));
  EXPECT_EQ(totals(), "2 1 10");
  a_.Write(Put("1", Guard::kContext, ResolveTokenOf(a_.document(kKey))));
  EXPECT_EQ(totals(), "2 0 3");
  a_.Write(Put(""));
  EXPECT_EQ(totals(), "1 0 2");
  b_.Write(MakeWrite({"d", "k"}, "1234"));
  Sync(b_, &a_, {"d", "k"});
  EXPECT_EQ(a_.collections().at("d"), (CollectionRow{"d", 1, 0, 4}));
  a_.Restart(0xaa);
  EXPECT_EQ(a_.replica().collections(), a_.collections());
}

TEST_F(ReplicaRowsTest, ConflictRowsFollowTheConflict) {
  a_.Write(Put("1"));
  b_.Write(Put("2"));
  EXPECT_EQ(a_.Receive(b_.Ship(kKey)).rows.documents.at(0).conflict_row, ConflictRow::kAdd);
  c_.Write(Put("3"));
  EXPECT_EQ(a_.Receive(c_.Ship(kKey)).rows.documents.at(0).conflict_row, ConflictRow::kKeep);
  EXPECT_EQ(a_.Step({Put("4")}).rows.documents.at(0).conflict_row, ConflictRow::kRemove);
}

TEST_F(ReplicaRowsTest, TimestampsStayBelowTheStoredUpperBound) {
  const Effects first = a_.Step({Put("1")});
  ASSERT_TRUE(first.rows.hlc_upper.has_value());
  EXPECT_GT(*first.rows.hlc_upper, a_.replica().hlc());
  EXPECT_FALSE(a_.Step({Put("2")}).rows.hlc_upper.has_value());
  a_.Advance(2000);
  EXPECT_TRUE(a_.Step({Put("3")}).rows.hlc_upper.has_value());
  // A restart with a clock set back still hands out larger timestamps.
  const uint64_t before = a_.replica().hlc();
  a_.Advance(-10'000);
  a_.Restart(0xaa);
  a_.Write(Put("4"));
  EXPECT_GT(a_.document(kKey).max_hlc(), before);
}

TEST_F(ReplicaRowsTest, RestartContinuesUnderAFreshOrigin) {
  a_.Write(Put("1"));
  a_.Restart(0xaa);
  EXPECT_EQ(Show(a_.Write(Put("2"))), "APPLIED aa:1");
  EXPECT_EQ(Show(a_.document(kKey)), "{aa:1} ctx {a:1 aa:1}");
  EXPECT_EQ(a_.clock().ToString(), "a:[1] aa:[1]");
}

TEST_F(ReplicaRowsTest, CheckpointHoldsTheClockAfterTheGroup) {
  const Effects asked = a_.Step({Put("1"), Checkpoint{}});
  ASSERT_TRUE(asked.rows.clock_checkpoint.has_value());
  EXPECT_EQ(asked.rows.clock_checkpoint->ToString(), "a:[1]");
  std::vector<Event> many;
  for (uint64_t i = 0; i < kCheckpointDots; ++i) many.push_back(MakeWrite(kOther, "1"));
  const Effects due = a_.Step(std::move(many));
  ASSERT_TRUE(due.rows.clock_checkpoint.has_value());
  EXPECT_EQ(*due.rows.clock_checkpoint, a_.clock());
  EXPECT_FALSE(a_.Step({Put("2")}).rows.clock_checkpoint.has_value());
}

TEST_F(ReplicaRowsTest, MemberIsStoredOnceUntilItChanges) {
  const Member member{"n2", std::string(16, 'u'), "h:1", "h:2"};
  EXPECT_EQ(a_.Step({MemberMet{member}}).rows.members.size(), 1u);
  EXPECT_TRUE(a_.Step({MemberMet{member}}).rows.empty());
  Member moved = member;
  moved.peer_address = "h:3";
  EXPECT_EQ(a_.Step({MemberMet{moved}}).rows.members.size(), 1u);
  EXPECT_EQ(a_.replica().members().at("n2"), moved);
}

TEST_F(ReplicaRowsTest, AppliedFramesAreReportedWithTheirCost) {
  b_.Write(Put("1"));
  const Effects effects = a_.Step({PeerDocuments{
      .link = 3, .sequence = 9, .bytes = 100, .documents = {b_.Ship(kKey), b_.Ship(kKey)}}});
  ASSERT_EQ(effects.applied.size(), 1u);
  EXPECT_EQ(effects.applied[0].link, 3u);
  EXPECT_EQ(effects.applied[0].sequence, 9u);
  EXPECT_EQ(effects.applied[0].bytes, 100u);
  EXPECT_EQ(effects.rows.dots.size(), 1u);
}

TEST_F(ReplicaRowsTest, PeerThatHoldsAnOwnDotNotIssuedYetFailsTheStep) {
  StoredReplica twin(0xa);  // the same process before it was rolled back
  twin.Write(Put("1"));
  const RemoteDocument whole = twin.Ship(kKey);
  RemoteDocument name{.key = kKey, .resolved = whole.resolved};
  RemoteDocument passenger{.key = kKey, .document = whole.document};
  RemoteDocument context{.key = kKey};
  context.document.context = whole.document.context;
  for (const RemoteDocument& remote : {whole, name, passenger, context}) {
    StoredReplica rolled_back(0xa);
    EXPECT_EQ(rolled_back.TryStep({PeerDocuments{.documents = {remote}}}).status().code(),
              absl::StatusCode::kFailedPrecondition);
  }
  a_.Write(Put("1"));
  EXPECT_TRUE(a_.TryStep({PeerDocuments{.documents = {a_.Ship(kKey)}}}).ok());
}

TEST_F(ReplicaRowsTest, TwoWritesUnderOneNameRaiseAnAlarm) {
  a_.Write(Put("1"));
  Sync(a_, &b_);
  StoredReplica clone(0xa);
  clone.Write(Put("other"));
  const Effects effects = b_.Receive(clone.Ship(kKey));
  ASSERT_EQ(effects.alarms.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(effects.alarms[0], "EQUIVOCATION"));
}

TEST_F(ReplicaRowsTest, DocumentOfTwoWritesUnderOneNameIsWithheldUntilItIsWrittenAgain) {
  a_.Write(Put("1"));
  Sync(a_, &b_);
  StoredReplica clone(0xa);
  clone.Write(Put("other"));
  clone.Write(MakeWrite(kKey, "sibling", Guard::kContext, ResolveToken()));
  clone.Write(MakeWrite(kOther, "1"));
  const PeerDocuments frame = clone.Frame({clone.Ship(kKey), clone.Ship(kOther)}, 7);
  // The other document of the frame is taken; this one is not, nor what only names its writes.
  EXPECT_EQ(b_.Step({frame}).alarms.size(), 1u);
  EXPECT_EQ(b_.clock().ToString(), "a:[1,3]");
  const PeerDocuments name = clone.Frame({{.key = kKey, .resolved = {{Origin{0xa}, 2, 2}}}}, 7);
  const Effects named = b_.Step({name});
  EXPECT_TRUE(named.alarms.empty());
  EXPECT_EQ(named.applied.size(), 1u);
  EXPECT_EQ(b_.clock().ToString(), "a:[1,3]");
  EXPECT_EQ(Show(b_.document(kKey)), "{a:1} ctx {a:1}");
  // Written again, the link must begin anew: then the state comes whole.
  b_.Write(Put("2"));
  EXPECT_EQ(b_.Step({name}).rejected.size(), 1u);
  EXPECT_EQ(b_.Step({LinkEnded{7}, frame}).applied.size(), 1u);
  EXPECT_EQ(b_.clock().ToString(), "a:[1..3] b:[1]");
  EXPECT_EQ(Show(b_.document(kKey)), "{a:2 b:1} ctx {a:2 b:1}");
  clone.Step({b_.Frame({b_.Ship(kKey)}, 8)});
  EXPECT_EQ(clone.document(kKey), b_.document(kKey));
}

TEST_F(ReplicaRowsTest, LinkWithTooManyWithheldDocumentsIsRejected) {
  StoredReplica clone(0xa);
  std::vector<RemoteDocument> documents;
  for (size_t i = 0; i < kWithheldKeysMax; ++i) {
    const DocumentKey key{"c", absl::StrCat(i)};
    a_.Write(MakeWrite(key, "1"));
    clone.Write(MakeWrite(key, "other"));
    Sync(a_, &b_, key);
    documents.push_back(clone.Ship(key));
  }
  EXPECT_EQ(b_.Step({clone.Frame(documents, 7)}).applied.size(), 1u);
  EXPECT_EQ(b_.Step({clone.Frame({}, 7)}).rejected.size(), 1u);
}

TEST_F(ReplicaRowsTest, RepairAlarmsOfTwoWritesUnderOneName) {
  a_.Write(Put("1"));
  Sync(a_, &b_);
  StoredReplica clone(0xa);
  clone.Write(Put("other"));
  EXPECT_EQ(b_.Step({clone.Chunk({})}).alarms.size(), 1u);
  EXPECT_EQ(*b_.document(kKey).winner()->body, "1");
}

TEST_F(ReplicaRowsTest, FailingReaderFailsTheStep) {
  struct Damaged : Reader {
    absl::StatusOr<Document> ReadDocument(const DocumentKey&) const override {
      return absl::DataLossError("damaged");
    }
    absl::StatusOr<std::vector<DocumentKey>> ListKeys(const KeyRange&, size_t) const override {
      return absl::DataLossError("damaged");
    }
  };
  Replica replica(Origin{1}, Recovered());
  EXPECT_EQ(replica.Step(Instant(), {Put("1")}, Damaged()).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(ReplicaRowsTest, WaitingWritesAreBounded) {
  b_.Write(Put("1"));
  const Version* const unseen = b_.document(kKey).winner();
  ClientWrite write = Put("2", Guard::kContext, VersionToken{unseen->dot, unseen->hlc});
  write.wait_until_ms = a_.now().monotonic_ms + 500;
  std::vector<Event> many(kWaitingWritesMax, write);
  EXPECT_TRUE(a_.Step(std::move(many)).replies.empty());
  const Effects refused = a_.Step({write});
  ASSERT_EQ(refused.replies.size(), 1u);
  EXPECT_EQ(refused.replies[0].result.verdict, WriteVerdict::kNotCaughtUp);
}

}  // namespace
}  // namespace docstore::core
