#include "server/options/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "server/options/settings.h"

namespace docstore::options {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Variables = std::map<std::string, std::string>;

Environment Of(const Variables& variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    if (it == variables.end()) return std::nullopt;
    return it->second;
  };
}

std::string WriteFile(const std::string& text) {
  const std::string path = testing::TempDir() + "/node.toml";
  std::ofstream(path) << text;
  return path;
}

absl::StatusOr<Options> Read(const std::vector<std::string>& arguments,
                             const Variables& variables = {}) {
  auto line = ReadSettings(arguments, Of(variables));
  if (!line.ok()) return line.status();
  return MakeOptions(*line, "host1");
}

std::string ErrorOf(const std::vector<std::string>& arguments, const Variables& variables = {}) {
  const auto options = Read(arguments, variables);
  return options.ok() ? "no error" : std::string(options.status().message());
}

TEST(Options, HasDefaultsWhenNothingIsGiven) {
  const auto options = Read({});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->name, "host1");
  EXPECT_EQ(options->cluster, "docstore");
  EXPECT_EQ(options->listen.ToString(), "127.0.0.1:7421");
  EXPECT_EQ(options->peer_listen.ToString(), "127.0.0.1:7422");
  EXPECT_EQ(options->http_listen.ToString(), "127.0.0.1:7423");
  EXPECT_EQ(options->document_bytes_max, 1u << 20);
  EXPECT_EQ(options->min_free_disk_bytes, 256u << 20);
  EXPECT_TRUE(options->seeds.empty());
  EXPECT_FALSE(options->advertise.has_value());
  EXPECT_FALSE(options->insecure);
  EXPECT_FALSE(options->exposed());
}

TEST(Options, TakesFlagBeforeEnvironmentBeforeFileBeforeDefault) {
  const std::string config = WriteFile(
      "name = \"from-file\"\ncluster = \"from-file\"\ndata = \"from-file\"\n"
      "document-bytes-max = 4096\ninsecure = true\nseeds = [\"a:1\", \"b:2\"]\n");
  const auto options =
      Read({"--name", "from-flag", "--config", config}, {{"DOCSTORE_NAME", "from-environment"},
                                                         {"DOCSTORE_CLUSTER", "from-environment"},
                                                         {"DOCSTORE_INSECURE", "false"}});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->name, "from-flag");
  EXPECT_EQ(options->cluster, "from-environment");
  EXPECT_EQ(options->data, "from-file");
  EXPECT_EQ(options->document_bytes_max, 4096u);
  EXPECT_FALSE(options->insecure);
  EXPECT_THAT(options->seeds, ElementsAre("a:1", "b:2"));
  EXPECT_EQ(options->listen.ToString(), "127.0.0.1:7421");
}

TEST(Options, TakesConfigPathFromEnvironment) {
  const auto options = Read({}, {{"DOCSTORE_CONFIG", WriteFile("name = \"n\"\n")}});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->name, "n");
}

TEST(Options, RefusesUnknownFlag) {
  EXPECT_THAT(ErrorOf({"--nmae", "x"}), HasSubstr("--nmae"));
  EXPECT_THAT(ErrorOf({"stray"}), HasSubstr("stray"));
  EXPECT_THAT(ErrorOf({"--name"}), HasSubstr("--name"));
}

TEST(Options, RefusesUnknownKeyOfFileWithItsLine) {
  const std::string error = ErrorOf({"--config", WriteFile("# first\nname = \"n\"\nnmae = 1\n")});
  EXPECT_THAT(error, HasSubstr("node.toml:3"));
  EXPECT_THAT(error, HasSubstr("nmae"));
  EXPECT_THAT(ErrorOf({"--config", WriteFile("config = \"x\"\n")}), HasSubstr("node.toml:1"));
}

TEST(Options, RefusesWrongTypeInFileWithItsLine) {
  EXPECT_THAT(ErrorOf({"--config", WriteFile("\nname = 5\n")}), HasSubstr("node.toml:2"));
  EXPECT_THAT(ErrorOf({"--config", WriteFile("insecure = \"yes\"\n")}), HasSubstr("true or false"));
  EXPECT_THAT(ErrorOf({"--config", WriteFile("seeds = [1]\n")}), HasSubstr("list of strings"));
  EXPECT_THAT(ErrorOf({"--config", WriteFile("document-bytes-max = 1.5\n")}),
              HasSubstr("whole number"));
}

TEST(Options, RefusesBadTomlWithItsLine) {
  EXPECT_THAT(ErrorOf({"--config", WriteFile("name = \"n\"\n= 1\n")}), HasSubstr("node.toml:2"));
}

