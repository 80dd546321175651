#include "client/demo/dispute.h"

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/demo/load.h"
#include "client/shell/failure.h"

namespace docstore::client::demo {
namespace {

constexpr int64_t kArrivalMs = 10'000;
constexpr int64_t kPollMs = 10;

struct Pair {
  size_t first;
  size_t second;
};

// Two nodes that run, on two sides of a cut when there is one.
std::optional<Pair> Choose(DemoCluster* cluster) {
  std::optional<Pair> pair;
  for (size_t a = 0; a < kNodes; ++a) {
    for (size_t b = a + 1; b < kNodes; ++b) {
      if (!cluster->running(a) || !cluster->running(b)) continue;
      if (cluster->separated(a, b)) return Pair{a, b};
      if (!pair.has_value()) pair = Pair{a, b};
    }
  }
  return pair;
}

std::string Said(const std::string& name, uint64_t number, int price) {
  return absl::StrCat(R"({"name":"Espresso beans","price":)", price, R"(,"set_by":")", name,
                      R"(","change":)", number, "}");
}

// A context that covers the document as both nodes hold it; the document is made when there is
// none.
absl::StatusOr<Condition> AgreedContext(Client* first, Client* second,
                                        const shell::Address& address, const std::string& json) {
  absl::StatusOr<Document> document = first->GetWhole(address.collection, address.id);
  if (absl::IsNotFound(document.status())) {
    const absl::StatusOr<Written> written = first->Put(address.collection, address.id, json);
    if (!written.ok()) return written.status();
    document = first->GetWhole(address.collection, address.id);
  }
  if (!document.ok()) return document.status();
  const int64_t end_ms = NowMs() + kArrivalMs;
  for (;;) {
    const absl::StatusOr<Document> there = second->GetWhole(address.collection, address.id);
    if (there.ok() && there->winner.token == document->winner.token &&
        there->sibling_versions == document->sibling_versions) {
      return Condition::Context(document->resolve_context);
    }
    if (!there.ok() && !absl::IsNotFound(there.status())) return there.status();
    if (NowMs() > end_ms) {
      return absl::DeadlineExceededError("the two nodes do not hold the same version of it");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
  }
}

}  // namespace

absl::StatusOr<Dispute> MakeDispute(DemoCluster* cluster, const shell::Address& address,
                                    uint64_t number) {
  const std::optional<Pair> pair = Choose(cluster);
  if (!pair.has_value()) {
    return shell::Failure(shell::kExitFailed, "a conflict needs two nodes that run",
                          "\\status shows who is down, \\start N brings one back");
  }
  Dispute dispute = {.first = cluster->name(pair->first),
                     .second = cluster->name(pair->second),
                     .separated = cluster->separated(pair->first, pair->second)};
  Client* const first = cluster->client(pair->first);
  Client* const second = cluster->client(pair->second);
  const std::string one = Said(dispute.first, number, 17);
  const std::string other = Said(dispute.second, number, 21);
  Condition condition;
  if (!dispute.separated) {
    absl::StatusOr<Condition> agreed = AgreedContext(first, second, address, one);
    if (!agreed.ok()) return agreed.status();
    condition = *std::move(agreed);
  }
  for (const auto& [client, json] : {std::pair(first, one), std::pair(second, other)}) {
    const absl::StatusOr<Written> written =
        client->Put(address.collection, address.id, json, condition);
    if (!written.ok()) return written.status();
  }
  return dispute;
}

}  // namespace docstore::client::demo
