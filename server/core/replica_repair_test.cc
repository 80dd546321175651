// A replica that is repaired from others, chunk by chunk.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/core/clock.h"
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

constexpr Origin kA{0xa};
constexpr Origin kB{0xb};

DocumentKey Key(const std::string& id) { return {"c", id}; }

class ReplicaRepairTest : public testing::Test {
 protected:
  static void Settle(StoredReplica* replica) {
    replica->RaiseFloor(BaseOf(replica->clock()));
    replica->StripAll();
  }
  // All of `from` that lies in (after, through].
  static Effects Take(StoredReplica* to, const StoredReplica& from, const DocumentKey& after,
                      std::optional<DocumentKey> through) {
    return to->Step({from.Chunk({after, std::move(through)})});
  }
  // "1{a:2} ctx {} 2{...": all documents.
  static std::string All(const StoredReplica& replica) {
    std::string text;
    for (const auto& [key, document] : replica.documents()) {
      absl::StrAppend(&text, text.empty() ? "" : " ", key.id, Show(document));
    }
    return text;
  }

  StoredReplica a_{0xa};
  StoredReplica b_{0xb};
  StoredReplica c_{0xc};
};

TEST_F(ReplicaRepairTest, EmptyReplicaTakesOverEverything) {
  a_.Write(MakeWrite(Key("1"), "1"));
  a_.Write(MakeWrite(Key("2"), "2"));
  a_.Write(MakeWrite(Key("1"), ""));
  a_.Write(MakeWrite(Key("3"), "3"));
  a_.RaiseFloor(Floor({{kA, 2}}));
  const Effects effects = Take(&b_, a_, {}, std::nullopt);
  EXPECT_TRUE(effects.repair_changed && effects.floor_changed && effects.clock_changed);
  EXPECT_FALSE(b_.replica().repair().has_value());
  EXPECT_EQ(b_.clock().ToString(), "a:[1..4]");
  EXPECT_EQ(b_.replica().floor().ToString(), "{a:4}");
  EXPECT_EQ(All(b_), "1{a:3+} ctx {a:3} 2{a:2} ctx {a:2} 3{a:4} ctx {a:4}");
  b_.StripAll();
  EXPECT_EQ(All(b_), "2{a:2} ctx {} 3{a:4} ctx {}");
  EXPECT_TRUE(b_.dots().empty());
  EXPECT_EQ(b_.collections().at("c"), (CollectionRow{"c", 2, 0, 2}));
  EXPECT_EQ(Show(b_.Write(MakeWrite(Key("2"), "4"))), "APPLIED b:1");
}

TEST_F(ReplicaRepairTest, StaleKeysGoAndOwnWritesStay) {
  // A and B know of 1 and 2. While B is away A deletes 1, and its floor passes that.
  a_.Write(MakeWrite(Key("1"), "1"));
  a_.Write(MakeWrite(Key("2"), "2"));
  b_.Step({a_.Frame({a_.Ship(Key("1")), a_.Ship(Key("2"))}, 7)});
  a_.Write(MakeWrite(Key("1"), ""));
  Settle(&a_);
  b_.Write(MakeWrite(Key("2"), "b2"));
  b_.Write(MakeWrite(Key("3"), "b3"));
  ASSERT_EQ(b_.Step({a_.Frame({a_.Ship(Key("2"))}, 7)}).rejected.size(), 1u);
  Take(&b_, a_, {}, std::nullopt);
  EXPECT_EQ(All(b_), "1{} ctx {a:1} 2{b:1} ctx {a:2 b:1} 3{b:2} ctx {b:2}");
  b_.StripAll();
  EXPECT_EQ(All(b_), "2{b:1} ctx {a:2 b:1} 3{b:2} ctx {b:2}");
  EXPECT_EQ(b_.clock().ToString(), "a:[1..3] b:[1..2]");
  // B's writes go the ordinary way: its floor is what A knows.
  EXPECT_EQ(b_.replica().floor().ToString(), "{a:3}");
  EXPECT_EQ(a_.Step({b_.Frame({b_.Ship(Key("2")), b_.Ship(Key("3"))}, 7)}).applied.size(), 1u);
  EXPECT_EQ(a_.clock(), b_.clock());
  EXPECT_EQ(All(a_), All(b_));
}

