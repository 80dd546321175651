#include "server/storage/key_schema.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"

namespace docstore::storage {
namespace {

using core::Dot;
using core::Origin;

// The bytes on disk: a change here makes every existing store unreadable.
TEST(KeySchema, WritesTheBytesOfTheTable) {
  const auto hex = [](const std::string& key) { return absl::BytesToHexString(key); };
  EXPECT_EQ(hex(SettingKey(kNodeDomain, "schema")), "00004d736368656d61");
  EXPECT_EQ(hex(SettingKey(kDefaultDomain, "hlc_upper")), "00014d686c635f7570706572");
  EXPECT_EQ(hex(CheckpointKey(kDefaultDomain)), "00014b");
  EXPECT_EQ(hex(MemberKey(kDefaultDomain, "n1")), "0001526e31");
  EXPECT_EQ(hex(CollectionKey(kDefaultDomain, "c")), "00014e63");
  EXPECT_EQ(hex(DocumentRowKey(kDefaultDomain, CollectionId{258}, "k")), "000144000001026b");
  EXPECT_EQ(hex(ConflictKey(kDefaultDomain, CollectionId{1}, "k")), "000157000000016b");
  EXPECT_EQ(hex(DotKey(kDefaultDomain, {Origin{0xab}, 3})),
            "00015800000000000000ab0000000000000003");
  EXPECT_EQ(hex(FloorKey(kDefaultDomain, Origin{0xab})), "00014600000000000000ab");
  EXPECT_EQ(hex(RepairKey(kDefaultDomain)), "000150");
  EXPECT_EQ(hex(CommitKey(kDefaultDomain, 0x12345)), "0001422345");
  EXPECT_EQ(hex(EncodeLocalKey(CollectionId{1}, "k")), "000000016b");
}

TEST(KeySchema, DecodesWhatItEncodes) {
  const Dot dot{Origin{~uint64_t{0}}, ~uint64_t{0}};
  EXPECT_EQ(*DecodeDotKey(kDefaultDomain, DotKey(kDefaultDomain, dot)), dot);
  EXPECT_EQ(*DecodeMemberKey(kDefaultDomain, MemberKey(kDefaultDomain, "node1")), "node1");
  EXPECT_EQ(*DecodeCollectionKey(kDefaultDomain, CollectionKey(kDefaultDomain, "c")), "c");
  EXPECT_EQ(*DecodeFloorKey(kDefaultDomain, FloorKey(kDefaultDomain, dot.origin)), dot.origin);
  EXPECT_EQ(*DecodeCommitKey(kDefaultDomain, CommitKey(kDefaultDomain, 65537)), 1u);
  const std::string id("a\0b\xff", 4);
  const std::string document = DocumentRowKey(kDefaultDomain, CollectionId{7}, id);
  EXPECT_EQ(DecodeDocumentRowKey(kDefaultDomain, document)->collection, CollectionId{7});
  EXPECT_EQ(DecodeDocumentRowKey(kDefaultDomain, document)->id, id);
  const std::string conflict = ConflictKey(kDefaultDomain, CollectionId{7}, id);
  EXPECT_EQ(DecodeConflictKey(kDefaultDomain, conflict)->id, id);
}

TEST(KeySchema, RefusesMalformedKeysAsDataLoss) {
  const auto lost = [](const auto& result) { return absl::IsDataLoss(result.status()); };
  const std::string dot = DotKey(kDefaultDomain, {Origin{1}, 1});
  for (size_t size = 0; size < dot.size(); ++size) {
    EXPECT_TRUE(lost(DecodeDotKey(kDefaultDomain, dot.substr(0, size)))) << size;
  }
  EXPECT_TRUE(lost(DecodeDotKey(kDefaultDomain, dot + "x")));
  EXPECT_TRUE(lost(DecodeDotKey(kDefaultDomain, DotKey(kDefaultDomain, {Origin{1}, 0}))));
  EXPECT_TRUE(lost(DecodeDotKey(Domain{2}, dot)));
  const std::string floor = FloorKey(kDefaultDomain, Origin{1});
  for (size_t size = 0; size < floor.size(); ++size) {
    EXPECT_TRUE(lost(DecodeFloorKey(kDefaultDomain, floor.substr(0, size)))) << size;
  }
  EXPECT_TRUE(lost(DecodeFloorKey(kDefaultDomain, floor + "x")));
  EXPECT_TRUE(lost(DecodeFloorKey(kDefaultDomain, dot)));
  EXPECT_TRUE(lost(DecodeCommitKey(kDefaultDomain, CommitPrefix(kDefaultDomain) + "x")));
  EXPECT_TRUE(lost(DecodeCommitKey(kDefaultDomain, CommitPrefix(kDefaultDomain) + "xyz")));
  EXPECT_TRUE(lost(DecodeMemberKey(kDefaultDomain, dot)));
  EXPECT_TRUE(lost(DecodeMemberKey(kDefaultDomain, MemberKey(kDefaultDomain, ""))));
  EXPECT_TRUE(lost(DecodeCollectionKey(kDefaultDomain, "")));
  EXPECT_TRUE(lost(DecodeDocumentRowKey(kDefaultDomain, dot)));
  EXPECT_TRUE(lost(
      DecodeConflictKey(kDefaultDomain, DocumentRowKey(kDefaultDomain, CollectionId{1}, "k"))));
  EXPECT_TRUE(lost(DecodeLocalKey(EncodeLocalKey(CollectionId{1}, ""))));
  EXPECT_TRUE(lost(DecodeLocalKey(EncodeLocalKey(CollectionId{0}, "k"))));
  EXPECT_TRUE(lost(DecodeLocalKey("abc")));
}

TEST(KeySchema, OrdersKeysAsTheirFields) {
  std::mt19937_64 random(1);
  const auto number = [&random]() { return random() >> (random() % 64); };
  const auto domain = [&]() { return Domain{static_cast<uint16_t>(number())}; };
  const auto collection = [&]() { return CollectionId{static_cast<uint32_t>(number())}; };
  const auto id = [&]() {
    std::string id;
    for (uint64_t i = random() % 4; i > 0; --i) id.push_back(static_cast<char>(random() % 3 * 127));
    return id;
  };
  for (int i = 0; i < 20000; ++i) {
    const Domain d1 = domain(), d2 = random() % 2 == 0 ? d1 : domain();
    const Dot dot1{Origin{number()}, number()};
    const Dot dot2{random() % 2 == 0 ? dot1.origin : Origin{number()}, number()};
    EXPECT_EQ(DotKey(d1, dot1) < DotKey(d2, dot2),
              std::make_tuple(d1, dot1) < std::make_tuple(d2, dot2));
    const CollectionId c1 = collection(), c2 = random() % 2 == 0 ? c1 : collection();
    const std::string id1 = id(), id2 = id();
    EXPECT_EQ(DocumentRowKey(d1, c1, id1) < DocumentRowKey(d2, c2, id2),
              std::make_tuple(d1, c1, id1) < std::make_tuple(d2, c2, id2));
  }
}

}  // namespace
}  // namespace docstore::storage
