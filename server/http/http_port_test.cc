#include "server/http/http_port.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace docstore::http {
namespace {

HttpOptions Loopback(std::function<bool()> ready) {
  return {.host = "127.0.0.1",
          .port = 0,
          .version = {.version = "1.2.3", .protocol = 4, .schema = 5},
          .ready = std::move(ready)};
}

TEST(HttpPort, AnswersHealthAndVersion) {
  const auto port = HttpPort::Start(Loopback([] { return true; }));
  ASSERT_TRUE(port.ok()) << port.status();
  httplib::Client client("127.0.0.1", (*port)->port());
  EXPECT_EQ(client.Get("/healthz")->status, 200);
  EXPECT_EQ(client.Get("/version")->body, "{\"version\":\"1.2.3\",\"protocol\":4,\"schema\":5}\n");
  EXPECT_EQ(client.Get("/version")->get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(client.Get("/absent")->status, 404);
}

TEST(HttpPort, FollowsReadiness) {
  std::atomic<bool> ready = false;
  const auto port = HttpPort::Start(Loopback([&ready] { return ready.load(); }));
  ASSERT_TRUE(port.ok()) << port.status();
  httplib::Client client("127.0.0.1", (*port)->port());
  EXPECT_EQ(client.Get("/readyz")->status, 503);
  ready = true;
  EXPECT_EQ(client.Get("/readyz")->status, 200);
}

TEST(HttpPort, RefusesTakenPortAndNamesIt) {
  const auto first = HttpPort::Start(Loopback([] { return true; }));
  ASSERT_TRUE(first.ok()) << first.status();
  HttpOptions options = Loopback([] { return true; });
  options.port = (*first)->port();
  const auto second = HttpPort::Start(options);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(
      absl::StrContains(second.status().message(), absl::StrCat("127.0.0.1:", (*first)->port())))
      << second.status();
}

TEST(HttpPort, StopsRightAfterStart) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(HttpPort::Start(Loopback([] { return true; })).ok());
}

}  // namespace
}  // namespace docstore::http
