#include "server/node/virtual_cluster.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/core/clock.h"
#include "server/node/view.h"

namespace docstore::node {
namespace {

// A commit takes longer than what happens in memory: a crash may fall between.
constexpr int64_t kCommitUsMax = 4000;
constexpr int64_t kTaskUsMax = 100;

}  // namespace

VirtualProcess::VirtualProcess(NodeOptions options, VirtualTime* time, VirtualNetwork* network,
                               std::shared_ptr<storage::MemoryDisk> disk, VirtualMachine machine)
    : options_(std::move(options)),
      network_(network),
      core_executor_(time, kTaskUsMax),
      commit_executor_(time, kCommitUsMax),
      link_executor_(time, kTaskUsMax) {
  host_ = {.address = options_.peer_address,
           .executor = &link_executor_,
           .accept =
               [this](std::unique_ptr<PeerStream> stream) {
                 return node_->AcceptStream(std::move(stream));
               },
           .identity = [this] { return node_->identity(); }};
  port_ = network_->Attach(&host_);
  absl::StatusOr<std::unique_ptr<Store>> store = storage::OpenMemoryStore(std::move(disk));
  CHECK_OK(store.status());
  store_ = *std::move(store);
  if (machine.wrap_store != nullptr) store_ = machine.wrap_store(std::move(store_));
  absl::StatusOr<std::unique_ptr<Node>> node = Node::Open(
      options_, {.clock = machine.clock == nullptr ? time : machine.clock,
                 .random = machine.random == nullptr ? &time->random() : machine.random,
                 .log = &log_,
                 .store = store_.get(),
                 .network = port_.get(),
                 .disk_space = &disk_space_,
                 .core_executor = &core_executor_,
                 .commit_executor = &commit_executor_,
                 .link_executor = &link_executor_,
                 .fatal = [this, on_fatal = std::move(machine.on_fatal)](const absl::Status& why) {
                   fatal_.push_back(why);
                   if (on_fatal != nullptr) on_fatal(why);
                 }});
  status_ = node.status();
  if (!node.ok()) return;
  node_ = *std::move(node);
  node_->Start();
}

VirtualProcess::~VirtualProcess() { Kill(); }

void VirtualProcess::Kill() {
  network_->Detach(&host_);
  link_executor_.Stop();
  core_executor_.Stop();
  commit_executor_.Stop();
}

void VirtualProcess::SetPaused(bool paused) {
  link_executor_.SetPaused(paused);
  core_executor_.SetPaused(paused);
  commit_executor_.SetPaused(paused);
}

VirtualCluster::VirtualCluster(uint64_t seed) : time_(seed), network_(&time_) {}

VirtualCluster::~VirtualCluster() = default;

NodeOptions VirtualCluster::MakeOptions(const std::string& name, std::vector<std::string> seeds) {
  const std::string key = "key";
  return {.name = name,
          .cluster_name = "test",
          .peer_address = AddressOf(name),
          .client_address = name + ":2",
          .seeds = std::move(seeds),
          .min_free_disk_bytes = kMinFreeDiskBytes,
          .key_proof = key,
          .verify_key = [key](const std::string& proof) { return proof == key; }};
}

VirtualProcess& VirtualCluster::Start(const std::string& name,
                                      const std::vector<std::string>& seeds) {
  std::vector<std::string> addresses;
  for (const std::string& seed : seeds) addresses.push_back(AddressOf(seed));
  NodeOptions options = MakeOptions(name, std::move(addresses));
  options.floor = floor_options_;
  return StartOn(name, std::move(options));
}

VirtualProcess& VirtualCluster::StartOn(const std::string& disk, NodeOptions options) {
  CHECK(!running(disk));
  std::shared_ptr<storage::MemoryDisk>& rows = disks_[disk];
  if (rows == nullptr) rows = std::make_shared<storage::MemoryDisk>();
  options_[disk] = options;
  processes_[disk] = std::make_unique<VirtualProcess>(std::move(options), &time_, &network_, rows);
  return *processes_[disk];
}

VirtualProcess& VirtualCluster::Restart(const std::string& name) {
  return StartOn(name, options_.at(name));
}

void VirtualCluster::Crash(const std::string& name) {
  CHECK(processes_.erase(name) == 1);
  disks_.at(name)->LoseUnsynced();
}

void VirtualCluster::Wipe(const std::string& name) {
  CHECK(!running(name));
  disks_.erase(name);
}

std::vector<std::string> VirtualCluster::names() const {
  std::vector<std::string> names;
  for (const auto& [name, process] : processes_) names.push_back(name);
  return names;
}

absl::StatusOr<core::WriteResult> VirtualCluster::Write(const std::string& name,
                                                        core::ClientWrite write) {
  std::optional<absl::StatusOr<core::WriteResult>> answer;
  node(name).Write(std::move(write), [&answer](auto result) { answer = std::move(result); });
  CHECK(RunUntil([&answer] { return answer.has_value(); }));
  return *std::move(answer);
}

core::WriteResult VirtualCluster::Put(const std::string& name, const std::string& id,
                                      const std::string& body) {
  core::ClientWrite write{.key = {"c", id},
                          .body = std::make_shared<const std::string>(body),
                          .hash = HashBytes128(body)};
  const absl::StatusOr<core::WriteResult> result = Write(name, std::move(write));
  CHECK_OK(result.status());
  CHECK(result->verdict == core::WriteVerdict::kApplied);
  return *result;
}

core::Document VirtualCluster::Read(const std::string& name, const core::DocumentKey& key) {
  absl::StatusOr<core::Document> document = node(name).view()->snapshot->ReadDocument(key);
  CHECK_OK(document.status());
  return *std::move(document);
}

Convergence VirtualCluster::WaitConverged(const std::string& name, int64_t timeout_ms) {
  std::optional<Convergence> answer;
  node(name).WaitConverged(timeout_ms,
                           [&answer](Convergence result) { answer = std::move(result); });
  CHECK(RunUntil([&answer] { return answer.has_value(); }, (timeout_ms + 1000) * 1000));
  return *std::move(answer);
}

ClusterStatus VirtualCluster::Status(const std::string& name) {
  std::optional<ClusterStatus> answer;
  node(name).GetStatus([&answer](ClusterStatus status) { answer = std::move(status); });
  CHECK(RunUntil([&answer] { return answer.has_value(); }));
  return *std::move(answer);
}

void VirtualCluster::VisitDocuments(
    const View& view,
    const std::function<void(const core::DocumentKey&, const core::Document&)>& visit) {
  const auto collections = view.snapshot->ListCollections();
  CHECK_OK(collections.status());
  for (const core::CollectionRow& row : *collections) {
    CHECK_OK(view.snapshot->ScanDocuments(
        row.name, "", [&](absl::string_view id, const core::Document& document) {
          visit({row.name, std::string(id)}, document);
          return true;
        }));
  }
}

std::string VirtualCluster::Dump(const std::string& name) {
  const std::shared_ptr<const View> view = node(name).view();
  std::string text = absl::StrCat("clock ", view->clock->ToString(), "\n");
  const auto collections = view->snapshot->ListCollections();
  CHECK_OK(collections.status());
  for (const core::CollectionRow& row : *collections) {
    if (row.documents == 0) continue;
    absl::StrAppend(&text, row.name, " ", row.documents, " documents ", row.body_bytes, " bytes\n");
  }
  VisitDocuments(*view, [&text](const core::DocumentKey& key, const core::Document& document) {
    if (!document.live()) return;
    absl::StrAppend(&text, key.collection, "/", key.id);
    for (const core::Version& version : document.versions) {
      if (version.deleted) continue;
      absl::StrAppend(&text, " ", core::ToString(version.dot), "@", version.hlc, " ",
                      *version.body);
    }
    absl::StrAppend(&text, "\n");
  });
  return text;
}

std::string VirtualCluster::Residue(const std::string& name) {
  const std::shared_ptr<const View> view = node(name).view();
  std::string text;
  VisitDocuments(*view, [&text](const core::DocumentKey& key, const core::Document& document) {
    const bool deleted = std::any_of(document.versions.begin(), document.versions.end(),
                                     [](const core::Version& version) { return version.deleted; });
    if (!deleted && document.context.empty()) return;
    absl::StrAppend(&text, key.collection, "/", key.id, " ", document.ToString(), "\n");
  });
  for (const core::Range& range : view->clock->ToRanges()) {
    CHECK_OK(view->snapshot->ScanDots(
        range, [&text](const core::Dot& dot, const core::DocumentKey& key) {
          absl::StrAppend(&text, core::ToString(dot), " ", key.collection, "/", key.id, "\n");
          return true;
        }));
  }
  return text;
}

bool VirtualCluster::AllEqual() {
  const std::string first = processes_.empty() ? "" : Dump(processes_.begin()->first);
  for (const auto& [name, process] : processes_) {
    if (Dump(name) != first) return false;
  }
  return true;
}

bool VirtualCluster::Settle(int64_t limit_us) {
  constexpr int64_t kLookUs = 50'000;
  for (int64_t waited_us = 0; waited_us < limit_us; waited_us += kLookUs) {
    if (AllEqual()) return true;
    RunFor(kLookUs);
  }
  return AllEqual();
}

void VirtualCluster::CutAll(const std::string& name) {
  for (const std::string& other : names()) {
    if (other != name) network_.Cut(AddressOf(name), AddressOf(other));
  }
}

}  // namespace docstore::node
