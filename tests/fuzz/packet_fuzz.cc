// What a peer may send: any bytes decode to a frame that encodes to the same again, or are refused.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "docstore/peer/v1/frame.pb.h"
#include "server/base/check.h"
#include "server/rpc/frame_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  docstore::peer::v1::Packet packet;
  if (!packet.ParseFromArray(data, static_cast<int>(size))) return 0;
  docstore::rpc::FrameAssembler assembler;
  absl::StatusOr<std::optional<docstore::rpc::AssembledFrame>> frame =
      assembler.Add(std::move(packet));
  if (!frame.ok()) {
    CHECK(frame.status().code() == absl::StatusCode::kInvalidArgument);
    return 0;
  }
  if (!frame->has_value()) return 0;
  docstore::rpc::FrameAssembler again;
  for (docstore::peer::v1::Packet& copy : docstore::rpc::EncodeFrame((*frame)->frame)) {
    CHECK(again.Add(std::move(copy)).ok());
  }
  return 0;
}