TEST_F(ReplicaRepairTest, GoesOnAfterARestartWithAnotherSource) {
  for (const char* id : {"1", "2", "3", "4"}) {
    a_.Write(MakeWrite(Key(id), id));
    c_.Step({a_.Frame({a_.Ship(Key(id))}, 7)});
  }
  a_.RaiseFloor(Floor({{kA, 2}}));
  c_.Write(MakeWrite(Key("4"), "c"));
  EXPECT_TRUE(Take(&b_, a_, {}, Key("2")).repair_changed);
  EXPECT_TRUE(b_.clock().empty());
  b_.Restart(0xbb);
  ASSERT_TRUE(b_.replica().repair().has_value());
  EXPECT_EQ(b_.replica().repair()->through, Key("2"));
  EXPECT_EQ(b_.replica().repair()->chunks, 1u);
  a_.Write(MakeWrite(Key("1"), "late"));
  Take(&b_, c_, Key("2"), Key("3"));
  Take(&b_, a_, Key("3"), std::nullopt);
  EXPECT_FALSE(b_.replica().repair().has_value());
  // What only C had, and what came to A later, is not known by it.
  EXPECT_EQ(b_.clock().ToString(), "a:[1..4]");
  EXPECT_EQ(All(b_), "1{a:1} ctx {a:1} 2{a:2} ctx {a:2} 3{a:3} ctx {a:3} 4{a:4} ctx {a:4}");
  b_.Step({a_.Frame({a_.Ship(Key("1"))}, 7), c_.Frame({c_.Ship(Key("4"))}, 8)});
  EXPECT_EQ(b_.clock().ToString(), "a:[1..5] c:[1]");
  EXPECT_EQ(Show(b_.document(Key("1"))), "{a:5} ctx {a:5}");
  EXPECT_EQ(Show(b_.document(Key("4"))), "{c:1} ctx {a:4 c:1}");
}

TEST_F(ReplicaRepairTest, BeginsAnewWhenAFloorPassesWhatAllSourcesKnow) {
  a_.Write(MakeWrite(Key("1"), "1"));
  Take(&b_, a_, {}, Key("1"));
  a_.Write(MakeWrite(Key("2"), "2"));
  Settle(&a_);
  const Effects effects = Take(&b_, a_, Key("1"), std::nullopt);
  EXPECT_TRUE(effects.repair_changed);
  EXPECT_FALSE(effects.clock_changed);
  EXPECT_EQ(b_.replica().repair(), RepairProgress());
  b_.Restart(0xbb);
  EXPECT_EQ(b_.replica().repair(), RepairProgress());
  Take(&b_, a_, {}, std::nullopt);
  EXPECT_FALSE(b_.replica().repair().has_value());
  EXPECT_EQ(b_.clock().ToString(), "a:[1..2]");
}

TEST_F(ReplicaRepairTest, TakesNeitherWritesNorFramesNorAFloorMeanwhile) {
  a_.Write(MakeWrite(Key("1"), "1"));
  b_.Write(MakeWrite(Key("9"), "9"));
  ClientWrite waiting =
      MakeWrite(Key("1"), "2", Guard::kContext, VersionToken{Dot{Origin{0xc}, 1}, 0});
  waiting.ticket = 5;
  waiting.wait_until_ms = b_.now().monotonic_ms + 1000;
  ASSERT_TRUE(b_.Step({waiting}).replies.empty());
  const Effects begun = Take(&b_, a_, {}, Key("1"));
  ASSERT_EQ(begun.replies.size(), 1u);
  EXPECT_EQ(begun.replies[0].ticket, 5u);
  EXPECT_EQ(Show(begun.replies[0].result), "REPAIRING");
  EXPECT_EQ(Show(b_.Write(MakeWrite(Key("1"), "2"))), "REPAIRING");
  EXPECT_EQ(b_.Step({a_.Frame({a_.Ship(Key("1"))}, 7)}).rejected.size(), 1u);
  EXPECT_FALSE(b_.RaiseFloor(Floor({{kB, 1}})).floor_changed);
  Take(&b_, a_, Key("1"), std::nullopt);
  EXPECT_EQ(b_.clock().ToString(), "a:[1] b:[1]");
  // The rejected link stays so until it ends.
  EXPECT_EQ(b_.Step({a_.Frame({a_.Ship(Key("1"))}, 7)}).rejected.size(), 1u);
  EXPECT_EQ(b_.Step({LinkEnded{7}, a_.Frame({a_.Ship(Key("1"))}, 7)}).applied.size(), 1u);
}

