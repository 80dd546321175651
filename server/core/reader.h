// Reader: what the core asks of storage. An interface, so that the core knows no disk
// and a test or the simulator can answer from a map. Called from the thread that runs Step only.

#ifndef DOCSTORE_SERVER_CORE_READER_H_
#define DOCSTORE_SERVER_CORE_READER_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/document.h"
#include "server/core/event.h"

namespace docstore::core {

class Reader {
 public:
  virtual ~Reader() = default;
  // The state of `key`, an empty document when there is none. DATA_LOSS when what is stored cannot
  // be read; its message names the file where known.
  virtual absl::StatusOr<Document> ReadDocument(const DocumentKey& key) const = 0;
  // The first `limit` keys in `range` that have a row, ascending. It may name keys besides whose
  // row is gone. Fails as ReadDocument.
  virtual absl::StatusOr<std::vector<DocumentKey>> ListKeys(const KeyRange& range,
                                                            size_t limit) const = 0;
};

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_READER_H_
