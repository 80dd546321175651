#include "server/rpc/frame_samples.h"

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/base/hash.h"

namespace docstore::rpc {
namespace {

uint64_t Below(std::mt19937_64* random, uint64_t end) { return (*random)() % end; }

std::string RandomText(std::mt19937_64* random, size_t min, size_t max) {
  std::string text(min + Below(random, max - min + 1), '\0');
  for (char& c : text) c = static_cast<char>('a' + Below(random, 26));
  return text;
}

core::Dot RandomDot(std::mt19937_64* random) {
  return {core::Origin{Below(random, 4) * 0x4000000000000001}, 1 + Below(random, 1000)};
}

core::Clock RandomClock(std::mt19937_64* random) {
  core::Clock clock;
  for (uint64_t n = Below(random, 12); n > 0; --n) {
    const core::Dot dot = RandomDot(random);
    clock.Add(core::Range{dot.origin, dot.seq, dot.seq + Below(random, 20)});
  }
  return clock;
}

core::Version MakeVersion(const core::Dot& dot, uint64_t hlc, std::string body) {
  core::Version version{dot, hlc, body.empty(), {}, nullptr};
  if (!version.deleted) {
    version.hash = HashBytes128(body);
    version.body = std::make_shared<const std::string>(std::move(body));
  }
  return version;
}

core::RemoteDocument RandomDocument(std::mt19937_64* random) {
  core::RemoteDocument document;
  document.key = {RandomText(random, 1, 9), RandomText(random, 1, 40)};
  std::set<core::Dot> dots;
  for (uint64_t n = Below(random, 5); n > 0; --n) dots.insert(RandomDot(random));
  for (const core::Dot& dot : dots) {
    document.document.versions.push_back(
        MakeVersion(dot, Below(random, uint64_t{1} << 62),
                    Below(random, 4) == 0 ? "" : RandomText(random, 1, 200)));
  }
  std::vector<core::Dot> context(dots.begin(), dots.end());
  if (Below(random, 2) == 0) context.push_back(RandomDot(random));
  const bool stripped = Below(random, 4) == 0;
  if (!stripped) document.document.context = core::VersionVector(context);
  document.resolved = RandomClock(random).ToRanges();
  return document;
}

core::VersionVector RandomFloor(std::mt19937_64* random) {
  core::VersionVector floor;
  for (uint64_t n = Below(random, 4); n > 0; --n) floor.Join(RandomDot(random));
  return floor;
}

core::DocumentKey RandomKey(std::mt19937_64* random) {
  return {RandomText(random, 1, 9), RandomText(random, 1, 40)};
}

core::KeyRange RandomRange(std::mt19937_64* random) {
  core::KeyRange range;
  if (Below(random, 2) == 0) range.after = RandomKey(random);
  if (Below(random, 2) == 0) {
    range.through = RandomKey(random);
    if (*range.through <= range.after) range.through = {range.after.collection + "z", "z"};
  }
  return range;
}

core::RepairDocs RandomRepairDocs(std::mt19937_64* random) {
  core::RepairDocs docs;
  docs.session = (*random)();
  docs.floor = RandomFloor(random);
  docs.clock = RandomClock(random);
  for (const core::Dot& dot : docs.floor.entries()) {
    docs.clock.Add(core::Range{dot.origin, 1, dot.seq});
  }
  docs.range = RandomRange(random);
  std::map<core::DocumentKey, core::RemoteDocument> documents;
  for (uint64_t n = Below(random, 5); n > 0; --n) {
    core::RemoteDocument document = RandomDocument(random);
    document.resolved.clear();
    if (docs.range.Contains(document.key)) documents[document.key] = document;
  }
  for (auto& [key, document] : documents) docs.documents.push_back(std::move(document));
  return docs;
}

core::Member RandomMember(std::mt19937_64* random) {
  return {RandomText(random, 1, 20), RandomText(random, 16, 16), RandomText(random, 0, 30),
          RandomText(random, 0, 30)};
}

core::Hello RandomHello(std::mt19937_64* random) {
  core::Hello hello;
  hello.protocol_version = Below(random, 5);
  hello.cluster_name = RandomText(random, 1, 20);
  hello.self = RandomMember(random);
  hello.origin = core::Origin{(*random)()};
  hello.started_at_ms = Below(random, 1ull << 45);
  hello.hlc = Below(random, uint64_t{1} << 63);
  hello.clock = RandomClock(random);
  hello.floor = RandomFloor(random);
  for (uint64_t n = Below(random, 4); n > 0; --n) hello.members.push_back(RandomMember(random));
  hello.credit_bytes = (*random)();
  hello.key_proof = RandomText(random, 0, 32);
  return hello;
}

// Printing: one overload a type.
std::string Print(const core::Member& member) {
  return absl::StrCat("(", member.name, " ", absl::BytesToHexString(member.node_uuid), " ",
                      member.peer_address, " ", member.client_address, ")");
}

std::string Print(const core::RemoteDocument& document) {
  std::string text = absl::StrCat(document.key.collection, "/", document.key.id, " ",
                                  document.document.ToString());
  for (const core::Version& version : document.document.versions) {
    absl::StrAppend(&text, " ", version.deleted, " ", version.hash.high, ",", version.hash.low,
                    " ");
    if (version.body == nullptr) {
      absl::StrAppend(&text, "null");
    } else if (version.body->size() <= 100) {
      absl::StrAppend(&text, *version.body);
    } else {
      absl::StrAppend(&text, version.body->size(), "#", HashBytes64(*version.body));
    }
  }
  return absl::StrCat(text, " resolved ", core::ToString(document.resolved));
}

std::string Print(const core::Hello& hello) {
  std::string text =
      absl::StrCat("Hello v", hello.protocol_version, " ", hello.cluster_name, " ",
                   Print(hello.self), " ", static_cast<uint64_t>(hello.origin), " ",
                   hello.started_at_ms, " ", hello.hlc, " {", hello.clock.ToString(), "}");
  for (const core::Member& member : hello.members) absl::StrAppend(&text, " ", Print(member));
  return absl::StrCat(text, " ", hello.credit_bytes, " ", hello.key_proof, " floor ",
                      hello.floor.ToString());
}

std::string Print(const std::vector<core::RemoteDocument>& documents) {
  std::string text;
  for (const core::RemoteDocument& document : documents) {
    absl::StrAppend(&text, " [", Print(document), "]");
  }
  return text;
}

std::string Print(const core::Docs& docs) {
  return absl::StrCat("Docs", Print(docs.documents), " floor ", docs.floor.ToString());
}

std::string Print(const core::DocumentKey& key) {
  return absl::StrCat(key.collection, "/", key.id);
}

std::string Print(const core::KeyRange& range) {
  return absl::StrCat("(", Print(range.after), "..",
                      range.through.has_value() ? Print(*range.through) : "end", "]");
}

std::string Print(const core::NeedRepair& need) {
  return absl::StrCat("NeedRepair ", need.floor.ToString());
}

std::string Print(const core::RepairRequest& request) {
  return absl::StrCat("RepairRequest ", request.session, " ", Print(request.range), " ",
                      request.started);
}

std::string Print(const core::RepairDocs& docs) {
  return absl::StrCat("RepairDocs ", docs.session, " {", docs.clock.ToString(), "} floor ",
                      docs.floor.ToString(), " ", Print(docs.range), Print(docs.documents));
}

std::string Print(const core::Delta& delta) {
  return absl::StrCat("Delta {", core::ToString(delta.added), "} ", delta.hlc, " ",
                      delta.credit_bytes, " ", delta.answers);
}

std::string Print(const core::Want& want) {
  return absl::StrCat("Want {", core::ToString(want.ranges), "}");
}

std::string Print(const core::Have& have) { return absl::StrCat("Have ", have.clock_hash); }

std::string Print(const core::ClockRequest& request) {
  return absl::StrCat("ClockRequest ", request.nonce, " ", request.whole);
}

std::string Print(const core::WholeClock& clock) {
  return absl::StrCat("WholeClock {", clock.clock.ToString(), "}");
}

std::string Print(const core::Refusal& refusal) {
  return absl::StrCat("Refusal ", static_cast<int>(refusal.reason), " ", refusal.text);
}

}  // namespace

core::Frame RandomFrame(std::mt19937_64* random) {
  switch (Below(random, std::variant_size_v<core::Frame>)) {
    case 0:
      return RandomHello(random);
    case 1: {
      core::Docs docs;
      docs.floor = RandomFloor(random);
      for (uint64_t n = Below(random, 5); n > 0; --n) {
        docs.documents.push_back(RandomDocument(random));
      }
      return docs;
    }
    case 2:
      return core::Delta{RandomClock(random).ToRanges(), Below(random, uint64_t{1} << 63),
                         (*random)(), (*random)()};
    case 3:
      return core::Want{RandomClock(random).ToRanges()};
    case 4:
      return core::Have{(*random)()};
    case 5:
      return core::ClockRequest{1 + Below(random, 1000), Below(random, 2) == 0};
    case 6:
      return core::WholeClock{RandomClock(random)};
    case 7:
      return core::NeedRepair{RandomFloor(random)};
    case 8:
      return core::RepairRequest{(*random)(), RandomRange(random), Below(random, 2) == 0};
    case 9:
      return RandomRepairDocs(random);
    default:
      return core::Refusal{static_cast<core::Refusal::Reason>(Below(random, 9)),
                           RandomText(random, 0, 99)};
  }
}

core::Frame BigDocs(int siblings, size_t body_bytes) {
  core::RemoteDocument document;
  document.key = {"big", "document"};
  std::vector<core::Dot> dots;
  for (int i = 0; i < siblings; ++i) {
    const core::Dot dot{core::Origin{static_cast<uint64_t>(i) + 1}, 7};
    dots.push_back(dot);
    std::string body(body_bytes, static_cast<char>('a' + i % 26));
    document.document.versions.push_back(MakeVersion(dot, 100 + i, std::move(body)));
    document.resolved.push_back({dot.origin, 7, 7});
  }
  document.document.context = core::VersionVector(dots);
  return core::Docs{.documents = {std::move(document)}};
}

std::string PrintFrame(const core::Frame& frame) {
  return std::visit([](const auto& kind) { return Print(kind); }, frame);
}

}  // namespace docstore::rpc