TEST(Options, RefusesMissingFile) {
  EXPECT_EQ(Read({"--config", testing::TempDir() + "/absent.toml"}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(Options, SaysWhereBadValueCameFrom) {
  EXPECT_THAT(ErrorOf({}, {{"DOCSTORE_LISTEN", "nowhere"}}),
              HasSubstr("environment DOCSTORE_LISTEN"));
  EXPECT_THAT(ErrorOf({"--listen", "nowhere"}), HasSubstr("listen (from flag)"));
  EXPECT_THAT(ErrorOf({}, {{"DOCSTORE_INSECURE", "maybe"}}), HasSubstr("DOCSTORE_INSECURE"));
}

TEST(Options, RefusesReplicaRoleClearly) {
  EXPECT_THAT(ErrorOf({"--role", "replica"}), HasSubstr("this release has masters only"));
  EXPECT_THAT(ErrorOf({"--role", "king"}), HasSubstr("no role"));
  EXPECT_TRUE(Read({"--role", "master"}).ok());
}

TEST(Options, RefusesOtherThanLoopbackUnlessInsecure) {
  for (const char* flag : {"--listen", "--peer-listen", "--http-listen"}) {
    EXPECT_THAT(ErrorOf({flag, "0.0.0.0:0"}), HasSubstr("--insecure")) << flag;
    const auto options = Read({flag, "0.0.0.0:0", "--insecure"});
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_TRUE(options->exposed());
  }
}

TEST(Options, BoundsDocumentBytes) {
  EXPECT_TRUE(Read({"--document-bytes-max", "8388608"}).ok());
  for (const char* text : {"8388609", "0", "1", "-5", "1k", ""}) {
    EXPECT_FALSE(Read({"--document-bytes-max", text}).ok()) << text;
  }
}

TEST(Options, TakesFreeDiskFromFlagEnvironmentAndFile) {
  EXPECT_EQ(Read({"--min-free-disk", "0"})->min_free_disk_bytes, 0u);
  EXPECT_EQ(Read({}, {{"DOCSTORE_MIN_FREE_DISK", "7"}})->min_free_disk_bytes, 7u);
  EXPECT_EQ(Read({"--config", WriteFile("min-free-disk = 8\n")})->min_free_disk_bytes, 8u);
  for (const char* text : {"-1", "1G", ""}) {
    EXPECT_THAT(ErrorOf({"--min-free-disk", text}), HasSubstr("number of bytes")) << text;
  }
}

TEST(Options, TakesDotIndexMax) {
  EXPECT_EQ(Read({})->dot_index_max, 50'000'000u);
  EXPECT_EQ(Read({"--dot-index-max", "7"})->dot_index_max, 7u);
  for (const char* text : {"-1", "1M", ""}) {
    EXPECT_THAT(ErrorOf({"--dot-index-max", text}), HasSubstr("number of writes")) << text;
  }
}

TEST(Options, BoundsNames) {
  EXPECT_TRUE(Read({"--name", std::string(128, 'n')}).ok());
  EXPECT_FALSE(Read({"--name", std::string(129, 'n')}).ok());
  EXPECT_FALSE(Read({"--name", "a b"}).ok());
  EXPECT_FALSE(Read({"--cluster", ""}).ok());
}

TEST(Options, ReadsSeedsOnceEach) {
  const auto options = Read({"--seeds", "a:1, b:2,a:1,"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_THAT(options->seeds, ElementsAre("a:1", "b:2"));
  EXPECT_THAT(ErrorOf({"--seeds", "a:0"}), HasSubstr("no port"));
  EXPECT_THAT(ErrorOf({"--seeds", "a"}), HasSubstr("HOST:PORT"));
}

TEST(Options, PrintsEveryValueWithItsSource) {
  const std::string config = WriteFile("cluster = \"c\"\n");
  const auto line =
      ReadSettings({"--config", config, "--seeds", "a:1,b:2", "--insecure", "--print-config"},
                   Of({{"DOCSTORE_DATA", "d \"x\""}}));
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_TRUE(line->print_config);
  const std::string text = FormatSettings(*line, "host1");
  EXPECT_THAT(text, HasSubstr("name = \"host1\"  # default: host name\n"));
  EXPECT_THAT(text, HasSubstr("cluster = \"c\"  # " + config + ":1\n"));
  EXPECT_THAT(text, HasSubstr("data = \"d \\\"x\\\"\"  # environment DOCSTORE_DATA\n"));
  EXPECT_THAT(text, HasSubstr("seeds = [\"a:1\", \"b:2\"]  # flag\n"));
  EXPECT_THAT(text, HasSubstr("insecure = true  # flag\n"));
  EXPECT_THAT(text, HasSubstr("document-bytes-max = 1048576  # default\n"));
}

TEST(Options, PrintedConfigurationReadsBackTheSame) {
  const auto line = ReadSettings({"--seeds", "a:1,b:2", "--name", "n", "--insecure"}, Of({}));
  ASSERT_TRUE(line.ok());
  const auto again = ReadSettings({"--config", WriteFile(FormatSettings(*line, "host1"))}, Of({}));
  ASSERT_TRUE(again.ok()) << again.status();
  for (const Key& key : Keys()) {
    if (key.name == std::string("config")) continue;
    EXPECT_EQ(again->settings.at(key.name).value, line->settings.at(key.name).value) << key.name;
  }
}

TEST(Options, OffersHelpAndVersionWithoutReadingAnything) {
  const auto help = ReadSettings({"--help", "--config", "absent"}, Of({}));
  ASSERT_TRUE(help.ok());
  EXPECT_THAT(help->help, HasSubstr("--peer-listen"));
  const auto version = ReadSettings({"--version", "--config", "absent"}, Of({}));
  ASSERT_TRUE(version.ok());
  EXPECT_TRUE(version->print_version);
}

TEST(Options, AdvertisesWhatOthersCanReach) {
  const Address any{.host = "0.0.0.0", .port = 0};
  const Address loopback{.host = "127.0.0.1", .port = 0};
  EXPECT_EQ(AdvertisedAddress(std::nullopt, loopback, 7000, "host1"), "127.0.0.1:7000");
  EXPECT_EQ(AdvertisedAddress(std::nullopt, any, 7000, "host1"), "host1:7000");
  EXPECT_EQ(AdvertisedAddress(Address{.host = "n", .port = 9}, any, 7000, "host1"), "n:9");
  EXPECT_EQ(AdvertisedAddress(Address{.host = "n", .port = 0}, any, 7000, "host1"), "n:7000");
  EXPECT_THAT(ErrorOf({"--advertise", "0.0.0.0:7421"}), HasSubstr("wildcard"));
}

}  // namespace
}  // namespace docstore::options
