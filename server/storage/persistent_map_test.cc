#include "server/storage/persistent_map.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace docstore::storage {
namespace {

std::map<std::string, std::string> Contents(const PersistentMap& map) {
  std::map<std::string, std::string> contents;
  for (const PersistentMap::Entry* entry = map.LowerBound(""); entry != nullptr;
       entry = map.UpperBound(entry->key)) {
    contents[entry->key] = entry->value;
  }
  return contents;
}

TEST(PersistentMap, FindsNothingWhenEmpty) {
  const PersistentMap map;
  EXPECT_EQ(map.Find("a"), nullptr);
  EXPECT_EQ(map.LowerBound(""), nullptr);
  EXPECT_EQ(map.UpperBound(""), nullptr);
  EXPECT_EQ(map.bytes(), 0u);
}

TEST(PersistentMap, CopyKeepsItsStateWhenTheOtherChanges) {
  PersistentMap map;
  map.Put("a", "1");
  const PersistentMap copy = map;
  map.Put("a", "2");
  map.Put("b", "3");
  EXPECT_EQ(Contents(copy), (std::map<std::string, std::string>{{"a", "1"}}));
  map.Erase("a");
  EXPECT_EQ(Contents(map), (std::map<std::string, std::string>{{"b", "3"}}));
  EXPECT_EQ(map.bytes(), 2u);
}

TEST(PersistentMap, ActsAsStdMapUnderRandomChanges) {
  std::mt19937_64 random(3);
  PersistentMap map;
  std::map<std::string, std::string> model;
  std::vector<std::pair<PersistentMap, std::map<std::string, std::string>>> copies;
  for (int i = 0; i < 20000; ++i) {
    const std::string key = absl::StrCat(random() % 500);
    if (random() % 3 == 0) {
      map.Erase(key);
      model.erase(key);
    } else {
      map.Put(key, absl::StrCat(i));
      model[key] = absl::StrCat(i);
    }
    const std::string sought = absl::StrCat(random() % 500);
    const auto lower = model.lower_bound(sought);
    const PersistentMap::Entry* found = map.LowerBound(sought);
    ASSERT_EQ(found == nullptr, lower == model.end());
    if (found != nullptr) {
      EXPECT_EQ(found->key, lower->first);
    }
    const auto upper = model.upper_bound(sought);
    found = map.UpperBound(sought);
    ASSERT_EQ(found == nullptr, upper == model.end());
    if (found != nullptr) {
      EXPECT_EQ(found->key, upper->first);
    }
    EXPECT_EQ(map.Find(sought) != nullptr, model.contains(sought));
    if (i % 1000 == 0) copies.emplace_back(map, model);
  }
  for (const auto& [copy, contents] : copies) {
    EXPECT_EQ(Contents(copy), contents);
    uint64_t bytes = 0;
    for (const auto& [key, value] : contents) bytes += key.size() + value.size();
    EXPECT_EQ(copy.bytes(), bytes);
  }
}

TEST(PersistentMap, StaysShallowWhenKeysAscend) {
  // A list would overflow the stack here, in time if not in space.
  PersistentMap map;
  for (int i = 0; i < 200000; ++i) map.Put(absl::StrCat(1000000 + i), "");
  EXPECT_NE(map.Find("1199999"), nullptr);
}

}  // namespace
}  // namespace docstore::storage
