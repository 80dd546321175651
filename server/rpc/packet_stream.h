// PacketStream: what both ends of a Sync stream have in common: frames over packets, the order of
// events, and who may still touch what.
//
// gRPC calls back on its own threads; everything there is posted to the link executor, which alone
// owns the state, so there is no lock. A stream lives as long as gRPC, the PeerStream handle or a
// posted task refers to it. One read and one write are in flight at most; the next read begins when
// the frame before has been handled, which is all the backpressure a peer sees. When the handle is
// destroyed the stream is cancelled and says nothing more.

#ifndef DOCSTORE_SERVER_RPC_PACKET_STREAM_H_
#define DOCSTORE_SERVER_RPC_PACKET_STREAM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "docstore/peer/v1/frame.pb.h"
#include "server/core/frame.h"
#include "server/node/env.h"
#include "server/rpc/frame_codec.h"

namespace docstore::rpc {

// A stream that was closed is cancelled when the peer does not answer for this long.
inline constexpr int64_t kCloseTimeoutUs = 1'000'000;

class PacketStream : public std::enable_shared_from_this<PacketStream> {
 public:
  // `executor` must outlive the stream.
  explicit PacketStream(node::Executor* executor) : executor_(executor) {}
  virtual ~PacketStream() = default;

  // The node's handle of this stream; its destruction cancels. Once.
  std::unique_ptr<node::PeerStream> MakeHandle();
  // Sends events to `events` from here on and begins to read. On the link executor, once.
  void Begin(node::PeerStreamEvents* events);

 protected:
  // Results of what the transport was asked for; any thread.
  void PacketRead(bool ok, peer::v1::Packet packet);
  // A message came that holds no packet; `why` says so.
  void PacketUnreadable(absl::Status why);
  void PacketWritten(bool ok);
  // Last of all: gRPC is done with the stream.
  void StreamDone(absl::Status status);

  // Releases the transport, once. On the link executor.
  void End(const absl::Status& status);

 private:
  class Handle;

  // The transport. None is called after Release, but Cancel.
  virtual void ReadPacket() = 0;
  virtual void WritePacket(peer::v1::Packet packet) = 0;
  // The last packet of this side has been written: tells the peer.
  virtual void EndWrites() = 0;
  // Breaks the stream off.
  virtual void Cancel() = 0;
  // See node::PeerStream.
  virtual std::string Remote() const { return ""; }
  // Nothing more will be asked for; `status` says why, for the peer if it can still be told.
  virtual void Release(const absl::Status& status) = 0;

  // All below on the link executor.
  void Send(core::Frame frame);
  void Close();
  void Abandon();
  void WriteNext();
  void HandlePacket(absl::StatusOr<std::optional<AssembledFrame>> result);
  void HandleWritten(bool ok);

  node::Executor* const executor_;
  node::PeerStreamEvents* events_ = nullptr;
  FrameAssembler assembler_;  // belongs to the read in flight
  std::vector<peer::v1::Packet> packets_;
  size_t next_packet_ = 0;
  absl::Status failure_;  // what this side found wrong
  bool writing_ = false;  // a frame is under way
  bool closing_ = false;
  bool abandoned_ = false;
  bool released_ = false;
  bool done_ = false;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_PACKET_STREAM_H_
