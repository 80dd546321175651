#include "client/demo/load.h"

#include <chrono>
#include <thread>
#include <utility>

#include "client/demo/sample_data.h"

namespace docstore::client::demo {

int64_t NowMs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

LoadResult WriteLoad(const std::vector<Client*>& clients, uint64_t first, uint64_t count) {
  std::vector<std::vector<BulkItem>> shares(clients.size());
  for (uint64_t i = 0; i < count; ++i) {
    shares[i % clients.size()].push_back(LoadDocument(first + i));
  }
  std::vector<std::vector<absl::StatusOr<Written>>> answers(clients.size());
  const int64_t began_ms = NowMs();
  std::vector<std::thread> threads;
  for (size_t i = 0; i < clients.size(); ++i) {
    threads.emplace_back([client = clients[i], share = &shares[i], answer = &answers[i]] {
      *answer = client->BulkWrite(std::move(*share));
    });
  }
  for (std::thread& thread : threads) thread.join();
  LoadResult result;
  result.took_ms = NowMs() - began_ms;
  for (const auto& answer : answers) {
    for (const absl::StatusOr<Written>& written : answer) {
      if (written.ok()) {
        ++result.written;
      } else if (result.first_failure.ok()) {
        result.first_failure = written.status();
      }
    }
  }
  return result;
}

}  // namespace docstore::client::demo
