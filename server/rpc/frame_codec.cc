#include "server/rpc/frame_codec.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/check.h"
#include "server/base/status_macros.h"
#include "server/rpc/frame_decoder.h"

namespace docstore::rpc {
namespace {

namespace wire = ::docstore::peer::v1;

// Works on what both Ranges and Clock::ToRanges give: sorted, disjoint, never adjacent.
void EncodeRanges(const core::Ranges& ranges, wire::DotSet* out) {
  wire::OriginIntervals* intervals = nullptr;
  uint64_t end = 0;  // of the interval before, of the same origin
  for (const core::Range& range : ranges) {
    const uint64_t origin = static_cast<uint64_t>(range.origin);
    if (intervals == nullptr || intervals->origin() != origin) {
      intervals = out->add_origins();
      intervals->set_origin(origin);
      end = 0;
    }
    CHECK(range.first > end && range.last >= range.first);
    wire::Interval* interval = intervals->add_intervals();
    interval->set_gap(range.first - end - 1);
    interval->set_length(range.last - range.first + 1);
    end = range.last;
  }
}

void EncodeDot(const core::Dot& dot, wire::Dot* out) {
  out->set_origin(static_cast<uint64_t>(dot.origin));
  out->set_seq(dot.seq);
}

template <typename Dots>
void EncodeVector(const core::VersionVector& vector, Dots* out) {
  for (const core::Dot& dot : vector.entries()) EncodeDot(dot, out->Add());
}

void EncodeMember(const core::Member& member, wire::Member* out) {
  out->set_name(member.name);
  out->set_node_uuid(member.node_uuid);
  out->set_peer_address(member.peer_address);
  out->set_client_address(member.client_address);
}

void EncodeVersion(const core::Version& version, wire::Version* out) {
  CHECK(version.deleted == (version.body == nullptr));
  EncodeDot(version.dot, out->mutable_dot());
  out->set_hlc(version.hlc);
  out->set_deleted(version.deleted);
  out->set_hash_high(version.hash.high);
  out->set_hash_low(version.hash.low);
  if (version.body != nullptr) out->set_body(*version.body);
}

void EncodeDocument(const core::RemoteDocument& document, wire::Document* out) {
  out->set_collection(document.key.collection);
  out->set_id(document.key.id);
  for (const core::Version& version : document.document.versions) {
    EncodeVersion(version, out->add_versions());
  }
  EncodeVector(document.document.context, out->mutable_context());
  if (!document.resolved.empty()) EncodeRanges(document.resolved, out->mutable_resolved());
  out->set_policy(wire::POLICY_SIBLINGS);
}

void EncodeKey(const core::DocumentKey& key, wire::Key* out) {
  out->set_collection(key.collection);
  out->set_id(key.id);
}

void EncodeRange(const core::KeyRange& range, wire::KeyRange* out) {
  if (range.after != core::DocumentKey()) EncodeKey(range.after, out->mutable_after());
  if (range.through.has_value()) EncodeKey(*range.through, out->mutable_through());
}

// One overload a frame: std::visit picks the one.
void Encode(const core::Hello& hello, wire::Frame* frame) {
  wire::Hello* out = frame->mutable_hello();
  out->set_protocol_version(hello.protocol_version);
  out->set_cluster_name(hello.cluster_name);
  EncodeMember(hello.self, out->mutable_self());
  out->set_origin(static_cast<uint64_t>(hello.origin));
  out->set_started_at_ms(hello.started_at_ms);
  out->set_hlc(hello.hlc);
  EncodeRanges(hello.clock.ToRanges(), out->mutable_clock());
  EncodeVector(hello.floor, out->mutable_floor());
  for (const core::Member& member : hello.members) EncodeMember(member, out->add_members());
  out->set_credit_bytes(hello.credit_bytes);
  out->set_key_proof(hello.key_proof);
}

void Encode(const core::Docs& docs, wire::Frame* frame) {
  wire::Docs* out = frame->mutable_docs();
  EncodeVector(docs.floor, out->mutable_floor());
  for (const core::RemoteDocument& document : docs.documents) {
    EncodeDocument(document, out->add_documents());
  }
}

void Encode(const core::Delta& delta, wire::Frame* frame) {
  wire::Delta* out = frame->mutable_delta();
  EncodeRanges(delta.added, out->mutable_added());
  out->set_hlc(delta.hlc);
  out->set_credit_bytes(delta.credit_bytes);
  out->set_answers(delta.answers);
}

void Encode(const core::Want& want, wire::Frame* frame) {
  EncodeRanges(want.ranges, frame->mutable_want()->mutable_ranges());
}

void Encode(const core::Have& have, wire::Frame* frame) {
  frame->mutable_have()->set_clock_hash(have.clock_hash);
}

void Encode(const core::ClockRequest& request, wire::Frame* frame) {
  frame->mutable_clock_request()->set_nonce(request.nonce);
  frame->mutable_clock_request()->set_whole(request.whole);
}

void Encode(const core::WholeClock& clock, wire::Frame* frame) {
  EncodeRanges(clock.clock.ToRanges(), frame->mutable_whole_clock()->mutable_clock());
}

void Encode(const core::NeedRepair& need, wire::Frame* frame) {
  EncodeVector(need.floor, frame->mutable_need_repair()->mutable_floor());
}

void Encode(const core::RepairRequest& request, wire::Frame* frame) {
  wire::RepairRequest* out = frame->mutable_repair_request();
  out->set_session(request.session);
  EncodeRange(request.range, out->mutable_range());
  out->set_started(request.started);
}

void Encode(const core::RepairDocs& docs, wire::Frame* frame) {
  wire::RepairDocs* out = frame->mutable_repair_docs();
  out->set_session(docs.session);
  EncodeRanges(docs.clock.ToRanges(), out->mutable_clock());
  EncodeVector(docs.floor, out->mutable_floor());
  EncodeRange(docs.range, out->mutable_range());
  for (const core::RemoteDocument& document : docs.documents) {
    EncodeDocument(document, out->add_documents());
  }
}

void Encode(const core::Refusal& refusal, wire::Frame* frame) {
  wire::Refusal* out = frame->mutable_refusal();
  out->set_reason(static_cast<wire::RefusalReason>(refusal.reason));
  out->set_text(refusal.text);
}

std::vector<wire::Packet> Split(const std::string& bytes) {
  std::vector<wire::Packet> packets;
  for (uint64_t at = 0; at < bytes.size(); at += kPieceBytesMax) {
    wire::Piece* piece = packets.emplace_back().mutable_piece();
    piece->set_bytes(bytes.substr(at, kPieceBytesMax));
    piece->set_total_bytes(bytes.size());
  }
  return packets;
}

}  // namespace

std::vector<wire::Packet> EncodeFrame(const core::Frame& frame) {
  wire::Packet packet;
  wire::Frame* message = packet.mutable_frame();
  std::visit([message](const auto& kind) { Encode(kind, message); }, frame);
  const uint64_t bytes = message->ByteSizeLong();
  CHECK(bytes <= kFrameBytesMax);
  if (bytes > kPieceBytesMax) return Split(message->SerializeAsString());
  std::vector<wire::Packet> packets;
  packets.push_back(std::move(packet));
  return packets;
}

absl::StatusOr<std::optional<AssembledFrame>> FrameAssembler::Add(wire::Packet packet) {
  if (failed_) return absl::InvalidArgumentError("an earlier packet of this stream was malformed");
  auto result = packet.has_piece()   ? AddPiece(packet.piece())
                : packet.has_frame() ? AddWhole(packet.mutable_frame())
                                     : absl::InvalidArgumentError("packet of unknown kind");
  failed_ = !result.ok();
  return result;
}

absl::StatusOr<std::optional<AssembledFrame>> FrameAssembler::AddWhole(wire::Frame* message) {
  if (total_bytes_ != 0) {
    return absl::InvalidArgumentError(absl::StrCat("a frame came when ", bytes_.size(), " of ",
                                                   total_bytes_,
                                                   " bytes of the one before were there"));
  }
  const uint64_t bytes = message->ByteSizeLong();
  if (bytes > kPieceBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a frame of ", bytes, " bytes must travel in pieces"));
  }
  ASSIGN_OR_RETURN(core::Frame frame, DecodeFrame(message));
  return AssembledFrame{std::move(frame), bytes};
}

absl::StatusOr<std::optional<AssembledFrame>> FrameAssembler::AddPiece(const wire::Piece& piece) {
  const uint64_t total = piece.total_bytes();
  if (total <= kPieceBytesMax || total > kFrameBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("a frame in pieces has ", kPieceBytesMax + 1,
                                                   " to ", kFrameBytesMax, " bytes, this one ",
                                                   total));
  }
  if (total_bytes_ != 0 && total != total_bytes_) {
    return absl::InvalidArgumentError(absl::StrCat("a piece says its frame has ", total,
                                                   " bytes, one before it said ", total_bytes_));
  }
  const uint64_t size = piece.bytes().size();
  if (size == 0 || size > kPieceBytesMax || size > total - bytes_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a piece of ", size, " bytes after ", bytes_.size(), " of ", total));
  }
  total_bytes_ = total;
  bytes_ += piece.bytes();
  if (bytes_.size() < total) return std::nullopt;

  const std::string whole = std::exchange(bytes_, std::string());
  total_bytes_ = 0;
  wire::Frame message;
  if (!message.ParseFromString(whole)) {
    return absl::InvalidArgumentError("the pieces of a frame do not make one");
  }
  ASSIGN_OR_RETURN(core::Frame frame, DecodeFrame(&message));
  return AssembledFrame{std::move(frame), total};
}

}  // namespace docstore::rpc
