// Frame codec: core::Frame to docstore.peer.v1 messages and back, and frames to packets.
//
// A frame of up to 32 KiB travels as one Packet, a larger one as pieces of its encoding, so that
// no message on the peer port passes 1 MiB. A peer is part of the world: whatever it sends decodes
// to a frame that keeps every promise of server/core's types, or fails with INVALID_ARGUMENT and a
// sentence that says which rule it broke. No gRPC in here. Not thread-safe.
//
//   message        must hold
//   DotSet         origins ascend; intervals ascend, never touch, are not empty, end below 2^63
//   Dot            1 <= seq < 2^63
//   Version        hlc < 2^63; a tombstone has neither body nor hash; another has a body of 1 byte
//                  to 8 MiB whose XXH3-128 is its hash
//   Document       collection and id as api.md says; at most 4096 versions, ascending by dot;
//                  context ascends by origin, one dot each, and covers every version or is empty;
//                  policy is one this release knows
//   floor          ascends by origin, one dot each
//   KeyRange       keys as in Document; `through` is above `after`
//   RepairDocs     documents ascend by key, lie in the range and resolve nothing; the clock covers
//                  the floor
//   Member         name of 1 to 255 bytes, uuid of 16 bytes, addresses of at most 255 bytes
//   Hello          at most 4096 members, cluster name of 1 to 255 bytes, proof of at most 255 bytes
//   ClockRequest   nonce is not 0
//   Refusal        text of at most 4096 bytes; an unknown reason reads as unspecified
//   Piece          1 byte to 32 KiB; total over 32 KiB, at most 768 MiB, equal in all pieces

#ifndef DOCSTORE_SERVER_RPC_FRAME_CODEC_H_
#define DOCSTORE_SERVER_RPC_FRAME_CODEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "docstore/peer/v1/frame.pb.h"
#include "server/core/frame.h"

namespace docstore::rpc {

// An encoded frame above this travels in pieces of this size. Each piece shows that the peer lives:
// it must pass a slow link within node::Link::kSilenceUsMax, 10 s, which at 4 KiB/s it does.
inline constexpr uint64_t kPieceBytesMax = 32 << 10;
// Largest encoded frame: 64 siblings of 8 MiB, and what a merge may add to them.
inline constexpr uint64_t kFrameBytesMax = uint64_t{768} << 20;
inline constexpr uint64_t kBodyBytesMax = 8 << 20;
inline constexpr int kVersionsMax = 4096;
inline constexpr int kMembersMax = 4096;
inline constexpr uint64_t kMemberTextBytesMax = 255;
inline constexpr uint64_t kRefusalTextBytesMax = 4096;

// The packets of `frame`, to be sent in this order with nothing between. The frame obeys the table
// above and encodes to at most kFrameBytesMax. Never empty.
std::vector<peer::v1::Packet> EncodeFrame(const core::Frame& frame);

struct AssembledFrame {
  core::Frame frame;
  uint64_t bytes = 0;  // of the encoded frame, not counting what packets and pieces add
};

// Puts the packets of one stream together again. Holds at most one frame's bytes.
class FrameAssembler {
 public:
  // The frame that `packet` completes; nothing while pieces are outstanding. INVALID_ARGUMENT when
  // the packet or the frame is malformed: the stream must then be closed, every later call fails.
  absl::StatusOr<std::optional<AssembledFrame>> Add(peer::v1::Packet packet);

 private:
  absl::StatusOr<std::optional<AssembledFrame>> AddWhole(peer::v1::Frame* message);
  absl::StatusOr<std::optional<AssembledFrame>> AddPiece(const peer::v1::Piece& piece);

  bool failed_ = false;
  uint64_t total_bytes_ = 0;  // of the frame under way, 0 when there is none
  std::string bytes_;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_FRAME_CODEC_H_
