#include "server/core/floor.h"

#include <string>

#include "gtest/gtest.h"

namespace docstore::core {
namespace {

constexpr Origin kA{0xa};
constexpr Origin kB{0xb};

Version Live(const Dot& dot) { return {.dot = dot, .hlc = 1}; }
Version Tombstone(const Dot& dot) { return {.dot = dot, .hlc = 1, .deleted = true}; }

TEST(Floor, BaseLeavesOutWhatLiesAboveAGap) {
  EXPECT_EQ(BaseOf(Clock({{kA, 1, 4}, {kA, 6, 6}, {kB, 2, 2}})).ToString(), "{a:4}");
  EXPECT_EQ(BaseOf(Clock()).ToString(), "{}");
}

TEST(Floor, ClockCoversItOnlyWithoutAGapBelow) {
  const Clock clock({{kA, 1, 4}, {kA, 6, 6}});
  EXPECT_TRUE(CoversFloor(clock, Floor()));
  EXPECT_TRUE(CoversFloor(clock, Floor({{kA, 4}})));
  EXPECT_FALSE(CoversFloor(clock, Floor({{kA, 5}})));
  EXPECT_FALSE(CoversFloor(clock, Floor({{kA, 6}})));
  EXPECT_FALSE(CoversFloor(clock, Floor({{kA, 4}, {kB, 1}})));
}

TEST(Floor, LowerTakesTheLesserOfEachOrigin) {
  EXPECT_EQ(Lower(Floor({{kA, 4}, {kB, 2}}), Floor({{kA, 3}, {kB, 9}})).ToString(), "{a:3 b:2}");
  EXPECT_EQ(Lower(Floor({{kA, 4}, {kB, 2}}), Floor({{kB, 1}})).ToString(), "{b:1}");
}

TEST(Floor, ClockOfItHoldsAllUpToIt) {
  EXPECT_EQ(ClockOf(Floor({{kA, 3}, {kB, 1}})).ToString(), "a:[1..3] b:[1]");
}

TEST(Floor, StripsASettledDocumentWhole) {
  Document document;
  document.versions = {Live({kA, 2}), Tombstone({kB, 1})};
  document.context = VersionVector({{kA, 2}, {kB, 1}});
  EXPECT_EQ(Strip(document, Floor({{kA, 2}, {kB, 1}})).ToString(), "{a:2@1} ctx {}");
  document.versions.erase(document.versions.begin());
  EXPECT_TRUE(Strip(document, Floor({{kA, 2}, {kB, 1}})).empty());
  EXPECT_TRUE(Strip(Document(), Floor()).empty());
}

TEST(Floor, LeavesADocumentWithAnythingAboveIt) {
  Document document;
  document.versions = {Live({kA, 2}), Tombstone({kB, 1})};
  document.context = VersionVector({{kA, 2}, {kB, 1}});
  EXPECT_EQ(Strip(document, Floor({{kA, 2}})), document);
  EXPECT_EQ(Strip(document, Floor({{kA, 1}, {kB, 1}})), document);
  document.context = VersionVector({{kA, 2}, {kB, 2}});
  EXPECT_EQ(Strip(document, Floor({{kA, 2}, {kB, 1}})), document);
  // A version above the floor keeps its tombstones too, also without a context.
  document.context = VersionVector();
  EXPECT_EQ(Strip(document, Floor({{kB, 1}})), document);
}

}  // namespace
}  // namespace docstore::core
