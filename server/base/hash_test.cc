// Hashes are stored and compared between nodes: a library or compiler that changes one value here
// would make equal documents look different.

#include "server/base/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace docstore {
namespace {

TEST(Hash, IsXxh3OfTheBytes) {
  // The published values of XXH3 for no bytes, seed 0.
  EXPECT_EQ(HashBytes64(""), 0x2d06800538d394c2u);
  EXPECT_EQ(HashBytes128(""), (Hash128{0x99aa06d3014798d8, 0x6001c324468d497f}));
}

// One value for each of XXH3's code paths: up to 16, 128, 240 bytes, and beyond.
TEST(Hash, KeepsItsValuesOnEveryPath) {
  EXPECT_EQ(HashBytes64("{}"), 0x1349cde127705c16u);
  EXPECT_EQ(HashBytes64(std::string(100, 'a')), 0x411d9368f9c30e07u);
  EXPECT_EQ(HashBytes64(std::string(200, 'a')), 0xac2bd404bce6c995u);
  EXPECT_EQ(HashBytes64(std::string(5000, 'a')), 0x86bab6aca5d8f5e9u);
  EXPECT_EQ(HashBytes128("{}"), (Hash128{0xdc7048f8f8747f56, 0x1349cde127705c16}));
  EXPECT_EQ(HashBytes128(std::string(100, 'a')), (Hash128{0x7d09cdccbc6bead2, 0x48fb02115fe96a8a}));
  EXPECT_EQ(HashBytes128(std::string(200, 'a')), (Hash128{0xcffe968d25cc79da, 0xc8654f5c46034008}));
  EXPECT_EQ(HashBytes128(std::string(5000, 'a')),
            (Hash128{0x7f707e18d1f47e4b, 0x86bab6aca5d8f5e9}));
}

TEST(Hash, SeesEveryByteAndTheLength) {
  const std::string text(300, 'a');
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = 'b';
    EXPECT_NE(HashBytes128(changed), HashBytes128(text)) << i;
  }
  EXPECT_NE(HashBytes128(std::string(3, '\0')), HashBytes128(std::string(4, '\0')));
}

}  // namespace
}  // namespace docstore
