// VirtualNetwork: peer streams between nodes in one process, in virtual time.
//
// Frames travel encoded, packet by packet, as over gRPC: first in first out within a stream, any
// order across streams, with a window of bytes after which the sender waits for the receiver to
// read. Links between two hosts can be cut (streams die with what is in flight), stalled in one or
// both directions (nothing arrives until it is healed), slow, and killed after so many frames. Not
// thread-safe.

#ifndef DOCSTORE_SERVER_NODE_VIRTUAL_NETWORK_H_
#define DOCSTORE_SERVER_NODE_VIRTUAL_NETWORK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "server/node/env.h"
#include "server/node/virtual_time.h"

namespace docstore::node {

class VirtualConnection;

class VirtualNetwork {
 public:
  // Who answers at an address.
  struct Host {
    std::string address;
    VirtualExecutor* executor = nullptr;  // the node's link executor
    std::function<PeerStreamEvents*(std::unique_ptr<PeerStream>)> accept;
    std::function<PeerNetwork::Identity()> identity;
  };

  // `time` must outlive the network and all streams.
  explicit VirtualNetwork(VirtualTime* time) : time_(time) {}

  // The network as the process at `host.address` sees it. `host` must outlive it.
  std::unique_ptr<PeerNetwork> Attach(const Host* host);
  // The process there is gone: its streams hear nothing more, the other ends are closed.
  void Detach(const Host* host);
  // `alias` leads to the host at `address`, as a second name in the DNS does.
  void AddAlias(const std::string& alias, const std::string& address);

  void Cut(const std::string& a, const std::string& b);
  void Stall(const std::string& a, const std::string& b);
  // Only what `from` sends waits.
  void StallOneWay(const std::string& from, const std::string& to);
  void Heal(const std::string& a, const std::string& b);
  void HealAll();
  // How fast packets travel in one direction.
  struct Speed {
    int64_t latency_us_min = 50;
    int64_t latency_us_max = 2000;
    uint64_t bytes_per_ms = 500'000;
  };
  void SetSpeed(const std::string& from, const std::string& to, const Speed& speed);
  // So many of a hundred frames with documents arrive twice.
  void SetDuplicates(uint64_t percent) { duplicate_percent_ = percent; }
  // Packets carry a field that the receiver does not know.
  void SetUnknownFields(bool on) { unknown_fields_ = on; }
  bool IsCut(const std::string& a, const std::string& b) const;
  // What `a` sends to `b` waits.
  bool IsStalled(const std::string& a, const std::string& b) const;
  // The stream that receives the `frames`-th frame from now dies right after it.
  void KillAfterFrames(uint64_t frames) { kill_after_ = frames; }
  // Called with every frame as it arrives, until cleared.
  using Observer =
      std::function<void(const std::string& from, const std::string& to, const core::Frame&)>;
  void Observe(Observer observer) { observer_ = std::move(observer); }

  uint64_t dials() const { return dials_; }
  uint64_t frames() const { return frames_; }
  uint64_t bytes() const { return bytes_; }  // of the frames that arrived
  // Streams whose both ends are open.
  size_t open_streams() const;
  // Most bytes that were ever sent and not yet read on one stream in one direction.
  uint64_t unread_bytes_max() const { return unread_bytes_max_; }

 private:
  friend class VirtualConnection;
  class Port;

  using Pair = std::pair<std::string, std::string>;
  static Pair PairOf(const std::string& a, const std::string& b) {
    return a < b ? Pair(a, b) : Pair(b, a);
  }
  const Host* Find(const std::string& address) const;
  std::unique_ptr<PeerStream> Dial(const Host* from, const std::string& address,
                                   PeerStreamEvents* events);
  void Identify(const Host* from, const std::string& address, int64_t timeout_ms,
                absl::AnyInvocable<void(absl::StatusOr<PeerNetwork::Identity>)> done);
  const Speed& SpeedOf(const std::string& from, const std::string& to) const;
  int64_t Latency(const std::string& from, const std::string& to);
  // A frame was delivered; true when its stream must die now.
  bool CountFrame(const std::string& from, const std::string& to, const core::Frame& frame,
                  uint64_t bytes);
  void ForgetClosed();

  VirtualTime* const time_;
  std::map<std::string, const Host*> hosts_;
  std::map<std::string, std::string> aliases_;
  std::set<Pair> cut_;
  std::set<Pair> stalled_;        // from, to
  std::map<Pair, Speed> speeds_;  // from, to
  std::vector<std::shared_ptr<VirtualConnection>> connections_;
  Observer observer_;
  uint64_t dials_ = 0;
  uint64_t frames_ = 0;
  uint64_t bytes_ = 0;
  uint64_t kill_after_ = 0;  // 0: never
  uint64_t duplicate_percent_ = 0;
  bool unknown_fields_ = false;
  uint64_t unread_bytes_max_ = 0;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_VIRTUAL_NETWORK_H_
