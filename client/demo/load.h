// Load: many small documents written through several nodes at once.
//
// One thread and one bulk stream a node; the documents are dealt out in turn.

#ifndef DOCSTORE_CLIENT_DEMO_LOAD_H_
#define DOCSTORE_CLIENT_DEMO_LOAD_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "client/client.h"

namespace docstore::client::demo {

struct LoadResult {
  uint64_t written = 0;  // acknowledged
  int64_t took_ms = 0;
  absl::Status first_failure;  // OK when all were acknowledged
};

// Milliseconds of a clock that never goes back.
int64_t NowMs();

// Writes the `count` load documents from number `first` on through `clients`, at least one.
LoadResult WriteLoad(const std::vector<Client*>& clients, uint64_t first, uint64_t count);

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_LOAD_H_
