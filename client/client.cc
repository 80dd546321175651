#include "client/client.h"

#include <utility>

#include "client/endpoint.h"

namespace docstore::client {
namespace {

// So often a document that changes meanwhile is read from the start.
constexpr int kReadingsMax = 3;

}  // namespace

absl::StatusOr<Client> Client::Connect(absl::string_view endpoints,
                                       const ConnectionOptions& options) {
  absl::StatusOr<std::vector<std::string>> parsed = ParseEndpoints(endpoints);
  if (!parsed.ok()) return parsed.status();
  return Client(MakeClusterConnection(*parsed, options));
}

absl::StatusOr<Document> Client::Get(const std::string& collection, const std::string& id,
                                     bool include_siblings) {
  return connection_->Get(collection, id, include_siblings);
}

absl::StatusOr<Version> Client::GetVersion(const std::string& collection, const std::string& id,
                                           const std::string& version) {
  return connection_->GetVersion(collection, id, version);
}

absl::StatusOr<Document> Client::GetWhole(const std::string& collection, const std::string& id) {
  for (int reading = 0; reading < kReadingsMax; ++reading) {
    absl::StatusOr<Document> document = connection_->Get(collection, id, true);
    if (!document.ok()) return document;
    absl::Status status;
    while (status.ok() && document->siblings.size() < document->sibling_versions.size()) {
      const std::string& token = document->sibling_versions[document->siblings.size()];
      absl::StatusOr<Version> version = connection_->GetVersion(collection, id, token);
      status = version.status();
      if (status.ok()) document->siblings.push_back(*std::move(version));
    }
    document->siblings_truncated = false;
    if (status.ok()) return document;
    // A version that is gone means that the document changed between the two calls.
    if (status.code() != absl::StatusCode::kNotFound) return status;
  }
  return absl::AbortedError("the document changed each time it was read");
}

absl::StatusOr<Written> Client::Put(const std::string& collection, const std::string& id,
                                    const std::string& json, const Condition& condition) {
  return connection_->Put(collection, id, json, condition);
}

absl::StatusOr<Written> Client::Delete(const std::string& collection, const std::string& id,
                                       const Condition& condition) {
  return connection_->Delete(collection, id, condition);
}

absl::StatusOr<std::vector<absl::StatusOr<Document>>> Client::BatchGet(
    const std::string& collection, const std::vector<std::string>& ids, bool include_siblings) {
  return connection_->BatchGet(collection, ids, include_siblings);
}

std::unique_ptr<BulkWriter> Client::BulkWrite(const BulkOptions& options, BulkCallback callback) {
  return connection_->BulkWrite(options, std::move(callback));
}

std::vector<absl::StatusOr<Written>> Client::BulkWrite(std::vector<BulkItem> items,
                                                       const BulkOptions& options) {
  std::vector<absl::StatusOr<Written>> results(items.size(), absl::UnknownError("no answer"));
  const auto writer = connection_->BulkWrite(
      options, [&results](uint64_t index, const absl::StatusOr<Written>& result) {
        results[index] = result;
      });
  // The callback has every item's outcome, a broken stream's included, so Add and Finish say
  // nothing more.
  for (BulkItem& item : items) writer->Add(std::move(item)).IgnoreError();
  writer->Finish().IgnoreError();
  return results;
}

absl::StatusOr<ListPage> Client::ListPageOf(const ListQuery& query, const std::string& page_token) {
  return connection_->List(query, page_token);
}

absl::Status Client::List(const ListQuery& query,
                          const std::function<bool(const Document&)>& take) {
  std::string page_token;
  do {
    absl::StatusOr<ListPage> page = connection_->List(query, page_token);
    if (!page.ok()) return page.status();
    for (const Document& document : page->documents) {
      if (!take(document)) return absl::OkStatus();
    }
    page_token = std::move(page->next_page_token);
  } while (!page_token.empty());
  return absl::OkStatus();
}

absl::Status Client::ListConflicts(const std::string& collection,
                                   const std::function<bool(const Conflict&)>& take) {
  std::string page_token;
  do {
    absl::StatusOr<ConflictPage> page = connection_->ListConflicts(collection, 0, page_token);
    if (!page.ok()) return page.status();
    for (const Conflict& conflict : page->conflicts) {
      if (!take(conflict)) return absl::OkStatus();
    }
    page_token = std::move(page->next_page_token);
  } while (!page_token.empty());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Collection>> Client::ListCollections() {
  return connection_->ListCollections();
}

absl::StatusOr<ClusterStatus> Client::GetStatus(int64_t deadline_ms) {
  return connection_->GetStatus(deadline_ms);
}

absl::StatusOr<Convergence> Client::WaitConverged(int64_t timeout_ms) {
  return connection_->WaitConverged(timeout_ms);
}

absl::StatusOr<ContentDigest> Client::GetContentDigest(const std::string& collection) {
  return connection_->GetContentDigest(collection);
}

absl::StatusOr<Content> Client::ListContent(const ContentQuery& query) {
  return connection_->ListContent(query);
}

}  // namespace docstore::client
