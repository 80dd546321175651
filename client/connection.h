// Connection: the cluster as Client sees it, one virtual call per operation of the API.
//
// Client -> Connection -> Stub: Client is what applications call, a Connection decides which node
// takes a call, a Stub is one node. An application tests its own code by giving Client a Connection
// of its own making. Implementations are thread-safe; a BulkWriter is for one thread.

#ifndef DOCSTORE_CLIENT_CONNECTION_H_
#define DOCSTORE_CLIENT_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cluster.h"
#include "client/content.h"
#include "client/document.h"

namespace docstore::client {

// Takes the answer to the item that Add counted as `index` (from 0): called once for every added
// item, from within Add or Finish, in any order. A status whose DetailOf().ambiguous is true means
// that nobody knows whether the item was applied.
using BulkCallback = std::function<void(uint64_t index, const absl::StatusOr<Written>& result)>;

struct BulkOptions {
  // When a stream breaks, sends unanswered puts that name an id and have no condition again, to the
  // next endpoint. Such a put may then have been applied twice, as two equal siblings at worst.
  bool resend_unanswered = false;
};

// One stream of writes. Not atomic across documents.
class BulkWriter {
 public:
  virtual ~BulkWriter() = default;

  // Queues one item; blocks while the window of unanswered items is full. The status is not OK when
  // the stream is broken for good: the item was then answered by the callback like all others.
  virtual absl::Status Add(BulkItem item) = 0;

  // Sends what is queued and waits for all answers. OK when every item was answered by a node, even
  // if by an error.
  virtual absl::Status Finish() = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;

  virtual absl::StatusOr<Document> Get(const std::string& collection, const std::string& id,
                                       bool include_siblings) = 0;
  virtual absl::StatusOr<Version> GetVersion(const std::string& collection, const std::string& id,
                                             const std::string& version) = 0;
  virtual absl::StatusOr<Written> Put(const std::string& collection, const std::string& id,
                                      const std::string& json, const Condition& condition) = 0;
  virtual absl::StatusOr<Written> Delete(const std::string& collection, const std::string& id,
                                         const Condition& condition) = 0;
  // One result per id, in that order; an error of the whole call otherwise.
  virtual absl::StatusOr<std::vector<absl::StatusOr<Document>>> BatchGet(
      const std::string& collection, const std::vector<std::string>& ids,
      bool include_siblings) = 0;
  virtual std::unique_ptr<BulkWriter> BulkWrite(const BulkOptions& options,
                                                BulkCallback callback) = 0;
  virtual absl::StatusOr<ListPage> List(const ListQuery& query, const std::string& page_token) = 0;
  virtual absl::StatusOr<ConflictPage> ListConflicts(const std::string& collection,
                                                     uint32_t page_size,
                                                     const std::string& page_token) = 0;
  virtual absl::StatusOr<std::vector<Collection>> ListCollections() = 0;
  // `deadline_ms` 0: the connection's default.
  virtual absl::StatusOr<ClusterStatus> GetStatus(int64_t deadline_ms) = 0;
  // Waits up to `timeout_ms` (1 to 3 600 000) on the server.
  virtual absl::StatusOr<Convergence> WaitConverged(int64_t timeout_ms) = 0;
  // Of one node: give such a connection one endpoint.
  virtual absl::StatusOr<ContentDigest> GetContentDigest(const std::string& collection) = 0;
  virtual absl::StatusOr<Content> ListContent(const ContentQuery& query) = 0;
};

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_CONNECTION_H_
