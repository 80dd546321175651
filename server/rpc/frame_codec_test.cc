#include "server/rpc/frame_codec.h"

#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/base/hash.h"
#include "server/rpc/frame_samples.h"

namespace docstore::rpc {
namespace {

namespace wire = ::docstore::peer::v1;
using ::testing::HasSubstr;

// Passes each packet through its bytes, as a network does.
absl::StatusOr<std::optional<AssembledFrame>> Carry(const std::vector<wire::Packet>& packets,
                                                    FrameAssembler* assembler) {
  absl::StatusOr<std::optional<AssembledFrame>> last = absl::InternalError("no packet");
  for (size_t i = 0; i < packets.size(); ++i) {
    wire::Packet packet;
    EXPECT_TRUE(packet.ParseFromString(packets[i].SerializeAsString()));
    last = assembler->Add(std::move(packet));
    if (!last.ok()) return last;
    EXPECT_EQ(last->has_value(), i + 1 == packets.size());
  }
  return last;
}

// A document that breaks no rule: two versions, the second a tombstone.
wire::Frame GoodDocs() {
  wire::Frame frame;
  wire::Document* document = frame.mutable_docs()->add_documents();
  document->set_collection("orders");
  document->set_id("42");
  document->set_policy(wire::POLICY_SIBLINGS);
  wire::Version* live = document->add_versions();
  live->mutable_dot()->set_origin(1);
  live->mutable_dot()->set_seq(5);
  live->set_hlc(9);
  live->set_body("{}");
  live->set_hash_high(HashBytes128("{}").high);
  live->set_hash_low(HashBytes128("{}").low);
  wire::Version* dead = document->add_versions();
  dead->mutable_dot()->set_origin(2);
  dead->mutable_dot()->set_seq(1);
  dead->set_deleted(true);
  for (const wire::Version& version : document->versions()) {
    *document->add_context() = version.dot();
  }
  wire::OriginIntervals* resolved = document->mutable_resolved()->add_origins();
  resolved->set_origin(1);
  wire::Interval* interval = resolved->add_intervals();
  interval->set_gap(3);
  interval->set_length(2);
  return frame;
}

wire::Frame GoodHello() {
  wire::Frame frame;
  frame.mutable_hello()->set_cluster_name("c");
  frame.mutable_hello()->mutable_self()->set_name("node1");
  frame.mutable_hello()->mutable_self()->set_node_uuid("0123456789abcdef");
  return frame;
}

wire::Packet MakePiece(std::string bytes, uint64_t total) {
  wire::Packet packet;
  packet.mutable_piece()->set_bytes(std::move(bytes));
  packet.mutable_piece()->set_total_bytes(total);
  return packet;
}

std::string AddPackets(std::vector<wire::Packet> packets) {
  FrameAssembler assembler;
  for (wire::Packet& packet : packets) {
    const auto result = assembler.Add(std::move(packet));
    if (!result.ok()) {
      EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
      return std::string(result.status().message());
    }
    if (result->has_value()) return PrintFrame((*result)->frame);
  }
  return "incomplete";
}

// In pieces, as any frame may come that is large enough.
std::string AddFrame(wire::Frame frame) {
  const std::string bytes = frame.SerializeAsString();
  std::vector<wire::Packet> packets;
  if (bytes.size() <= kPieceBytesMax) *packets.emplace_back().mutable_frame() = std::move(frame);
  for (size_t at = 0; bytes.size() > kPieceBytesMax && at < bytes.size(); at += kPieceBytesMax) {
    packets.push_back(MakePiece(bytes.substr(at, kPieceBytesMax), bytes.size()));
  }
  return AddPackets(std::move(packets));
}

using DocumentChange = std::function<void(wire::Document*)>;

std::string AddChangedDocument(const DocumentChange& change) {
  wire::Frame frame = GoodDocs();
  change(frame.mutable_docs()->mutable_documents(0));
  return AddFrame(std::move(frame));
}

std::string AddWant(const std::vector<std::pair<uint64_t, uint64_t>>& gaps_and_lengths) {
  wire::Frame frame;
  wire::OriginIntervals* origin = frame.mutable_want()->mutable_ranges()->add_origins();
  origin->set_origin(10);
  for (const auto& [gap, length] : gaps_and_lengths) {
    wire::Interval* interval = origin->add_intervals();
    interval->set_gap(gap);
    interval->set_length(length);
  }
  return AddFrame(std::move(frame));
}

TEST(FrameCodec, RoundTripsRandomFrames) {
  std::mt19937_64 random(7);
  FrameAssembler assembler;
  for (int i = 0; i < 5000; ++i) {
    const core::Frame frame = RandomFrame(&random);
    const std::vector<wire::Packet> packets = EncodeFrame(frame);
    ASSERT_EQ(packets.size(), 1u);
    const auto result = Carry(packets, &assembler);
    ASSERT_TRUE(result.ok()) << result.status() << "\n" << PrintFrame(frame);
    ASSERT_EQ(PrintFrame((*result)->frame), PrintFrame(frame));
    ASSERT_EQ((*result)->bytes, packets[0].frame().ByteSizeLong());
  }
}

TEST(FrameCodec, SplitsWhatIsLargerThanAPiece) {
  FrameAssembler assembler;
  for (const size_t body_bytes : {32'600, 32'768, 1'000'000, 8 << 20}) {
    const core::Frame frame = BigDocs(3, body_bytes);
    const std::vector<wire::Packet> packets = EncodeFrame(frame);
    EXPECT_EQ(packets.size(), 3 * body_bytes / kPieceBytesMax + 1);
    for (const wire::Packet& packet : packets) {
      EXPECT_LE(packet.ByteSizeLong(), kPieceBytesMax + 32);
    }
    const auto result = Carry(packets, &assembler);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(PrintFrame((*result)->frame), PrintFrame(frame));
    EXPECT_EQ((*result)->bytes, packets[0].piece().total_bytes());
  }
}

TEST(FrameCodec, SendsUpToAPieceWhole) {
  // The largest body with which the frame still fits, found by its overhead.
  const uint64_t overhead = EncodeFrame(BigDocs(1, 20'000))[0].frame().ByteSizeLong() - 20'000;
  EXPECT_TRUE(EncodeFrame(BigDocs(1, kPieceBytesMax - overhead))[0].has_frame());
  EXPECT_EQ(EncodeFrame(BigDocs(1, kPieceBytesMax - overhead + 1)).size(), 2u);
}

TEST(FrameCodec, WritesIntervalsAsGapsAndLengths) {
  const core::Origin a{10};
  const auto packets = EncodeFrame(core::Want{{{a, 1, 4}, {a, 6, 6}, {core::Origin{11}, 3, 9}}});
  EXPECT_EQ(packets[0].frame().want().ShortDebugString(),
            "ranges { origins { origin: 10 intervals { length: 4 } intervals { gap: 1 length: 1 } "
            "} origins { origin: 11 intervals { gap: 2 length: 7 } } }");
}

TEST(FrameCodec, SurvivesRandomMutations) {
  std::mt19937_64 random(8);
  int accepted = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string bytes = EncodeFrame(RandomFrame(&random))[0].SerializeAsString();
    for (uint64_t n = 1 + random() % 3; n > 0; --n) {
      const size_t at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] ^= static_cast<char>(1 << random() % 8);
          break;
        case 1:
          bytes[at] = static_cast<char>(random());
          break;
        case 2:
          bytes.insert(at, 1, static_cast<char>(random()));
          break;
        default:
          if (bytes.size() > 1) bytes.erase(at, 1);
      }
    }
    wire::Packet packet;
    if (!packet.ParseFromString(bytes)) continue;
    const auto result = FrameAssembler().Add(std::move(packet));
    if (!result.ok()) {
      ASSERT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    } else if (result->has_value()) {
      // What is accepted keeps the rules, so it encodes again.
      FrameAssembler again;
      ASSERT_TRUE(Carry(EncodeFrame((*result)->frame), &again).ok());
      ++accepted;
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(FrameCodec, RefusesMalformedSetsOfDots) {
  EXPECT_EQ(AddWant({{0, 4}, {1, 1}}), "Want {a:[1..4,6]}");
  EXPECT_EQ(AddWant({}), "a set of dots names an origin without intervals");
  EXPECT_EQ(AddWant({{0, 0}}), "an interval of dots is empty");
  EXPECT_EQ(AddWant({{0, 4}, {0, 1}}), "two intervals of dots touch");
  const uint64_t end = uint64_t{1} << 63;
  EXPECT_EQ(AddWant({{0, end - 1}}), "Want {a:[1..9223372036854775807]}");
  const std::string passes = "an interval of dots passes 2^63";
  EXPECT_EQ(AddWant({{0, end}}), passes);
  EXPECT_EQ(AddWant({{end - 1, 1}}), passes);
  EXPECT_EQ(AddWant({{1, end - 1}}), passes);
  EXPECT_EQ(AddWant({{0, end - 2}, {1, 1}}), passes);
  EXPECT_EQ(AddWant({{~uint64_t{0}, 5}}), passes);
  EXPECT_EQ(AddWant({{5, ~uint64_t{0}}}), passes);
}

TEST(FrameCodec, RefusesOriginsThatDoNotAscend) {
  wire::Frame frame;
  for (const uint64_t origin : {3, 3}) {
    auto* intervals = frame.mutable_whole_clock()->mutable_clock()->add_origins();
    intervals->set_origin(origin);
    intervals->add_intervals()->set_length(1);
  }
  EXPECT_EQ(AddFrame(frame), "the origins of a set of dots do not ascend");
}

TEST(FrameCodec, RefusesMalformedVersions) {
  EXPECT_THAT(AddChangedDocument([](wire::Document*) {}),
              HasSubstr("Docs [orders/42 {1:5@9 2:1@0+}"));
  const auto change_version = [](const std::function<void(wire::Version*)>& change, int which) {
    return AddChangedDocument([&](wire::Document* d) { change(d->mutable_versions(which)); });
  };
  EXPECT_EQ(change_version([](auto* v) { v->mutable_dot()->set_seq(0); }, 0),
            "the dot number 0 is not in 1 to 2^63 - 1");
  EXPECT_EQ(change_version([](auto* v) { v->mutable_dot()->set_seq(uint64_t{1} << 63); }, 0),
            "the dot number 9223372036854775808 is not in 1 to 2^63 - 1");
  EXPECT_EQ(change_version([](auto* v) { v->set_hlc(uint64_t{1} << 63); }, 0),
            "the timestamp 9223372036854775808 is 2^63 or more");
  EXPECT_EQ(change_version([](auto* v) { v->set_body("[]"); }, 0),
            "the body of 1:5 does not have its hash");
  EXPECT_EQ(change_version([](auto* v) { v->clear_body(); }, 0),
            "the body of a version has 0 bytes, not 1 to 8388608");
  EXPECT_EQ(change_version([](auto* v) { v->set_body("{}"); }, 1), "a tombstone has a body");
  EXPECT_EQ(change_version([](auto* v) { v->set_hash_low(1); }, 1), "a tombstone has a hash");
}

TEST(FrameCodec, RefusesABodyOverEightMebibytes) {
  core::Frame frame = BigDocs(1, kBodyBytesMax + 1);
  FrameAssembler assembler;
  const auto result = Carry(EncodeFrame(frame), &assembler);
  EXPECT_EQ(result.status(), absl::InvalidArgumentError(
                                 "the body of a version has 8388609 bytes, not 1 to 8388608"));
}

TEST(FrameCodec, RefusesMalformedDocuments) {
  EXPECT_EQ(AddChangedDocument([](auto* d) { d->set_collection("a/b"); }),
            "a collection name consists of letters, digits, underscore, point and hyphen");
  EXPECT_EQ(AddChangedDocument([](auto* d) { d->set_id("\xFF"); }), "the id is not UTF-8");
  EXPECT_EQ(AddChangedDocument([](auto* d) { d->clear_id(); }), "the id is empty");
  const std::string order = "the versions of a document do not ascend by dot";
  EXPECT_EQ(AddChangedDocument([](auto* d) { d->mutable_versions()->SwapElements(0, 1); }), order);
  EXPECT_EQ(AddChangedDocument([](auto* d) { *d->add_versions() = d->versions(1); }), order);
  EXPECT_EQ(AddChangedDocument([](auto* d) { d->mutable_context()->RemoveLast(); }),
            "the context of a document does not cover 2:1");
  EXPECT_EQ(AddChangedDocument([](auto* d) { d->mutable_context(0)->set_seq(4); }),
            "the context of a document does not cover 1:5");
  EXPECT_EQ(AddChangedDocument([](auto* d) { d->mutable_context(0)->set_seq(0); }),
            "the dot number 0 is not in 1 to 2^63 - 1");
  const std::string context = "the context of a document does not ascend by origin";
  EXPECT_EQ(AddChangedDocument([](auto* d) { d->mutable_context()->SwapElements(0, 1); }), context);
  EXPECT_EQ(AddChangedDocument([](auto* d) { *d->add_context() = d->context(1); }), context);
  EXPECT_EQ(AddChangedDocument([](auto* d) {
              d->mutable_resolved()->mutable_origins(0)->mutable_intervals(0)->set_length(0);
            }),
            "an interval of dots is empty");
}

TEST(FrameCodec, TakesAStrippedDocument) {
  EXPECT_THAT(AddChangedDocument([](auto* d) { d->clear_context(); }),
              HasSubstr("{1:5@9 2:1@0+} ctx {}"));
}

TEST(FrameCodec, RefusesADocumentOfAnotherPolicy) {
  EXPECT_EQ(
      AddChangedDocument([](auto* d) { d->clear_policy(); }),
      "a document of collection orders has policy POLICY_UNSPECIFIED, this release knows only "
      "POLICY_SIBLINGS");
  EXPECT_EQ(AddChangedDocument([](auto* d) { d->set_policy(static_cast<wire::Policy>(7)); }),
            "a document of collection orders has policy 7, this release knows only "
            "POLICY_SIBLINGS");
}

TEST(FrameCodec, RefusesMalformedFloors) {
  wire::Frame frame = GoodDocs();
  wire::Dot* dot = frame.mutable_docs()->add_floor();
  dot->set_origin(3);
  dot->set_seq(4);
  EXPECT_THAT(AddFrame(frame), HasSubstr("floor {3:4}"));
  *frame.mutable_docs()->add_floor() = frame.docs().floor(0);
  EXPECT_EQ(AddFrame(frame), "the floor does not ascend by origin");
  wire::Frame hello = GoodHello();
  hello.mutable_hello()->add_floor()->set_origin(1);
  EXPECT_EQ(AddFrame(hello), "the dot number 0 is not in 1 to 2^63 - 1");
  wire::Frame need;
  need.mutable_need_repair()->add_floor()->set_origin(1);
  EXPECT_EQ(AddFrame(need), "the dot number 0 is not in 1 to 2^63 - 1");
}

TEST(FrameCodec, RefusesMalformedRanges) {
  const auto with = [](const std::function<void(wire::KeyRange*)>& change) {
    wire::Frame frame;
    frame.mutable_repair_request()->set_session(9);
    wire::KeyRange* range = frame.mutable_repair_request()->mutable_range();
    range->mutable_after()->set_collection("c");
    range->mutable_after()->set_id("a");
    range->mutable_through()->set_collection("c");
    range->mutable_through()->set_id("b");
    change(range);
    return AddFrame(std::move(frame));
  };
  EXPECT_EQ(with([](auto*) {}), "RepairRequest 9 (c/a..c/b] 0");
  EXPECT_EQ(with([](auto* r) { r->clear_after(); }), "RepairRequest 9 (/..c/b] 0");
  EXPECT_EQ(with([](auto* r) { r->clear_through(); }), "RepairRequest 9 (c/a..end] 0");
  EXPECT_EQ(with([](auto* r) { r->mutable_after()->clear_id(); }), "the id is empty");
  EXPECT_EQ(with([](auto* r) { r->mutable_through()->set_collection("?"); }),
            "a collection name consists of letters, digits, underscore, point and hyphen");
  EXPECT_EQ(with([](auto* r) { r->mutable_through()->set_id("a"); }), "a range of keys is empty");
}

TEST(FrameCodec, RefusesMalformedRepairs) {
  const auto with = [](const std::function<void(wire::RepairDocs*)>& change) {
    wire::Frame frame;
    wire::RepairDocs* repair = frame.mutable_repair_docs();
    *repair->add_documents() = GoodDocs().docs().documents(0);
    repair->mutable_documents(0)->clear_resolved();
    *repair->add_documents() = repair->documents(0);
    repair->mutable_documents(1)->set_id("43");
    wire::OriginIntervals* clock = repair->mutable_clock()->add_origins();
    clock->set_origin(1);
    clock->add_intervals()->set_length(5);
    repair->add_floor()->set_origin(1);
    repair->mutable_floor(0)->set_seq(5);
    change(repair);
    return AddFrame(std::move(frame));
  };
  EXPECT_THAT(with([](auto*) {}),
              HasSubstr("RepairDocs 0 {1:[1..5]} floor {1:5} (/..end] [orders"));
  EXPECT_EQ(with([](auto* r) { r->mutable_floor(0)->set_seq(6); }),
            "the floor of a repair is above its clock");
  EXPECT_EQ(with([](auto* r) { r->mutable_documents()->SwapElements(0, 1); }),
            "the documents of a repair do not ascend by key");
  EXPECT_EQ(with([](auto* r) { r->mutable_documents(1)->set_id("42"); }),
            "the documents of a repair do not ascend by key");
  EXPECT_EQ(with([](auto* r) {
              r->mutable_range()->mutable_through()->set_collection("orders");
              r->mutable_range()->mutable_through()->set_id("42");
            }),
            "a document of a repair lies outside its range");
  EXPECT_EQ(with([](auto* r) {
              *r->mutable_documents(0)->mutable_resolved() =
                  GoodDocs().docs().documents(0).resolved();
            }),
            "a document of a repair resolves writes");
}

TEST(FrameCodec, RefusesTooManyVersions) {
  const auto with_versions = [](int count) {
    return AddChangedDocument([count](wire::Document* d) {
      d->clear_versions();
      for (int i = 1; i <= count; ++i) {
        wire::Version* version = d->add_versions();
        version->mutable_dot()->set_origin(2);
        version->mutable_dot()->set_seq(i);
        version->set_deleted(true);
      }
      d->mutable_context(1)->set_seq(count);
    });
  };
  EXPECT_THAT(with_versions(4096), HasSubstr("Docs"));
  EXPECT_EQ(with_versions(4097), "a document has 4097 versions, more than 4096");
}

TEST(FrameCodec, RefusesMalformedHellos) {
  const auto with = [](const std::function<void(wire::Hello*)>& change) {
    wire::Frame frame = GoodHello();
    change(frame.mutable_hello());
    return AddFrame(std::move(frame));
  };
  EXPECT_THAT(with([](auto*) {}), HasSubstr("Hello v0 c (node1 "));
  EXPECT_EQ(with([](auto* h) { h->clear_cluster_name(); }),
            "the name of a cluster has 0 bytes, not 1 to 255");
  EXPECT_EQ(with([](auto* h) { h->mutable_self()->set_node_uuid("short"); }),
            "the uuid of a member has 5 bytes, not 16 to 16");
  EXPECT_EQ(with([](auto* h) { h->mutable_self()->clear_name(); }),
            "the name of a member has 0 bytes, not 1 to 255");
  EXPECT_EQ(with([](auto* h) { h->mutable_self()->set_peer_address(std::string(256, 'x')); }),
            "the peer address of a member has 256 bytes, not 0 to 255");
  EXPECT_EQ(with([](auto* h) { h->mutable_self()->set_client_address(std::string(256, 'x')); }),
            "the client address of a member has 256 bytes, not 0 to 255");
  EXPECT_EQ(with([](auto* h) { h->set_key_proof(std::string(256, 'x')); }),
            "the proof of the key has 256 bytes, not 0 to 255");
  EXPECT_EQ(with([](auto* h) { h->set_started_at_ms(-1); }), "a node started before 1970");
  EXPECT_EQ(with([](auto* h) { h->set_hlc(~uint64_t{0}); }),
            "the timestamp 18446744073709551615 is 2^63 or more");
  EXPECT_EQ(with([](auto* h) {
              for (int i = 0; i < 4097; ++i) *h->add_members() = h->self();
            }),
            "a Hello names 4097 members, more than 4096");
}

TEST(FrameCodec, RefusesOtherMalformedFrames) {
  EXPECT_EQ(AddFrame({}), "frame of unknown kind");
  wire::Frame request;
  request.mutable_clock_request();
  EXPECT_EQ(AddFrame(request), "a request for the clock has nonce 0");
  wire::Frame delta;
  delta.mutable_delta()->set_hlc(uint64_t{1} << 63);
  EXPECT_EQ(AddFrame(delta), "the timestamp 9223372036854775808 is 2^63 or more");
  wire::Frame refusal;
  refusal.mutable_refusal()->set_text(std::string(4097, 'x'));
  EXPECT_EQ(AddFrame(refusal), "the text of a refusal has 4097 bytes, not 0 to 4096");
  wire::Packet large;
  large.mutable_frame()->mutable_refusal()->set_text(std::string(kPieceBytesMax, 'x'));
  EXPECT_EQ(AddPackets({large}), "a frame of 32776 bytes must travel in pieces");
  EXPECT_EQ(FrameAssembler().Add(wire::Packet()).status(),
            absl::InvalidArgumentError("packet of unknown kind"));
}

TEST(FrameCodec, ReadsAReasonOfALaterReleaseAsUnspecified) {
  wire::Frame refusal;
  refusal.mutable_refusal()->set_reason(static_cast<wire::RefusalReason>(99));
  EXPECT_EQ(AddFrame(refusal), "Refusal 0 ");
}

TEST(FrameAssembler, RefusesPiecesThatDoNotFit) {
  const std::string piece(kPieceBytesMax, 'x');
  const auto add = [](std::vector<wire::Packet> packets) {
    FrameAssembler assembler;
    std::string text;
    for (wire::Packet& packet : packets) {
      const auto result = assembler.Add(std::move(packet));
      text = result.ok() ? "ok" : std::string(result.status().message());
    }
    return text;
  };
  EXPECT_EQ(add({MakePiece(piece, kFrameBytesMax)}), "ok");
  EXPECT_EQ(add({MakePiece(piece, kFrameBytesMax + 1)}),
            "a frame in pieces has 32769 to 805306368 bytes, this one 805306369");
  EXPECT_EQ(add({MakePiece("x", kPieceBytesMax)}),
            "a frame in pieces has 32769 to 805306368 bytes, this one 32768");
  EXPECT_EQ(add({MakePiece(piece + "x", 40'000)}), "a piece of 32769 bytes after 0 of 40000");
  EXPECT_EQ(add({MakePiece("", 40'000)}), "a piece of 0 bytes after 0 of 40000");
  EXPECT_EQ(add({MakePiece(piece, 40'000), MakePiece(piece, 40'000)}),
            "a piece of 32768 bytes after 32768 of 40000");
  EXPECT_EQ(add({MakePiece(piece, 40'000), MakePiece("x", 40'001)}),
            "a piece says its frame has 40001 bytes, one before it said 40000");
  EXPECT_EQ(add({MakePiece(piece, 40'000), EncodeFrame(core::Have{1})[0]}),
            "a frame came when 32768 of 40000 bytes of the one before were there");
  EXPECT_EQ(add({MakePiece(piece, kPieceBytesMax + 1), MakePiece("x", kPieceBytesMax + 1)}),
            "the pieces of a frame do not make one");
}

TEST(FrameAssembler, StaysFailed) {
  FrameAssembler assembler;
  EXPECT_FALSE(assembler.Add(wire::Packet()).ok());
  EXPECT_EQ(assembler.Add(EncodeFrame(core::Have{1})[0]).status(),
            absl::InvalidArgumentError("an earlier packet of this stream was malformed"));
}

}  // namespace
}  // namespace docstore::rpc
