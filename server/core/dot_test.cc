#include "server/core/dot.h"

#include <gtest/gtest.h>

namespace docstore::core {
namespace {

TEST(Dot, OrdersByOriginThenSeq) {
  EXPECT_LT((Dot{Origin{1}, 9}), (Dot{Origin{2}, 1}));
  EXPECT_LT((Dot{Origin{1}, 1}), (Dot{Origin{1}, 2}));
  EXPECT_EQ((Dot{Origin{1}, 1}), (Dot{Origin{1}, 1}));
  // Origins are unsigned.
  EXPECT_LT((Dot{Origin{1}, 1}), (Dot{Origin{~uint64_t{0}}, 1}));
}

TEST(Dot, PrintsOriginInHexadecimal) {
  EXPECT_EQ(ToString(Dot{Origin{0xa}, 3}), "a:3");
  EXPECT_EQ(ToString(Dot{Origin{~uint64_t{0}}, ~uint64_t{0}}),
            "ffffffffffffffff:18446744073709551615");
}

TEST(Ranges, PrintGroupedByOrigin) {
  EXPECT_EQ(ToString(Ranges{}), "");
  EXPECT_EQ(ToString(Ranges{{Origin{0xa}, 2, 2}}), "a:[2]");
  EXPECT_EQ(ToString(Ranges{{Origin{0xa}, 1, 4}, {Origin{0xa}, 6, 6}, {Origin{0xb}, 2, 2}}),
            "a:[1..4,6] b:[2]");
}

TEST(Ranges, CountTheirDots) {
  EXPECT_EQ(CountDots({}), 0u);
  EXPECT_EQ(CountDots({{Origin{1}, 1, 4}, {Origin{1}, 6, 6}, {Origin{2}, 9, 10}}), 7u);
  EXPECT_EQ(CountDots({{Origin{1}, 1, ~uint64_t{0}}}), ~uint64_t{0});
}

}  // namespace
}  // namespace docstore::core
