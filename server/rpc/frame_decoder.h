// DecodeFrame: checks one docstore.peer.v1.Frame and turns it into a core::Frame.
//
// The rules stand in frame_codec.h, whose FrameAssembler is the only caller.

#ifndef DOCSTORE_SERVER_RPC_FRAME_DECODER_H_
#define DOCSTORE_SERVER_RPC_FRAME_DECODER_H_

#include "absl/status/statusor.h"
#include "docstore/peer/v1/frame.pb.h"
#include "server/core/frame.h"

namespace docstore::rpc {

// Moves bodies out of `message`, which is then good for nothing else. INVALID_ARGUMENT when it
// breaks a rule.
absl::StatusOr<core::Frame> DecodeFrame(peer::v1::Frame* message);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_FRAME_DECODER_H_
