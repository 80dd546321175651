#include "server/rpc/audit/content_digest.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/core/dot.h"
#include "server/core/version_vector.h"

namespace docstore::rpc {
namespace {

using core::Document;
using core::DocumentKey;
using core::Origin;
using core::Version;

Version LiveVersion(uint64_t origin, uint64_t seq, const std::string& json) {
  return {.dot = {Origin{origin}, seq},
          .hlc = seq << 16,
          .hash = HashBytes128(json),
          .body = std::make_shared<const std::string>(json)};
}

Version Tombstone(uint64_t origin, uint64_t seq) {
  return {.dot = {Origin{origin}, seq}, .hlc = seq << 16, .deleted = true};
}

Document DocumentOf(std::vector<Version> versions) {
  std::sort(versions.begin(), versions.end(),
            [](const Version& a, const Version& b) { return a.dot < b.dot; });
  Document document{.versions = std::move(versions)};
  for (const Version& version : document.versions) document.context.Join(version.dot);
  return document;
}

using Documents = std::map<DocumentKey, Document>;

// Buckets of `documents`, added in an order that `rng` draws.
ContentDigest DigestOf(const Documents& documents, uint32_t bucket_count, std::mt19937_64* rng) {
  std::vector<std::pair<DocumentKey, Document>> shuffled(documents.begin(), documents.end());
  std::shuffle(shuffled.begin(), shuffled.end(), *rng);
  ContentDigest digest(bucket_count);
  for (const auto& [key, document] : shuffled) digest.Add(key, document);
  return digest;
}

// The trivial model: what a digest speaks of, as text.
std::map<uint32_t, std::map<DocumentKey, std::string>> ModelOf(const Documents& documents,
                                                               uint32_t bucket_count) {
  std::map<uint32_t, std::map<DocumentKey, std::string>> model;
  for (const auto& [key, document] : documents) {
    std::string live;
    for (const Version& version : document.versions) {
      if (version.deleted) continue;
      absl::StrAppend(&live, ToString(version.dot), "@", version.hlc, "=", version.hash.high, ".",
                      version.hash.low, " ");
    }
    if (!live.empty()) model[BucketOf(key, bucket_count)][key] = live;
  }
  return model;
}

Documents RandomDocuments(std::mt19937_64* rng) {
  Documents documents;
  const uint64_t count = (*rng)() % 30;
  for (uint64_t i = 0; i < count; ++i) {
    std::vector<Version> versions;
    const uint64_t siblings = 1 + (*rng)() % 3;
    for (uint64_t s = 0; s < siblings; ++s) {
      const uint64_t seq = 1 + (*rng)() % 1000;
      versions.push_back((*rng)() % 4 == 0
                             ? Tombstone(s + 1, seq)
                             : LiveVersion(s + 1, seq, absl::StrCat("{\"n\":", seq, "}")));
    }
    documents[{absl::StrCat("c", (*rng)() % 3), absl::StrCat("id", i)}] = DocumentOf(versions);
  }
  return documents;
}

// Changes one document in a way that may or may not matter.
void ChangeOne(Documents* documents, std::mt19937_64* rng) {
  if (documents->empty()) return;
  auto chosen = std::next(documents->begin(), (*rng)() % documents->size());
  Document& document = chosen->second;
  if (document.versions.empty()) return;
  switch ((*rng)() % 7) {
    case 0:
      documents->erase(chosen);
      return;
    case 1:  // the past is forgotten
      document.context = core::VersionVector();
      return;
    case 2:  // a delete is reclaimed
      std::erase_if(document.versions, [](const Version& version) { return version.deleted; });
      return;
    case 3:
      document.versions.back() = LiveVersion(9, 5, "{}");
      return;
    case 4:
      ++document.versions.front().hlc;
      return;
    case 5:
      document.versions.front().hash.low ^= 1;
      return;
    default:
      document.versions.pop_back();
  }
}

TEST(ContentDigest, DiffersExactlyWhereLiveDocumentsDo) {
  std::mt19937_64 rng(20261123);
  int equal = 0;
  for (int round = 0; round < 2000; ++round) {
    const uint32_t bucket_count = 1u << (rng() % 6);
    const Documents one = RandomDocuments(&rng);
    Documents other = one;
    for (uint64_t changes = rng() % 3; changes > 0; --changes) ChangeOne(&other, &rng);
    const ContentDigest digest = DigestOf(one, bucket_count, &rng);
    const ContentDigest other_digest = DigestOf(other, bucket_count, &rng);
    auto model = ModelOf(one, bucket_count);
    auto other_model = ModelOf(other, bucket_count);
    for (uint32_t index = 0; index < bucket_count; ++index) {
      EXPECT_EQ(digest.buckets()[index].documents, model[index].size());
      EXPECT_EQ(digest.buckets()[index] == other_digest.buckets()[index],
                model[index] == other_model[index])
          << "round " << round << " bucket " << index;
    }
    equal += model == other_model ? 1 : 0;
  }
  EXPECT_GT(equal, 200);
  EXPECT_LT(equal, 1800);
}

TEST(ContentDigest, IsTheSameAfterTombstonesAndContextsAreReclaimed) {
  Document document = DocumentOf({LiveVersion(1, 3, "{}"), Tombstone(2, 1)});
  ContentDigest digest(16), stripped(16);
  digest.Add({"c", "id"}, document);
  digest.Add({"c", "deleted"}, DocumentOf({Tombstone(1, 4)}));
  document.versions.pop_back();
  document.context = core::VersionVector();
  stripped.Add({"c", "id"}, document);
  EXPECT_EQ(digest.buckets(), stripped.buckets());
  EXPECT_EQ(digest.documents(), 1u);
}

TEST(ContentDigest, CountsLiveDocumentsVersionsAndBytes) {
  ContentDigest digest(1);
  digest.Add({"c", "a"}, DocumentOf({LiveVersion(1, 1, "{}"), LiveVersion(2, 1, "{\"n\":1}"),
                                     Tombstone(3, 1)}));
  digest.Add({"c", "b"}, DocumentOf({Tombstone(1, 2)}));
  digest.Add({"c", "c"}, DocumentOf({LiveVersion(1, 3, "{}")}));
  EXPECT_EQ(digest.documents(), 2u);
  EXPECT_EQ(digest.versions(), 3u);
  EXPECT_EQ(digest.body_bytes(), 11u);
}

TEST(ContentDigest, NeverTakesOneNameForAnother) {
  const Document document = DocumentOf({LiveVersion(1, 1, "{}")});
  EXPECT_NE(LiveContentHash({"ab", "c"}, document), LiveContentHash({"a", "bc"}, document));
  EXPECT_NE(LiveContentHash({"a", ""}, document), LiveContentHash({"", "a"}, document));
}

// Nodes of different builds compare digests: these numbers never change.
TEST(ContentDigest, IsTheSameInEveryBuild) {
  const DocumentKey key{"people", "ada"};
  EXPECT_EQ(BucketOf(key, kBucketCountMax), 35355u);
  EXPECT_EQ(BucketOf(key, 16), 11u);
  const Hash128 hash = LiveContentHash(key, DocumentOf({LiveVersion(7, 9, "{\"born\":1815}")}));
  EXPECT_EQ(absl::StrCat(absl::Hex(hash.high), " ", absl::Hex(hash.low)),
            "d6e3fdeef96f18e9 fd948c0eae4ce5c7");
}

TEST(BodyMatches, TellsBytesThatLackTheirHash) {
  Version version = LiveVersion(1, 1, "{\"n\":1}");
  EXPECT_TRUE(BodyMatches(version));
  version.body = std::make_shared<const std::string>("{\"n\":2}");
  EXPECT_FALSE(BodyMatches(version));
  EXPECT_TRUE(BodyMatches(Tombstone(1, 1)));
}

}  // namespace
}  // namespace docstore::rpc
