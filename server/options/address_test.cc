#include "server/options/address.h"

#include <gtest/gtest.h>

namespace docstore::options {
namespace {

TEST(Address, ReadsWhatItPrints) {
  for (const char* text :
       {"127.0.0.1:7421", "[::1]:0", "node-1.example_net:65535", "h:0", "[fe80::1%eth0]:7422"}) {
    const auto address = ParseAddress(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->ToString(), text);
  }
}

TEST(Address, IsRefusedWhenMalformed) {
  for (const char* text : {"", "host", ":1", "host:", "host:65536", "host:-1", "host:+1", "host: 1",
                           "host:1x", "::1:7421", "[]:1", "[::1]", "a b:1", "a,b:1", "h:000001"}) {
    EXPECT_EQ(ParseAddress(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(ParseAddress(std::string(254, 'h') + ":1").ok());
  EXPECT_TRUE(ParseAddress(std::string(253, 'h') + ":1").ok());
}

TEST(Address, KnowsLoopbackByItsText) {
  for (const char* text : {"127.0.0.1:1", "127.255.0.3:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(ParseAddress(text)->is_loopback()) << text;
  }
  for (const char* text : {"0.0.0.0:1", "128.0.0.1:1", "127.example.com:1", "127.0.0.256:1",
                           "127.0.0:1", "[::]:1", "localhost.example.com:1"}) {
    EXPECT_FALSE(ParseAddress(text)->is_loopback()) << text;
  }
}

TEST(Address, KnowsWildcards) {
  EXPECT_TRUE(ParseAddress("0.0.0.0:1")->is_wildcard());
  EXPECT_TRUE(ParseAddress("[::]:1")->is_wildcard());
  EXPECT_FALSE(ParseAddress("127.0.0.1:1")->is_wildcard());
}

}  // namespace
}  // namespace docstore::options
