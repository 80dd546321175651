// Client: the way into docstore for C++ programs.
//
//   auto client = docstore::Client::Connect("127.0.0.1:7421,127.0.0.1:7431");
//   auto written = client->Put("orders", "42", R"({"total":9.5})");
//   auto document = client->Get("orders", "42");
//
// Any node takes any call; see cluster_connection.h for when a call goes on to another one, and
// error.h for what a failure says beyond its code (proto/docstore/v1/document.proto names the codes
// and reasons of each call). Thread-safe; copies share one connection.

#ifndef DOCSTORE_CLIENT_CLIENT_H_
#define DOCSTORE_CLIENT_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cluster.h"
#include "client/cluster_connection.h"
#include "client/connection.h"
#include "client/content.h"
#include "client/document.h"

namespace docstore::client {

class Client {
 public:
  // `endpoints` is "HOST:PORT[,HOST:PORT...]". INVALID_ARGUMENT when it is not; nothing is
  // connected until the first call.
  static absl::StatusOr<Client> Connect(absl::string_view endpoints,
                                        const ConnectionOptions& options = {});

  explicit Client(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  // NOT_FOUND: no such document, or it is deleted. With `include_siblings` also the versions
  // besides the winner and a resolve context.
  absl::StatusOr<Document> Get(const std::string& collection, const std::string& id,
                               bool include_siblings = false);

  // One version, for siblings that Get left out as too large.
  absl::StatusOr<Version> GetVersion(const std::string& collection, const std::string& id,
                                     const std::string& version);

  // Get with all siblings, those included that do not fit into one reply. ABORTED when the document
  // changes too often while it is read.
  absl::StatusOr<Document> GetWhole(const std::string& collection, const std::string& id);

  // `json` is the text of one object; an empty `id` makes the server generate one. Durable on the
  // answering node when it returns. Not idempotent: look at ErrorDetail::ambiguous before a retry.
  absl::StatusOr<Written> Put(const std::string& collection, const std::string& id,
                              const std::string& json, const Condition& condition = {});

  // NOT_FOUND: the node holds no such document. IfAbsent is refused with INVALID_ARGUMENT.
  absl::StatusOr<Written> Delete(const std::string& collection, const std::string& id,
                                 const Condition& condition = {});

  // One result per id (at most 10 000), in that order.
  absl::StatusOr<std::vector<absl::StatusOr<Document>>> BatchGet(
      const std::string& collection, const std::vector<std::string>& ids,
      bool include_siblings = false);

  // A stream of writes with answers by callback; see BulkWriter. Must not outlive the client.
  std::unique_ptr<BulkWriter> BulkWrite(const BulkOptions& options, BulkCallback callback);

  // Writes `items` and returns one result per item, in that order.
  std::vector<absl::StatusOr<Written>> BulkWrite(std::vector<BulkItem> items,
                                                 const BulkOptions& options = {});

  // Calls `take` for each document of the query in id order, until it returns false.
  absl::Status List(const ListQuery& query, const std::function<bool(const Document&)>& take);
  // One page; `page_token` empty for the first.
  absl::StatusOr<ListPage> ListPageOf(const ListQuery& query, const std::string& page_token);

  // Calls `take` for each document with siblings, until it returns false; an empty `collection`
  // means all.
  absl::Status ListConflicts(const std::string& collection,
                             const std::function<bool(const Conflict&)>& take);

  absl::StatusOr<std::vector<Collection>> ListCollections();

  // `deadline_ms` 0: the connection's default.
  absl::StatusOr<ClusterStatus> GetStatus(int64_t deadline_ms = 0);

  // Waits until every member has what was written before the call, at most `timeout_ms` (1 to
  // 3 600 000). Both outcomes are OK.
  absl::StatusOr<Convergence> WaitConverged(int64_t timeout_ms);

  // What one node holds, for comparing nodes (audit.h); connect to that endpoint alone. Reads its
  // whole store, an empty `collection` meaning all, and may take minutes.
  absl::StatusOr<ContentDigest> GetContentDigest(const std::string& collection);
  absl::StatusOr<Content> ListContent(const ContentQuery& query);

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace docstore::client

namespace docstore {
using client::Client;
}  // namespace docstore

#endif  // DOCSTORE_CLIENT_CLIENT_H_
