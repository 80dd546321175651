#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "server/host/data_directory.h"
#include "server/host/disk_space.h"
#include "server/host/open_files.h"
#include "server/host/stderr_log.h"
#include "server/host/system_clock.h"
#include "server/host/termination.h"

namespace docstore::host {
namespace {

std::string FreshPath(const std::string& name) {
  const std::string path = testing::TempDir() + "/" + name;
  std::filesystem::remove_all(path);
  return path;
}

TEST(StderrLog, PrintsUtcTimeAndLevel) {
  EXPECT_EQ(FormatLogLine(1767225600123, node::LogLevel::kWarning, "a\nb"),
            "2026-01-01T00:00:00.123Z WARN  a?b\n");
}

TEST(SystemRandom, NeverRepeatsInPractice) {
  SystemRandom random;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.Next());
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(SystemClock, NeverGoesBack) {
  const SystemClock clock;
  const int64_t before = clock.MonotonicUs();
  EXPECT_GE(clock.MonotonicUs(), before);
  EXPECT_GT(clock.WallMs(), 1'700'000'000'000);
}

TEST(DiskSpace, IsThatOfTheFileSystemAndFailsWhereThereIsNone) {
  const absl::StatusOr<uint64_t> bytes = DiskSpace(testing::TempDir()).FreeBytes();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_LE(*bytes, std::filesystem::space(testing::TempDir()).capacity);
  EXPECT_EQ(*DiskSpace("/proc").FreeBytes(), 0u);
  EXPECT_EQ(DiskSpace(FreshPath("absent")).FreeBytes().status().code(),
            absl::StatusCode::kInternal);
}

TEST(OpenFiles, LimitIsRaisedToTheHardOne) {
  struct rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max / 2;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(RaiseOpenFilesLimit(), limit.rlim_max);
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
}

TEST(DataDirectory, IsMadeForItsOwnerAlone) {
  const std::string path = FreshPath("made") + "/deep/data";
  ASSERT_TRUE(DataDirectory::Open(path).ok());
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  EXPECT_TRUE(DataDirectory::Open(path).ok());
}

TEST(DataDirectory, RefusesWhatIsNoDirectory) {
  const std::string path = FreshPath("file");
  std::ofstream(path) << "x";
  EXPECT_EQ(DataDirectory::Open(path).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(DataDirectory::Open(path + "/below").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(DataDirectory, KeepsAddressesUntilRemoved) {
  const auto directory = DataDirectory::Open(FreshPath("addresses"));
  ASSERT_TRUE(directory.ok());
  directory->RemoveAddresses();
  ASSERT_TRUE(directory->WriteAddresses({.client = "a:1", .peer = "b:2", .http = "c:3"}).ok());
  std::stringstream text;
  text << std::ifstream(directory->path() + "/addresses").rdbuf();
  EXPECT_EQ(text.str(), absl::StrCat("client=a:1\npeer=b:2\nhttp=c:3\npid=", getpid(), "\n"));
  directory->RemoveAddresses();
  EXPECT_FALSE(std::filesystem::exists(directory->path() + "/addresses"));
}

TEST(ReadLines, GivesLinesThatAreNotEmpty) {
  const std::string path = FreshPath("secret");
  std::ofstream(path) << "one\r\n\ntwo";
  EXPECT_EQ(ReadLines(path).value(), (std::vector<std::string>{"one", "two"}));
  std::ofstream(path, std::ios::trunc) << "\n";
  EXPECT_EQ(ReadLines(path).status().code(), absl::StatusCode::kFailedPrecondition);
  std::ofstream(path, std::ios::trunc) << std::string(70000, 'x');
  EXPECT_EQ(ReadLines(path).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadLines(path + ".absent").status().code(), absl::StatusCode::kNotFound);
}

TEST(TerminationDeathTest, TellsFirstSignalAndEndsAtSecond) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Termination termination;
        if (termination.WaitFor(0).has_value()) _exit(1);
        kill(getpid(), SIGTERM);
        if (termination.Wait() != SIGTERM) _exit(2);
        kill(getpid(), SIGINT);
        while (true) pause();
      },
      testing::ExitedWithCode(128 + SIGINT), "");
}

}  // namespace
}  // namespace docstore::host
