#include "server/core/version_vector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

namespace docstore::core {
namespace {

constexpr Origin kA{0xa};
constexpr Origin kB{0xb};

TEST(VersionVector, KeepsTheHighestDotOfEachOrigin) {
  const VersionVector vector({{kB, 1}, {kA, 3}, {kA, 2}});
  EXPECT_EQ(vector.ToString(), "{a:3 b:1}");
  EXPECT_EQ(vector.Get(kA), 3u);
  EXPECT_EQ(vector.Get(Origin{1}), 0u);
}

TEST(VersionVector, CoversEveryEarlierDotOfAnOrigin) {
  const VersionVector vector({{kA, 3}});
  EXPECT_TRUE(vector.Covers(Dot{kA, 1}));
  EXPECT_TRUE(vector.Covers(Dot{kA, 3}));
  EXPECT_FALSE(vector.Covers(Dot{kA, 4}));
  EXPECT_FALSE(vector.Covers(Dot{kB, 1}));
}

TEST(VersionVector, IgnoresTheDotThatNamesNoWrite) {
  VersionVector vector;
  vector.Join(Dot{kA, 0});
  EXPECT_TRUE(vector.empty());
  EXPECT_EQ(vector.ToString(), "{}");
}

TEST(VersionVector, ActsAsMapOfHighestSeqs) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 5000; ++round) {
    VersionVector vectors[2];
    std::map<Origin, uint64_t> models[2];
    for (int i = 0; i < 2; ++i) {
      for (uint64_t j = random() % 8; j > 0; --j) {
        const Dot dot{Origin{random() % 5}, random() % 6};
        vectors[i].Join(dot);
        if (dot.seq > 0) models[i][dot.origin] = std::max(models[i][dot.origin], dot.seq);
      }
    }
    bool covers = true;
    for (const auto& [origin, seq] : models[1]) {
      ASSERT_EQ(vectors[1].Get(origin), seq);
      covers = covers && models[0].contains(origin) && models[0][origin] >= seq;
    }
    ASSERT_EQ(vectors[0].Covers(vectors[1]), covers);
    ASSERT_EQ(vectors[0] == vectors[1], models[0] == models[1]);
    VersionVector joined = vectors[0];
    joined.Join(vectors[1]);
    VersionVector other_way = vectors[1];
    other_way.Join(vectors[0]);
    ASSERT_EQ(joined, other_way);
    ASSERT_TRUE(joined.Covers(vectors[0]) && joined.Covers(vectors[1]));
    ASSERT_TRUE(std::is_sorted(joined.entries().begin(), joined.entries().end()));
    ASSERT_EQ(VersionVector(joined.entries()), joined);
  }
}

}  // namespace
}  // namespace docstore::core
