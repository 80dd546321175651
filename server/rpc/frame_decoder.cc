#include "server/rpc/frame_decoder.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/repeated_field.h"
#include "server/base/hash.h"
#include "server/base/status_macros.h"
#include "server/query/names.h"
#include "server/rpc/frame_codec.h"

namespace docstore::rpc {
namespace {

namespace wire = ::docstore::peer::v1;

// Sequence numbers and timestamps stay below it, so that adding to one never wraps.
constexpr uint64_t kNumberEnd = uint64_t{1} << 63;
constexpr size_t kNodeUuidBytes = 16;

template <typename... Parts>
absl::Status Malformed(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

absl::Status CheckTextSize(absl::string_view what, size_t size, size_t min, size_t max) {
  if (size >= min && size <= max) return absl::OkStatus();
  return Malformed("the ", what, " has ", size, " bytes, not ", min, " to ", max);
}

absl::Status CheckHlc(uint64_t hlc) {
  if (hlc < kNumberEnd) return absl::OkStatus();
  return Malformed("the timestamp ", hlc, " is 2^63 or more");
}

// Appends the intervals of one origin to `ranges`.
absl::Status DecodeIntervals(const wire::OriginIntervals& in, core::Ranges* ranges) {
  const core::Origin origin{in.origin()};
  if (in.intervals().empty()) return Malformed("a set of dots names an origin without intervals");
  uint64_t end = 0;
  for (const wire::Interval& interval : in.intervals()) {
    if (interval.length() == 0) return Malformed("an interval of dots is empty");
    if (end != 0 && interval.gap() == 0) return Malformed("two intervals of dots touch");
    // Neither addition wraps: all terms are below 2^63.
    if (interval.gap() >= kNumberEnd || interval.length() >= kNumberEnd ||
        interval.gap() + end >= kNumberEnd ||
        interval.gap() + end + interval.length() >= kNumberEnd) {
      return Malformed("an interval of dots passes 2^63");
    }
    const uint64_t first = end + interval.gap() + 1;
    end = first + interval.length() - 1;
    ranges->push_back({origin, first, end});
  }
  return absl::OkStatus();
}

absl::StatusOr<core::Ranges> DecodeRanges(const wire::DotSet& in) {
  core::Ranges ranges;
  for (int i = 0; i < in.origins_size(); ++i) {
    if (i > 0 && in.origins(i).origin() <= in.origins(i - 1).origin()) {
      return Malformed("the origins of a set of dots do not ascend");
    }
    RETURN_IF_ERROR(DecodeIntervals(in.origins(i), &ranges));
  }
  return ranges;
}

absl::StatusOr<core::Dot> DecodeDot(const wire::Dot& in) {
  if (in.seq() == 0 || in.seq() >= kNumberEnd) {
    return Malformed("the dot number ", in.seq(), " is not in 1 to 2^63 - 1");
  }
  return core::Dot{core::Origin{in.origin()}, in.seq()};
}

absl::StatusOr<core::Member> DecodeMember(const wire::Member& in) {
  RETURN_IF_ERROR(CheckTextSize("name of a member", in.name().size(), 1, kMemberTextBytesMax));
  RETURN_IF_ERROR(
      CheckTextSize("uuid of a member", in.node_uuid().size(), kNodeUuidBytes, kNodeUuidBytes));
  RETURN_IF_ERROR(
      CheckTextSize("peer address of a member", in.peer_address().size(), 0, kMemberTextBytesMax));
  RETURN_IF_ERROR(CheckTextSize("client address of a member", in.client_address().size(), 0,
                                kMemberTextBytesMax));
  return core::Member{in.name(), in.node_uuid(), in.peer_address(), in.client_address()};
}

absl::StatusOr<core::Version> DecodeVersion(wire::Version* in) {
  core::Version version;
  ASSIGN_OR_RETURN(version.dot, DecodeDot(in->dot()));
  RETURN_IF_ERROR(CheckHlc(in->hlc()));
  version.hlc = in->hlc();
  version.deleted = in->deleted();
  version.hash = {in->hash_high(), in->hash_low()};
  if (version.deleted) {
    if (!in->body().empty()) return Malformed("a tombstone has a body");
    if (version.hash != Hash128{}) return Malformed("a tombstone has a hash");
    return version;
  }
  RETURN_IF_ERROR(CheckTextSize("body of a version", in->body().size(), 1, kBodyBytesMax));
  if (HashBytes128(in->body()) != version.hash) {
    return Malformed("the body of ", core::ToString(version.dot), " does not have its hash");
  }
  version.body = std::make_shared<const std::string>(std::move(*in->mutable_body()));
  return version;
}

absl::Status DecodeVersions(wire::Document* in, core::Document* out) {
  if (in->versions_size() > kVersionsMax) {
    return Malformed("a document has ", in->versions_size(), " versions, more than ", kVersionsMax);
  }
  out->versions.reserve(in->versions_size());
  for (wire::Version& message : *in->mutable_versions()) {
    ASSIGN_OR_RETURN(core::Version version, DecodeVersion(&message));
    if (!out->versions.empty() && version.dot <= out->versions.back().dot) {
      return Malformed("the versions of a document do not ascend by dot");
    }
    out->versions.push_back(std::move(version));
  }
  return absl::OkStatus();
}

// `what` it is, for people.
absl::StatusOr<core::VersionVector> DecodeVector(
    absl::string_view what, const google::protobuf::RepeatedPtrField<wire::Dot>& in) {
  std::vector<core::Dot> dots;
  for (const wire::Dot& message : in) {
    ASSIGN_OR_RETURN(const core::Dot dot, DecodeDot(message));
    if (!dots.empty() && dot.origin <= dots.back().origin) {
      return Malformed("the ", what, " does not ascend by origin");
    }
    dots.push_back(dot);
  }
  return core::VersionVector(dots);
}

absl::Status DecodeContext(const wire::Document& in, core::Document* out) {
  ASSIGN_OR_RETURN(out->context, DecodeVector("context of a document", in.context()));
  if (out->context.empty()) return absl::OkStatus();
  for (const core::Version& version : out->versions) {
    if (!out->context.Covers(version.dot)) {
      return Malformed("the context of a document does not cover ", core::ToString(version.dot));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckKey(absl::string_view collection, absl::string_view id) {
  if (const auto error = query::CheckCollectionName(collection)) return Malformed(error->message);
  if (const auto error = query::CheckId(id)) return Malformed(error->message);
  return absl::OkStatus();
}

absl::StatusOr<core::KeyRange> DecodeRange(const wire::KeyRange& in) {
  core::KeyRange range;
  if (in.has_after()) {
    RETURN_IF_ERROR(CheckKey(in.after().collection(), in.after().id()));
    range.after = {in.after().collection(), in.after().id()};
  }
  if (in.has_through()) {
    RETURN_IF_ERROR(CheckKey(in.through().collection(), in.through().id()));
    range.through = core::DocumentKey{in.through().collection(), in.through().id()};
    if (*range.through <= range.after) return Malformed("a range of keys is empty");
  }
  return range;
}

absl::Status CheckPolicy(const wire::Document& in) {
  if (in.policy() == wire::POLICY_SIBLINGS) return absl::OkStatus();
  return Malformed("a document of collection ", in.collection(), " has policy ",
                   wire::Policy_IsValid(in.policy()) ? wire::Policy_Name(in.policy())
                                                     : absl::StrCat(in.policy()),
                   ", this release knows only POLICY_SIBLINGS");
}

absl::StatusOr<core::RemoteDocument> DecodeDocument(wire::Document* in) {
  RETURN_IF_ERROR(CheckKey(in->collection(), in->id()));
  RETURN_IF_ERROR(CheckPolicy(*in));
  core::RemoteDocument document;
  document.key = {std::move(*in->mutable_collection()), std::move(*in->mutable_id())};
  RETURN_IF_ERROR(DecodeVersions(in, &document.document));
  RETURN_IF_ERROR(DecodeContext(*in, &document.document));
  ASSIGN_OR_RETURN(document.resolved, DecodeRanges(in->resolved()));
  return document;
}

absl::StatusOr<core::Frame> DecodeHello(const wire::Hello& in) {
  core::Hello hello;
  hello.protocol_version = in.protocol_version();
  RETURN_IF_ERROR(
      CheckTextSize("name of a cluster", in.cluster_name().size(), 1, kMemberTextBytesMax));
  hello.cluster_name = in.cluster_name();
  ASSIGN_OR_RETURN(hello.self, DecodeMember(in.self()));
  hello.origin = core::Origin{in.origin()};
  if (in.started_at_ms() < 0) return Malformed("a node started before 1970");
  hello.started_at_ms = in.started_at_ms();
  RETURN_IF_ERROR(CheckHlc(in.hlc()));
  hello.hlc = in.hlc();
  ASSIGN_OR_RETURN(const core::Ranges clock, DecodeRanges(in.clock()));
  hello.clock = core::Clock(clock);
  ASSIGN_OR_RETURN(hello.floor, DecodeVector("floor", in.floor()));
  if (in.members_size() > kMembersMax) {
    return Malformed("a Hello names ", in.members_size(), " members, more than ", kMembersMax);
  }
  for (const wire::Member& message : in.members()) {
    ASSIGN_OR_RETURN(core::Member member, DecodeMember(message));
    hello.members.push_back(std::move(member));
  }
  hello.credit_bytes = in.credit_bytes();
  RETURN_IF_ERROR(CheckTextSize("proof of the key", in.key_proof().size(), 0, kMemberTextBytesMax));
  hello.key_proof = in.key_proof();
  return hello;
}

absl::StatusOr<std::vector<core::RemoteDocument>> DecodeDocuments(
    google::protobuf::RepeatedPtrField<wire::Document>* in) {
  std::vector<core::RemoteDocument> documents;
  documents.reserve(in->size());
  for (wire::Document& message : *in) {
    ASSIGN_OR_RETURN(core::RemoteDocument document, DecodeDocument(&message));
    documents.push_back(std::move(document));
  }
  return documents;
}

absl::StatusOr<core::Frame> DecodeDocs(wire::Docs* in) {
  core::Docs docs;
  ASSIGN_OR_RETURN(docs.floor, DecodeVector("floor", in->floor()));
  ASSIGN_OR_RETURN(docs.documents, DecodeDocuments(in->mutable_documents()));
  return docs;
}

absl::StatusOr<core::Frame> DecodeNeedRepair(const wire::NeedRepair& in) {
  ASSIGN_OR_RETURN(core::VersionVector floor, DecodeVector("floor", in.floor()));
  return core::NeedRepair{std::move(floor)};
}

absl::StatusOr<core::Frame> DecodeRepairRequest(const wire::RepairRequest& in) {
  ASSIGN_OR_RETURN(core::KeyRange range, DecodeRange(in.range()));
  return core::RepairRequest{in.session(), std::move(range), in.started()};
}

absl::Status CheckRepairDocuments(const core::RepairDocs& docs) {
  const core::DocumentKey* before = &docs.range.after;
  for (const core::RemoteDocument& document : docs.documents) {
    if (document.key <= *before) return Malformed("the documents of a repair do not ascend by key");
    if (!docs.range.Contains(document.key)) {
      return Malformed("a document of a repair lies outside its range");
    }
    if (!document.resolved.empty()) return Malformed("a document of a repair resolves writes");
    before = &document.key;
  }
  return absl::OkStatus();
}

absl::StatusOr<core::Frame> DecodeRepairDocs(wire::RepairDocs* in) {
  core::RepairDocs docs;
  docs.session = in->session();
  ASSIGN_OR_RETURN(const core::Ranges clock, DecodeRanges(in->clock()));
  docs.clock = core::Clock(clock);
  ASSIGN_OR_RETURN(docs.floor, DecodeVector("floor", in->floor()));
  for (const core::Dot& dot : docs.floor.entries()) {
    if (docs.clock.base(dot.origin) < dot.seq) {
      return Malformed("the floor of a repair is above its clock");
    }
  }
  ASSIGN_OR_RETURN(docs.range, DecodeRange(in->range()));
  ASSIGN_OR_RETURN(docs.documents, DecodeDocuments(in->mutable_documents()));
  RETURN_IF_ERROR(CheckRepairDocuments(docs));
  return docs;
}

absl::StatusOr<core::Frame> DecodeDelta(const wire::Delta& in) {
  core::Delta delta;
  ASSIGN_OR_RETURN(delta.added, DecodeRanges(in.added()));
  RETURN_IF_ERROR(CheckHlc(in.hlc()));
  delta.hlc = in.hlc();
  delta.credit_bytes = in.credit_bytes();
  delta.answers = in.answers();
  return delta;
}

absl::StatusOr<core::Frame> DecodeWant(const wire::Want& in) {
  ASSIGN_OR_RETURN(core::Ranges ranges, DecodeRanges(in.ranges()));
  return core::Want{std::move(ranges)};
}

absl::StatusOr<core::Frame> DecodeClockRequest(const wire::ClockRequest& in) {
  if (in.nonce() == 0) return Malformed("a request for the clock has nonce 0");
  return core::ClockRequest{in.nonce(), in.whole()};
}

absl::StatusOr<core::Frame> DecodeWholeClock(const wire::WholeClock& in) {
  ASSIGN_OR_RETURN(const core::Ranges ranges, DecodeRanges(in.clock()));
  return core::WholeClock{core::Clock(ranges)};
}

absl::StatusOr<core::Frame> DecodeRefusal(const wire::Refusal& in) {
  RETURN_IF_ERROR(CheckTextSize("text of a refusal", in.text().size(), 0, kRefusalTextBytesMax));
  core::Refusal refusal;
  refusal.text = in.text();
  if (wire::RefusalReason_IsValid(in.reason())) {
    refusal.reason = static_cast<core::Refusal::Reason>(in.reason());
  }
  return refusal;
}

}  // namespace

absl::StatusOr<core::Frame> DecodeFrame(wire::Frame* message) {
  switch (message->frame_case()) {
    case wire::Frame::kHello:
      return DecodeHello(message->hello());
    case wire::Frame::kDocs:
      return DecodeDocs(message->mutable_docs());
    case wire::Frame::kDelta:
      return DecodeDelta(message->delta());
    case wire::Frame::kWant:
      return DecodeWant(message->want());
    case wire::Frame::kHave:
      return core::Have{message->have().clock_hash()};
    case wire::Frame::kClockRequest:
      return DecodeClockRequest(message->clock_request());
    case wire::Frame::kWholeClock:
      return DecodeWholeClock(message->whole_clock());
    case wire::Frame::kNeedRepair:
      return DecodeNeedRepair(message->need_repair());
    case wire::Frame::kRepairRequest:
      return DecodeRepairRequest(message->repair_request());
    case wire::Frame::kRepairDocs:
      return DecodeRepairDocs(message->mutable_repair_docs());
    case wire::Frame::kRefusal:
      return DecodeRefusal(message->refusal());
    case wire::Frame::FRAME_NOT_SET:
      break;
  }
  return Malformed("frame of unknown kind");
}

}  // namespace docstore::rpc
