// Each story in scenarios/ comes true; stories that cannot be read, or do not come true, are told
// apart with the line at fault.

#include "tests/sim/scenario.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace docstore::sim {
namespace {

std::string Tell(const std::string& text) { return RunScenario(text, false).ToString(); }

TEST(Scenario, NamesTheLineThatDoesNotComeTrue) {
  const std::string untrue =
      Tell("nodes a\nstart a\nrun 11\nput a k v\n\nexpect a k is w  # not so\n");
  const std::string said = "FAILED_PRECONDITION: line 6: expect a k is w: a holds k as v of {";
  EXPECT_EQ(untrue.substr(0, said.size()), said);
  EXPECT_EQ(Tell("nodes a\nstart a\nput a k v fails moved\n"),
            "FAILED_PRECONDITION: line 3: put a k v fails moved: the write is applied, not moved");
  EXPECT_EQ(Tell("nodes a\nput a k v\n"), "FAILED_PRECONDITION: line 2: put a k v: a is off");
}

TEST(Scenario, RefusesWhatItCannotRead) {
  EXPECT_EQ(Tell("nodes a\nstart a\nsing a\n"),
            "INVALID_ARGUMENT: line 3: sing a: cannot read: sing a");
  EXPECT_EQ(Tell("nodes a\nstart b\n"), "INVALID_ARGUMENT: line 2: start b: no node b");
  EXPECT_EQ(Tell("nodes a\nstart a\nput a k v over x\n"),
            "INVALID_ARGUMENT: line 3: put a k v over x: no label x");
  EXPECT_EQ(Tell("nodes a\nrun far\n"), "INVALID_ARGUMENT: line 2: run far: cannot read: run far");
}

TEST(Scenario, AllStoriesComeTrue) {
  const char* const files = std::getenv("SCENARIOS");
  ASSERT_NE(files, nullptr);
  std::istringstream list(files);
  int count = 0;
  for (std::string file; list >> file; ++count) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    ASSERT_FALSE(text.str().empty()) << file;
    EXPECT_EQ(Tell(text.str()), "OK") << file;
  }
  EXPECT_GT(count, 10);
}

}  // namespace
}  // namespace docstore::sim
