#include "server/storage/record.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "server/base/hash.h"
#include "server/core/dot.h"
#include "server/core/floor.h"
#include "server/core/repair.h"

namespace docstore::storage {
namespace {

using core::Clock;
using core::Document;
using core::Dot;
using core::Member;
using core::Origin;
using core::RepairProgress;
using core::Version;

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

Document TwoVersions() {
  Document document;
  Version live{.dot = {Origin{0xa}, 3}, .hlc = 0x1234, .deleted = false};
  live.body = std::make_shared<const std::string>("{\"v\":1}");
  live.hash = Hash128{1, 2};
  document.versions.push_back(live);
  document.versions.push_back({.dot = {Origin{0xb}, 300}, .hlc = kMax, .deleted = true});
  document.context.Join(Dot{Origin{0xa}, 4});
  document.context.Join(Dot{Origin{0xb}, 300});
  document.context.Join(Dot{Origin{kMax}, kMax});
  return document;
}

std::string Encoded(const Document& document) {
  std::string bytes;
  EncodeDocument(document, &bytes);
  return bytes;
}

std::string Encoded(const Clock& clock) {
  std::string bytes;
  EncodeClock(clock, &bytes);
  return bytes;
}

std::string Encoded(const CollectionRecord& collection) {
  std::string bytes;
  EncodeCollection(collection, &bytes);
  return bytes;
}

std::string Encoded(const Member& member) {
  std::string bytes;
  EncodeMember(member, &bytes);
  return bytes;
}

std::string Encoded(const RepairProgress& repair) {
  std::string bytes;
  EncodeRepair(repair, &bytes);
  return bytes;
}

// Decodes every prefix of `bytes`, `bytes` with each byte changed to each value, and with a byte
// more. Prefixes and the longer one must fail; a changed one may decode, but never to what fails
// to encode. Buffers are exact, so that a sanitizer sees any read past the end.
template <typename Decode>
void ExpectRobust(const std::string& bytes, Decode decode) {
  const auto decode_exactly = [&](const std::string& text) {
    const std::unique_ptr<char[]> exact(new char[text.size()]);
    text.copy(exact.get(), text.size());
    const auto result = decode(absl::string_view(exact.get(), text.size()));
    EXPECT_TRUE(result.ok() || absl::IsDataLoss(result.status())) << result.status();
    return result.ok();
  };
  EXPECT_TRUE(decode_exactly(bytes));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_exactly(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_exactly(bytes + '\0'));
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(value);
      const bool decoded = decode_exactly(changed);
      EXPECT_FALSE(decoded && i == 0 && changed != bytes) << "format " << value;
    }
  }
}

TEST(Record, DocumentComesBackWithItsBodies) {
  const auto decoded = DecodeDocument(Encoded(TwoVersions()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, TwoVersions());
  EXPECT_EQ(*decoded->versions[0].body, "{\"v\":1}");
  EXPECT_EQ(decoded->versions[1].body, nullptr);
  EXPECT_EQ(decoded->ToString(), TwoVersions().ToString());
}

// The bytes on disk: a change here makes every existing store unreadable.
TEST(Record, WritesTheBytesOfTheTable) {
  Document document;
  Version version{.dot = {Origin{1}, 2}, .hlc = 3, .deleted = false, .hash = {4, 5}};
  version.body = std::make_shared<const std::string>("{}");
  document.versions.push_back(version);
  document.context.Join(version.dot);
  EXPECT_EQ(absl::BytesToHexString(Encoded(document)),
            "01"
            "01000000000000000102"
            "01000000000000000102000000000000000300"
            "00000000000000040000000000000005027b7d");
  EXPECT_EQ(absl::BytesToHexString(Encoded(Clock({{Origin{1}, 1, 4}, {Origin{1}, 6, 6}}))),
            "01010000000000000001"
            "0201030200");
  EXPECT_EQ(absl::BytesToHexString(Encoded(CollectionRecord{CollectionId{1}, 2, 3, 300})),
            "01010203ac02");
  EXPECT_EQ(absl::BytesToHexString(Encoded(Member{"n", "u", "p", "cc"})), "0101750170026363");
  EXPECT_EQ(absl::BytesToHexString(Encoded(RepairProgress{.common = Clock({{Origin{1}, 1, 4}}),
                                                          .floors = core::Floor({{Origin{2}, 3}}),
                                                          .through = {"c", "id"},
                                                          .chunks = 5})),
            "0105"
            "0d0101000000000000000101"
            "0103"
            "01000000000000000203"
            "016302"
            "6964");
}

TEST(Record, StrippedDocumentComesBackWithoutContext) {
  Document stripped = TwoVersions();
  stripped.context = {};
  const auto decoded = DecodeDocument(Encoded(stripped));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->ToString(), stripped.ToString());
  EXPECT_EQ(*decoded->versions[0].body, "{\"v\":1}");
}

