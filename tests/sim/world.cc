#include "tests/sim/world.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/core/clock.h"
#include "server/node/view.h"
#include "server/node/virtual_cluster.h"

namespace docstore::sim {
namespace {

constexpr const char* kFrameNames[] = {"Hello", "Docs",         "Delta",      "Want",
                                       "Have",  "ClockRequest", "WholeClock", "Refusal"};

std::string DescribeDocs(const core::Docs& docs) {
  std::string text;
  for (const core::RemoteDocument& remote : docs.documents) {
    absl::StrAppend(&text, " ", remote.key.id, remote.document.ToString(), " for ",
                    core::ToString(remote.resolved));
  }
  return text;
}

std::string DescribeRows(const core::Rows& rows) {
  std::string text;
  for (const core::DocumentRow& row : rows.documents) {
    absl::StrAppend(&text, " ", row.key.id, row.document.ToString());
  }
  for (const core::DotRow& row : rows.dots) absl::StrAppend(&text, " +", core::ToString(row.dot));
  return text;
}

}  // namespace

World::World(uint64_t seed, bool print, const Intents* intents)
    : time_(seed),
      trace_(&time_, print),
      network_(&time_),
      invariants_(&oracle_, intents, &trace_),
      seed_(seed) {
  network_.Observe([this](const std::string& from, const std::string& to,
                          const core::Frame& frame) { OnFrame(from, to, frame); });
}

World::~World() = default;

Machine& World::AddMachine(const std::string& name, const std::vector<std::string>& seeds) {
  std::vector<std::string> addresses;
  for (const std::string& seed : seeds) {
    addresses.push_back(node::VirtualCluster::AddressOf(seed));
  }
  machines_.push_back(std::make_unique<Machine>(
      size(), node::VirtualCluster::MakeOptions(name, std::move(addresses)),
      HashBytes64(absl::StrCat(seed_, name)), this, &time_, &network_));
  Machine& machine = *machines_.back();
  by_address_[machine.address()] = &machine;
  return machine;
}

Machine& World::StartClone(Machine* machine) {
  node::NodeOptions options = machine->options();
  options.peer_address = absl::StrCat("clone", clones_.size(), ":1");
  const uint64_t seed = HashBytes64(absl::StrCat(seed_, options.peer_address));
  clones_.push_back(
      std::make_unique<Machine>(kNodesMax, std::move(options), seed, this, &time_, &network_));
  Machine& clone = *clones_.back();
  by_address_[clone.address()] = &clone;
  clone.CopyDisk(*machine);
  clone.Start();
  return clone;
}

void World::RestoreImage(Machine* machine) {
  machine->RestoreImage();
  ForgetHolder(*machine);
}

void World::LoseDisk(Machine* machine) {
  machine->LoseDisk();
  ForgetHolder(*machine);
}

void World::ForgetHolder(const Machine& machine) {
  const uint64_t bit = uint64_t{1} << machine.index();
  for (auto& [dot, write] : oracle_.writes()) {
    if ((write.holders & bit) == 0 || machine.stored().clock.Contains(dot)) continue;
    write.holders &= ~bit;
    write.disks_lost = write.holders == 0;
  }
}

Machine* World::Find(const std::string& name) {
  const auto it = by_address_.find(node::VirtualCluster::AddressOf(name));
  return it == by_address_.end() ? nullptr : it->second;
}

void World::RunFor(int64_t duration_us) {
  RunUntil([] { return false; }, duration_us);
}

bool World::RunUntil(const std::function<bool()>& done, int64_t limit_us) {
  return time_.RunUntil([&] { return trace_.failed() || done(); }, limit_us) && !trace_.failed();
}

core::Document World::Read(Machine* machine, const core::DocumentKey& key) {
  absl::StatusOr<core::Document> document = machine->node().view()->snapshot->ReadDocument(key);
  CHECK_OK(document.status());
  return *std::move(document);
}

void World::OnRecovered(Machine* machine, const core::Recovered& recovered) {
  Stored& stored = machine->stored();
  if (recovered.clock != stored.clock) {
    trace_.Fail(absl::StrCat(machine->name(), " came back with clock ", recovered.clock.ToString(),
                             ", its disk has ", stored.clock.ToString()));
  }
}

void World::OnCommitted(Machine* machine, const core::Rows& rows, const node::Snapshot& before) {
  std::vector<core::Dot> new_dots;
  trace_.Add(rows.documents.size() << 32 | rows.dots.size() << 8 | machine->index(),
             [&] { return absl::StrCat(machine->name(), " commits", DescribeRows(rows)); });
  invariants_.OnCommit(rows, before, &machine->stored(), &new_dots, time_.now_us());
  if (trace_.failed()) return;
  for (const core::Dot& dot : new_dots) {
    if (machine->index() >= size()) break;  // a clone
    Write& write = *oracle_.Find(dot);
    write.holders |= uint64_t{1} << machine->index();
    write.disks_lost = false;
    const bool all = write.holders + 1 == uint64_t{1} << size();
    if (all && write.stable_us < 0) write.stable_us = time_.now_us();
  }
}

void World::OnEnded(Machine* machine, const absl::Status& why) {
  trace_.Say(absl::StrCat(machine->name(), " ends: ", why.ok() ? "in a commit" : why.message()));
  if (on_ended != nullptr) {
    on_ended(machine, why);
  } else if (!why.ok()) {
    trace_.Fail(absl::StrCat(machine->name(), " gave up: ", why.ToString()));
  }
}

void World::OnFrame(const std::string& from, const std::string& to, const core::Frame& frame) {
  trace_.Add(HashBytes64(from) + 3 * HashBytes64(to) + frame.index(), [&] {
    const auto* docs = std::get_if<core::Docs>(&frame);
    return absl::StrCat(from, " -> ", to, " ", kFrameNames[frame.index()],
                        docs == nullptr ? "" : DescribeDocs(*docs));
  });
  if (const auto* docs = std::get_if<core::Docs>(&frame)) {
    KeepPassengers(*docs, &by_address_.at(to)->stored());
  }
  const core::Clock& durable = by_address_.at(from)->stored().clock;
  bool reported_durable = true;
  if (const auto* hello = std::get_if<core::Hello>(&frame)) {
    reported_durable = durable.Covers(hello->clock);
  } else if (const auto* delta = std::get_if<core::Delta>(&frame)) {
    reported_durable = durable.MissingFrom(delta->added).empty();
  } else if (const auto* whole = std::get_if<core::WholeClock>(&frame)) {
    reported_durable = durable.Covers(whole->clock);
  } else if (const auto* documents = std::get_if<core::Docs>(&frame)) {
    for (const core::RemoteDocument& remote : documents->documents) {
      reported_durable &= durable.MissingFrom(remote.resolved).empty();
    }
  }
  if (!reported_durable) trace_.Fail(absl::StrCat(from, " reports more than it has on disk"));
}

void World::KeepPassengers(const core::Docs& docs, Stored* node) {
  for (const core::RemoteDocument& remote : docs.documents) {
    const core::Clock resolved(remote.resolved);
    for (const core::Version& version : remote.document.versions) {
      if (!resolved.Contains(version.dot)) node->passengers[remote.key].insert(version.dot);
    }
  }
}

bool World::Converged() {
  for (const auto& machine : machines_) {
    if (!machine->running()) return false;
    if (machine->stored().clock != machines_[0]->stored().clock) return false;
  }
  return true;
}

std::string World::Contents(Machine* machine) {
  const std::shared_ptr<const node::View> view = machine->node().view();
  std::string text = absl::StrCat(view->clock->ToString(), "\n");
  const auto collections = view->snapshot->ListCollections();
  CHECK_OK(collections.status());
  for (const core::CollectionRow& row : *collections) {
    absl::StrAppend(&text, row.name, " ", row.documents, " ", row.body_bytes, "\n");
    CHECK_OK(view->snapshot->ScanDocuments(
        row.name, "", [&text](absl::string_view id, const core::Document& document) {
          // Of two equal nodes one may have reclaimed more tombstones and contexts.
          if (!document.live()) return true;
          absl::StrAppend(&text, id);
          for (const core::Version& version : document.versions) {
            if (version.deleted) continue;
            absl::StrAppend(&text, " ", core::ToString(version.dot), "@", version.hlc, " ",
                            *version.body);
          }
          absl::StrAppend(&text, "\n");
          return true;
        }));
  }
  return text;
}

void World::CheckStored(Machine* machine) {
  if (!machine->running() || trace_.failed()) return;
  const std::shared_ptr<const node::View> view = machine->node().view();
  invariants_.CheckAll(machine->stored(), *view->snapshot);
}

void World::CheckEqual() {
  const std::string contents = Contents(machines_[0].get());
  const core::Clock& clock = machines_[0]->stored().clock;
  for (const auto& machine : machines_) {
    CheckStored(machine.get());
    if (Contents(machine.get()) != contents) {
      trace_.Fail(absl::StrCat("the clocks are equal, but ", machine->name(), " and ",
                               machines_[0]->name(), " hold different documents, below the floors ",
                               machine->stored().floor.ToString(), " and ",
                               machines_[0]->stored().floor.ToString()));
    }
  }
  for (const auto& [dot, write] : oracle_.writes()) {
    if (!write.disks_lost && !clock.Contains(dot)) {
      trace_.Fail(absl::StrCat("LOST: no node knows ", core::ToString(dot), " any more",
                               write.acknowledged_us < 0 ? "" : ", which was acknowledged"));
    }
  }
  for (const auto& [key, dots] : oracle_.keys()) {
    const core::Document document = Read(machines_[0].get(), key);
    // Tombstones below the floor go when their document is stripped.
    const auto reclaimable = [this](const core::Dot& dot) {
      return oracle_.Find(dot)->deleted && machines_[0]->stored().floor.Contains(dot);
    };
    std::vector<core::Dot> expected = oracle_.Expected(key, clock);
    std::erase_if(expected, reclaimable);
    std::vector<core::Dot> held;
    for (const core::Version& version : document.versions) held.push_back(version.dot);
    std::erase_if(held, reclaimable);
    if (held != expected) {
      std::string text;
      for (const core::Dot& dot : expected) absl::StrAppend(&text, " ", core::ToString(dot));
      trace_.Fail(absl::StrCat("all nodes hold ", key.id, " as ", document.ToString(),
                               ", never replaced were", text));
    }
  }
}

uint64_t World::destroyed() const {
  uint64_t destroyed = 0;
  const core::Clock& clock = machines_[0]->stored().clock;
  for (const auto& [dot, write] : oracle_.writes()) {
    destroyed += write.disks_lost && write.acknowledged_us >= 0 && !clock.Contains(dot);
  }
  return destroyed;
}

}  // namespace docstore::sim
