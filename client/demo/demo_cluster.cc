#include "client/demo/demo_cluster.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace docstore::client::demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int64_t kPollMs = 20;
constexpr int64_t kStatusDeadlineMs = 2'000;
// A node that finds nobody serves alone after 10 s; a busy machine may add to that.
constexpr int64_t kStartMs = 60'000;
// One barrier; repeated until the time is over.
constexpr int64_t kBarrierMs = 1'000;

}  // namespace

absl::StatusOr<std::unique_ptr<DemoCluster>> DemoCluster::Start(
    const std::string& program, const std::atomic<bool>* interrupted) {
  std::unique_ptr<DemoCluster> cluster(new DemoCluster(interrupted));
  const absl::Status status = cluster->Open(program, interrupted);
  if (!status.ok()) return status;
  return cluster;
}

absl::Status DemoCluster::Open(const std::string& program, const std::atomic<bool>* interrupted) {
  absl::StatusOr<std::unique_ptr<ScratchDirectory>> directory = ScratchDirectory::Create();
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);
  absl::StatusOr<std::unique_ptr<CuttableNetwork>> network = CuttableNetwork::Start(kNodes);
  if (!network.ok()) return network.status();
  network_ = *std::move(network);
  clients_.resize(kNodes);
  for (size_t node = 0; node < kNodes; ++node) {
    NodeProcessOptions options = {.program = program,
                                  .name = absl::StrCat("node", node + 1),
                                  .folder = directory_->path(),
                                  .peer_address = network_->address(node),
                                  .seeds = {}};
    for (size_t other = 0; other < kNodes; ++other) {
      if (other != node) options.seeds.push_back(network_->address(other));
    }
    processes_.push_back(std::make_unique<NodeProcess>(std::move(options)));
    const absl::Status launched = Launch(node);
    if (!launched.ok()) return launched;
  }
  for (size_t node = 0; node < kNodes; ++node) {
    const absl::Status ready = AwaitReady(node);
    if (!ready.ok()) return ready;
  }
  return AwaitConverged(kStartMs);
}

template <typename Done>
absl::Status DemoCluster::Await(int64_t timeout_ms, const std::string& what, const Done& done) {
  const steady_clock::time_point end = steady_clock::now() + milliseconds(timeout_ms);
  for (;;) {
    if (interrupted_.load()) return absl::CancelledError("interrupted");
    const absl::StatusOr<bool> now = done();
    if (!now.ok()) return now.status();
    if (*now) return absl::OkStatus();
    if (steady_clock::now() > end) {
      return absl::DeadlineExceededError(
          absl::StrCat("not within ", timeout_ms / 1000, " s: ", what));
    }
    std::this_thread::sleep_for(milliseconds(kPollMs));
  }
}

absl::Status DemoCluster::Launch(size_t node) {
  const absl::Status launched = processes_[node]->Launch();
  network_->SetProcess(node, processes_[node]->pid());
  return launched;
}

absl::Status DemoCluster::AwaitReady(size_t node) {
  NodeProcess* const process = processes_[node].get();
  absl::Status status = Await(kStartMs, absl::StrCat(name(node), " serves"), [&] {
    absl::StatusOr<bool> serves = process->Serves();
    network_->SetProcess(node, process->pid());
    return serves;
  });
  if (!status.ok()) return status;
  network_->SetPort(node, process->peer_port());
  ConnectionOptions options;
  options.interrupted = &interrupted_;
  absl::StatusOr<Client> client = Client::Connect(client_address(node), options);
  if (!client.ok()) return client.status();
  clients_[node] = std::make_unique<Client>(*std::move(client));
  return Await(kStartMs, absl::StrCat(name(node), " takes calls"), [&]() -> absl::StatusOr<bool> {
    const absl::StatusOr<ClusterStatus> said = clients_[node]->GetStatus(kStatusDeadlineMs);
    if (!process->Running()) return process->Serves().status();
    return said.ok() && said->ready;
  });
}

void DemoCluster::Kill(size_t node) {
  processes_[node]->Kill();
  network_->SetProcess(node, 0);
  network_->SetPort(node, 0);
}

absl::Status DemoCluster::Restart(size_t node) {
  network_->SetPort(node, 0);
  const absl::Status launched = Launch(node);
  return launched.ok() ? AwaitReady(node) : launched;
}

Survey DemoCluster::Look() {
  Survey survey;
  for (size_t node = 0; node < kNodes; ++node) {
    NodeSurvey& found = survey.nodes[node];
    found.running = running(node);
    found.cut = cut(node);
    if (!found.running || clients_[node] == nullptr) continue;
    absl::StatusOr<ClusterStatus> status = clients_[node]->GetStatus(kStatusDeadlineMs);
    if (status.ok()) found.status = *std::move(status);
  }
  survey.converged = true;
  for (size_t node = 0; node < kNodes; ++node) {
    NodeSurvey& asked = survey.nodes[node];
    survey.converged &= asked.status.has_value() && asked.status->converged;
    if (!asked.status.has_value()) continue;
    for (const Node& seen : asked.status->nodes) {
      if (seen.state == "connected") asked.linked.push_back(seen.name);
      for (size_t other = 0; other < kNodes; ++other) {
        if (other == node || seen.name != name(other)) continue;
        // The asking node knows its own writes of now; of the other it knows the last report.
        asked.ahead = std::max(asked.ahead, seen.behind);
        survey.nodes[other].behind = std::max(survey.nodes[other].behind, seen.behind);
      }
    }
    survey.converged &= asked.linked.size() == kNodes - 1;
  }
  return survey;
}

absl::Status DemoCluster::AwaitConverged(int64_t timeout_ms) {
  return Await(timeout_ms, "the nodes have converged", [&]() -> absl::StatusOr<bool> {
    // The barrier asks those that are linked, so all must be.
    const Survey before = Look();
    const bool linked = std::all_of(before.nodes.begin(), before.nodes.end(), [](const auto& node) {
      return node.linked.size() == kNodes - 1;
    });
    if (!linked) return false;
    const absl::StatusOr<Convergence> convergence = clients_[0]->WaitConverged(kBarrierMs);
    // What other nodes know of each other may be a report older than the barrier.
    return convergence.ok() && convergence->converged && Look().converged;
  });
}

}  // namespace docstore::client::demo
