#include "client/demo/cuttable_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "client/demo/socket_owner.h"
#include "gtest/gtest.h"

namespace docstore::client::demo {
namespace {

// Reads must end even when the code under test loses bytes.
constexpr timeval kPatience = {20, 0};

class Socket {
 public:
  Socket() : Socket(socket(AF_INET, SOCK_STREAM, 0)) {}
  explicit Socket(int descriptor) : descriptor_(descriptor) {
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  }
  Socket(const Socket&) = delete;
  ~Socket() { close(descriptor_); }

  uint16_t Listen() {
    sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    bind(descriptor_, reinterpret_cast<sockaddr*>(&address), length);
    listen(descriptor_, 8);
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
  }
  int Accept() { return accept(descriptor_, nullptr, nullptr); }
  bool Connect(const std::string& to) {
    int port = 0;
    if (!absl::SimpleAtoi(to.substr(to.rfind(':') + 1), &port)) return false;
    sockaddr_in address = {.sin_family = AF_INET,
                           .sin_port = htons(static_cast<uint16_t>(port)),
                           .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  void Send(const std::string& text) { send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL); }
  // As many bytes; fewer when the connection ends before.
  std::string Receive(size_t bytes) {
    std::string text(bytes, '\0');
    const ssize_t got = recv(descriptor_, text.data(), bytes, MSG_WAITALL);
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return text;
  }

 private:
  const int descriptor_;
};

// Two nodes: 0 is this very process, which dials; 1 listens here and is no process.
class CuttableNetworkTest : public testing::Test {
 protected:
  CuttableNetworkTest() {
    network_->SetProcess(0, getpid());
    network_->SetPort(1, listener_.Listen());
  }

  Socket listener_;
  std::unique_ptr<CuttableNetwork> network_ = *CuttableNetwork::Start(2);
};

TEST_F(CuttableNetworkTest, PassesBytesBothWays) {
  Socket dialler;
  ASSERT_TRUE(dialler.Connect(network_->address(1)));
  Socket dialled(listener_.Accept());
  const std::string large(3 << 20, 'x');
  std::thread sender([&] { dialler.Send(large); });
  EXPECT_EQ(dialled.Receive(large.size()), large);
  sender.join();
  dialled.Send("answer");
  EXPECT_EQ(dialler.Receive(6), "answer");
}

TEST_F(CuttableNetworkTest, CutsWhatStandsAndWhatComesUntilHealed) {
  Socket before;
  ASSERT_TRUE(before.Connect(network_->address(1)));
  Socket accepted(listener_.Accept());
  for (const size_t node : {0u, 1u}) {
    network_->SetCut(node, true);
    EXPECT_TRUE(network_->cut(node));
    EXPECT_EQ(before.Receive(1), "");
    EXPECT_EQ(accepted.Receive(1), "");
    Socket meanwhile;
    meanwhile.Connect(network_->address(1));
    EXPECT_EQ(meanwhile.Receive(1), "");
    network_->SetCut(node, false);
    EXPECT_FALSE(network_->cut(node));
  }
  Socket after;
  ASSERT_TRUE(after.Connect(network_->address(1)));
  Socket again(listener_.Accept());
  after.Send("hello");
  EXPECT_EQ(again.Receive(5), "hello");
}

TEST_F(CuttableNetworkTest, EndsBothSidesWhenOneEnds) {
  Socket dialler;
  ASSERT_TRUE(dialler.Connect(network_->address(1)));
  {
    Socket dialled(listener_.Accept());
    dialled.Send("last");
  }
  EXPECT_EQ(dialler.Receive(4), "last");
  EXPECT_EQ(dialler.Receive(1), "");
}

TEST_F(CuttableNetworkTest, RefusesStrangersAndNodesThatAreDown) {
  network_->SetProcess(0, 0);
  Socket stranger;
  stranger.Connect(network_->address(1));
  EXPECT_EQ(stranger.Receive(1), "");
  network_->SetProcess(0, getpid());
  network_->SetPort(1, 0);
  Socket early;
  early.Connect(network_->address(1));
  EXPECT_EQ(early.Receive(1), "");
}

TEST(SocketOwner, ReadsInodesByBothPortsAndSkipsWhatIsNoLine) {
  const std::string table =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
      "   0: 0100007F:9C40 0100007F:1CFE 01 00000000:00000000 00:00000000 00000000  1000 0 41 1\n"
      "   1: 0100007F:9C41 0100007F:1CFE 01 00000000:00000000 00:00000000 00000000  1000 0 42 1\n"
      "   2: 0100007F:1CFE 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000 0 43 1\n"
      "   3: 0000000000000000FFFF00000100007F:9C40 0000000000000000FFFF00000100007F:1CFE 01 "
      "00000000:00000000 00:00000000 00000000  1000 0 44 1\n"
      "   4: nonsense\n";
  EXPECT_EQ(SocketInodes(table, 40000, 7422), (std::set<std::string>{"41", "44"}));
  EXPECT_EQ(SocketInodes(table, 1, 2), std::set<std::string>());
  EXPECT_EQ(SocketInodes("", 1, 2), std::set<std::string>());
}

}  // namespace
}  // namespace docstore::client::demo
