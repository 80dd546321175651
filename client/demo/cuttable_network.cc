#include "client/demo/cuttable_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/demo/socket_owner.h"

namespace docstore::client::demo {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr int kBacklog = 64;

absl::Status SystemError(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void SetNoDelay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

// A connection to `port` of this machine; -1 when nobody listens there.
int ConnectTo(uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  const sockaddr_in address = Loopback(port);
  // On loopback it succeeds or fails at once.
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    SetNoDelay(socket);
    return socket;
  }
  close(socket);
  return -1;
}

// Closes so that the other end sees a broken connection, not an orderly end.
void Reset(int socket) {
  const linger at_once = {1, 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(socket);
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

absl::StatusOr<std::unique_ptr<CuttableNetwork>> CuttableNetwork::Start(size_t nodes) {
  std::unique_ptr<CuttableNetwork> network(new CuttableNetwork(nodes));
  const absl::Status status = network->Open();
  if (!status.ok()) return status;
  network->thread_ = std::thread([raw = network.get()] { raw->Run(); });
  return network;
}

CuttableNetwork::~CuttableNetwork() {
  stopping_ = true;
  if (wake_ >= 0) eventfd_write(wake_, 1);
  if (thread_.joinable()) thread_.join();
  for (const Line& line : lines_) Close(line);
  for (const int front : fronts_) close(front);
  if (wake_ >= 0) close(wake_);
}

absl::Status CuttableNetwork::Open() {
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) return SystemError("eventfd");
  for (size_t node = 0; node < nodes_; ++node) {
    const int front = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (front < 0) return SystemError("socket");
    fronts_.push_back(front);
    sockaddr_in address = Loopback(0);
    socklen_t length = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(front, generic, length) != 0 || listen(front, kBacklog) != 0 ||
        getsockname(front, generic, &length) != 0) {
      return SystemError("cannot listen on loopback");
    }
    front_ports_.push_back(ntohs(address.sin_port));
  }
  return absl::OkStatus();
}

std::string CuttableNetwork::address(size_t node) const {
  return absl::StrCat("127.0.0.1:", front_ports_[node]);
}

void CuttableNetwork::SetCut(size_t node, bool cut) {
  const uint32_t bit = uint32_t{1} << node;
  if (cut) {
    cuts_ |= bit;
  } else {
    cuts_ &= ~bit;
  }
  const uint32_t change = ++asked_;
  eventfd_write(wake_, 1);
  for (uint32_t applied = applied_; applied < change; applied = applied_) applied_.wait(applied);
}

bool CuttableNetwork::Passes(const Line& line) const {
  return line.dialler == line.dialled || (!cut(line.dialler) && !cut(line.dialled));
}

void CuttableNetwork::Close(const Line& line) {
  Reset(line.forth.from);
  Reset(line.forth.to);
}

void CuttableNetwork::Run() {
  std::vector<pollfd> polled;
  while (!stopping_) {
    polled.assign(1, {wake_, POLLIN, 0});
    for (const int front : fronts_) polled.push_back({front, POLLIN, 0});
    for (const Line& line : lines_) {
      for (const Flow* flow : {&line.forth, &line.back}) {
        // A flow waits either for room or for bytes; -1 is skipped.
        const bool full = !flow->pending.empty();
        polled.push_back({full          ? flow->to
                          : flow->ended ? -1
                                        : flow->from,
                          static_cast<int16_t>(full ? POLLOUT : POLLIN), 0});
      }
    }
    if (poll(polled.data(), polled.size(), -1) < 0) continue;
    eventfd_t ignored = 0;
    eventfd_read(wake_, &ignored);
    DropCutLines();
    lines_.remove_if([](Line& line) {
      if (Move(&line)) return false;
      close(line.forth.from);
      close(line.forth.to);
      return true;
    });
    for (size_t node = 0; node < nodes_; ++node) {
      if ((polled[1 + node].revents & POLLIN) != 0) Accept(node);
    }
  }
}

void CuttableNetwork::DropCutLines() {
  const uint32_t asked = asked_;
  lines_.remove_if([this](const Line& line) {
    if (Passes(line)) return false;
    Close(line);
    return true;
  });
  if (applied_.exchange(asked) != asked) applied_.notify_all();
}

void CuttableNetwork::Accept(size_t node) {
  sockaddr_in address = {};
  socklen_t length = sizeof(address);
  const int accepted =
      accept4(fronts_[node], reinterpret_cast<sockaddr*>(&address), &length, SOCK_CLOEXEC);
  if (accepted < 0) return;
  const std::vector<pid_t> pids(pids_.begin(), pids_.begin() + static_cast<int64_t>(nodes_));
  const pid_t owner = FindSocketOwner(ntohs(address.sin_port), front_ports_[node], pids);
  const auto dialler =
      static_cast<size_t>(std::find(pids.begin(), pids.end(), owner) - pids.begin());
  Line line = {.dialler = dialler, .dialled = node, .forth = {}, .back = {}};
  const uint16_t port = ports_[node];
  const bool welcome =
      owner != 0 && port != 0 && dialler < nodes_ && lines_.size() < kLinesMax && Passes(line);
  const int dialled = welcome ? ConnectTo(port) : -1;
  if (dialled < 0) {
    Reset(accepted);
    return;
  }
  SetNoDelay(accepted);
  line.forth.from = line.back.to = accepted;
  line.forth.to = line.back.from = dialled;
  lines_.push_back(std::move(line));
}

bool CuttableNetwork::Move(Line* line) {
  for (Flow* const flow : {&line->forth, &line->back}) {
    if (flow->pending.empty() && !flow->ended) {
      flow->pending.resize(kReadBytes);
      const ssize_t got = recv(flow->from, flow->pending.data(), kReadBytes, MSG_DONTWAIT);
      flow->ended = got == 0 || (got < 0 && !WouldBlock());
      flow->pending.resize(got > 0 ? static_cast<size_t>(got) : 0);
    }
    if (flow->pending.empty()) continue;
    const ssize_t sent =
        send(flow->to, flow->pending.data(), flow->pending.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) flow->pending.erase(0, static_cast<size_t>(sent));
    if (sent < 0 && !WouldBlock()) return false;
  }
  // Whoever ends one direction ends the line, once the other has its last bytes.
  return !((line->forth.ended && line->forth.pending.empty()) ||
           (line->back.ended && line->back.pending.empty()));
}

}  // namespace docstore::client::demo