TEST(Record, SurvivesMalformedDocument) { ExpectRobust(Encoded(TwoVersions()), DecodeDocument); }

TEST(Record, RefusesDocumentThatBreaksItsRules) {
  Document unsorted = TwoVersions();
  std::swap(unsorted.versions[0], unsorted.versions[1]);
  Document repeated = TwoVersions();
  repeated.versions.push_back(repeated.versions.back());
  Document uncovered = TwoVersions();
  uncovered.versions[0].dot.seq = 5;
  for (const Document& document : {unsorted, repeated, uncovered}) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeDocument(Encoded(document)).status()));
  }
  EXPECT_TRUE(absl::IsDataLoss(DecodeDocument(std::string("\1\0\0", 3)).status()));
}

TEST(Record, ClockComesBackAtTheEdges) {
  for (const Clock& clock :
       {Clock(), Clock({{Origin{0}, 1, 1}}), Clock({{Origin{1}, 1, kMax}}),
        Clock({{Origin{1}, kMax, kMax}, {Origin{kMax}, 5, 6}, {Origin{kMax}, 8, kMax}})}) {
    const auto decoded = DecodeClock(Encoded(clock));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->ToString(), clock.ToString());
  }
}

TEST(Record, RandomClocksComeBack) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 1000; ++i) {
    Clock clock;
    for (int j = 0; j < 20; ++j) {
      const uint64_t first = 1 + (random() >> (1 + random() % 63));
      clock.Add(core::Range{Origin{random() % 5}, first, first + random() % 8});
    }
    EXPECT_EQ(*DecodeClock(Encoded(clock)), clock);
  }
}

TEST(Record, SurvivesMalformedClock) {
  const Clock clock({{Origin{1}, 1, 4}, {Origin{1}, 6, 900}, {Origin{9}, 1000, kMax}});
  ExpectRobust(Encoded(clock), DecodeClock);
}

TEST(Record, CollectionComesBackAndSurvivesDamage) {
  const CollectionRecord collection{CollectionId{~uint32_t{0}}, 1, 300, kMax};
  EXPECT_EQ(*DecodeCollection(Encoded(collection)), collection);
  ExpectRobust(Encoded(collection), DecodeCollection);
}

TEST(Record, MemberComesBackWithoutItsNameAndSurvivesDamage) {
  const Member member{"node1", std::string(16, 'u'), "h:1", ""};
  const auto decoded = DecodeMember(Encoded(member));
  EXPECT_EQ(*decoded, (Member{"", std::string(16, 'u'), "h:1", ""}));
  ExpectRobust(Encoded(member), DecodeMember);
}

TEST(Record, RepairComesBackAndSurvivesDamage) {
  const RepairProgress repair{.common = Clock({{Origin{1}, 1, 4}, {Origin{9}, 3, kMax}}),
                              .floors = core::Floor({{Origin{2}, 3}, {Origin{kMax}, kMax}}),
                              .through = {"c", "id"},
                              .chunks = 5};
  EXPECT_EQ(*DecodeRepair(Encoded(repair)), repair);
  EXPECT_EQ(*DecodeRepair(Encoded(RepairProgress())), RepairProgress());
  ExpectRobust(Encoded(repair), DecodeRepair);
  RepairProgress begun = repair;
  begun.chunks = 0;
  RepairProgress half_key = repair;
  half_key.through.id = "";
  for (const RepairProgress& broken : {begun, half_key}) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeRepair(Encoded(broken)).status()));
  }
}

TEST(Record, NumberComesBackAndSurvivesDamage) {
  for (const uint64_t number : {uint64_t{0}, uint64_t{127}, uint64_t{128}, kMax}) {
    EXPECT_EQ(*DecodeNumber(EncodeNumber(number)), number);
  }
  EXPECT_TRUE(absl::IsDataLoss(DecodeNumber("").status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeNumber("ab").status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeNumber(std::string(11, '\xff')).status()));
}

}  // namespace
}  // namespace docstore::storage