TEST_F(ReplicaRepairTest, ChunkThatDoesNotContinueChangesNothing) {
  a_.Write(MakeWrite(Key("1"), "1"));
  a_.Write(MakeWrite(Key("2"), "2"));
  const Effects stray = Take(&b_, a_, Key("1"), std::nullopt);
  EXPECT_FALSE(stray.repair_changed);
  EXPECT_TRUE(stray.rows.documents.empty() && !stray.rows.repair.has_value());
  EXPECT_EQ(stray.applied.size(), 1u);
  Take(&b_, a_, {}, Key("1"));
  EXPECT_FALSE(Take(&b_, a_, {}, Key("1")).repair_changed);
  EXPECT_EQ(b_.replica().repair()->chunks, 1u);
}

TEST_F(ReplicaRepairTest, VersionThatItsSourceOnlyCarriesStaysUnknown) {
  // C's write rides on a state that resolves nothing of it.
  c_.Write(MakeWrite(Key("1"), "c"));
  RemoteDocument passenger = c_.Ship(Key("1"));
  passenger.resolved.clear();
  a_.Receive(passenger);
  a_.Write(MakeWrite(Key("2"), "2"));
  Take(&b_, a_, {}, std::nullopt);
  EXPECT_EQ(Show(b_.document(Key("1"))), "{c:1} ctx {c:1}");
  EXPECT_EQ(b_.clock().ToString(), "a:[1]");
  b_.StripAll();
  EXPECT_EQ(Show(b_.document(Key("1"))), "{c:1} ctx {c:1}");
  b_.Step({c_.Frame({c_.Ship(Key("1"))}, 7)});
  EXPECT_EQ(b_.clock().ToString(), "a:[1] c:[1]");
}

TEST_F(ReplicaRepairTest, ManyOwnKeysInOneChunkAreTakenALimitedNumberAtATime) {
  std::vector<Event> writes;
  for (size_t i = 0; i < kRepairKeysMax + 10; ++i) {
    writes.push_back(MakeWrite(Key(absl::StrCat(100'000 + i)), "x"));
  }
  a_.Step(writes);
  b_.Step({a_.Chunk({})});
  ASSERT_EQ(b_.documents().size(), writes.size());
  for (size_t i = 0; i < writes.size(); ++i) {
    a_.Write(MakeWrite(Key(absl::StrCat(100'000 + i)), ""));
  }
  a_.Write(MakeWrite(Key("z"), "z"));
  Settle(&a_);
  b_.Step({a_.Chunk({})});
  ASSERT_TRUE(b_.replica().repair().has_value());
  EXPECT_EQ(b_.replica().repair()->through, Key(absl::StrCat(100'000 + kRepairKeysMax - 1)));
  EXPECT_EQ(b_.documents().size(), 10u);
  b_.Step({a_.Chunk({b_.replica().repair()->through, std::nullopt})});
  EXPECT_FALSE(b_.replica().repair().has_value());
  EXPECT_EQ(b_.documents().size(), 1u);
}

TEST_F(ReplicaRepairTest, SourceThatKnowsUnissuedWritesOfThisProcessFailsTheStep) {
  RepairChunk chunk = a_.Chunk({});
  chunk.clock.Add(Dot{kB, 1});
  EXPECT_EQ(b_.TryStep({chunk}).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace docstore::core
