// RunAudit: do all nodes hold the same documents? Reads alone, changes nothing.
//
// Every node is asked for a digest in 65 536 buckets, all at once; only buckets that differ are
// listed. Documents that still differ are looked at again a few times, since nodes answer as of
// different instants and writes are under way: content_comparison.h says what counts. Memory is
// bounded by the limits below. server/PROTOCOL.md, audit.

#ifndef DOCSTORE_CLIENT_AUDIT_H_
#define DOCSTORE_CLIENT_AUDIT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/content.h"
#include "client/content_comparison.h"

namespace docstore::client {

// The audit stops after so many documents that differ.
inline constexpr size_t kDifferencesMax = 1000;
// Buckets are listed in batches of so many documents, a bucket larger than that alone, each batch
// by one scan of every store; buckets beyond the last batch are left out.
inline constexpr uint64_t kBatchDocumentsMax = 50'000;
inline constexpr size_t kBatchesMax = 8;
// Looks at documents that differ, the first after kFirstPauseMs, each pause twice the one before.
inline constexpr int kLooks = 5;
inline constexpr int64_t kFirstPauseMs = 100;

struct AuditTarget {
  std::string name;               // the node's
  absl::StatusOr<Client> client;  // of that node alone, or why there is none
};

struct AuditOptions {
  std::string collection;  // empty: all
  const std::atomic<bool>* interrupted = nullptr;
};

struct AuditReport {
  struct Node {
    std::string name;
    absl::Status status;          // why it is not, or not wholly, part of the comparison
    uint64_t document_count = 0;  // live ones, as of its digest
    uint64_t version_count = 0;
    uint64_t json_bytes = 0;
    uint64_t damaged_count = 0;
  };
  struct Holding {
    std::string node;
    std::vector<ContentVersion> versions;  // none: nothing
  };
  struct Difference {
    DocumentKey key;
    std::set<Finding> findings;  // of two looks
    std::vector<Holding> holdings;
  };
  std::vector<Node> nodes;  // as given
  std::vector<Difference> differences;
  uint64_t in_flight = 0;  // documents that differed as writes under way do
  bool complete = true;    // no limit above cut it short
};

// CANCELLED when interrupted; what goes wrong at a node stands in the report.
absl::StatusOr<AuditReport> RunAudit(const std::vector<AuditTarget>& targets,
                                     const AuditOptions& options);

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_AUDIT_H_
