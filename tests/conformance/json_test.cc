// JSONTestSuite: every text of the suite is put as member "v" of a document and checked.
//
// The suite lies beside the checkout, at ../shared/conformance. What it leaves open (`i_`) is
// decided in json_open_cases.txt, so that no change of it goes unnoticed.

#include "server/query/json.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <variant>

#include "gtest/gtest.h"

namespace docstore::query {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOpenCases = "tests/conformance/json_open_cases.txt";
constexpr JsonLimits kLimits = {.bytes_max = 8 << 20};
// The suite has two texts with a member name twice, which it lets pass and we do not.
constexpr const char* kRepeatedNames = "y_object_duplicated_key";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The suite's texts by file name. A runfile is a link into the checkout, wherever that lies.
std::map<std::string, std::string> ReadSuite() {
  const fs::path checkout = fs::canonical(kOpenCases).parent_path().parent_path().parent_path();
  const fs::path suite =
      checkout.parent_path() / "shared/conformance/json/JSONTestSuite/test_parsing";
  std::map<std::string, std::string> texts;
  if (!fs::is_directory(suite)) {
    ADD_FAILURE() << "no JSONTestSuite beside the checkout: " << suite << " is no directory";
    return texts;
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(suite)) {
    texts[entry.path().filename().string()] = ReadFile(entry.path());
  }
  return texts;
}

std::map<std::string, std::string> TextsWithPrefix(const std::string& prefix) {
  std::map<std::string, std::string> texts = ReadSuite();
  std::erase_if(texts, [&prefix](const auto& text) { return !text.first.starts_with(prefix); });
  return texts;
}

bool Accepts(const std::string& text) {
  const std::string json = R"({"v":)" + text + "}";
  const auto result = CheckDocument(json, "id", kLimits);
  if (const auto* error = std::get_if<InputError>(&result)) {
    EXPECT_LE(error->offset, json.size());
    return false;
  }
  EXPECT_EQ(std::get<CheckedDocument>(result).Body(json), json);
  return true;
}

TEST(JsonTestSuite, WhatMustBeAcceptedIsAndComesBackAsSent) {
  const auto texts = TextsWithPrefix("y_");
  EXPECT_EQ(texts.size(), 95u);
  int repeated = 0;
  for (const auto& [name, text] : texts) {
    const bool repeats = name.starts_with(kRepeatedNames);
    repeated += repeats;
    EXPECT_EQ(Accepts(text), !repeats) << name;
  }
  EXPECT_EQ(repeated, 2);
}

TEST(JsonTestSuite, WhatMustBeRefusedIs) {
  const auto texts = TextsWithPrefix("n_");
  EXPECT_EQ(texts.size(), 188u);
  for (const auto& [name, text] : texts) EXPECT_FALSE(Accepts(text)) << name;
}

TEST(JsonTestSuite, WhatIsLeftOpenStaysAsDecided) {
  const auto texts = TextsWithPrefix("i_");
  EXPECT_EQ(texts.size(), 35u);
  std::string results;
  for (const auto& [name, text] : texts) {
    results += (Accepts(text) ? "accept " : "refuse ") + name + "\n";
  }
  EXPECT_EQ(results, ReadFile(kOpenCases));
}

}  // namespace
}  // namespace docstore::query
