#include "client/audit.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/stub.h"

namespace docstore::client {
namespace {

// Of one request that names documents; nodes take more.
constexpr size_t kNamedMax = 10'000;
constexpr size_t kNamedBytesMax = size_t{512} << 10;
constexpr int64_t kPauseStepMs = 20;

using OpenDocuments = std::map<DocumentKey, std::set<Finding>>;  // what the last look found

// A run of the audit.
class Audit {
 public:
  Audit(const std::vector<AuditTarget>& targets, const AuditOptions& options)
      : targets_(targets), options_(options) {
    for (const AuditTarget& target : targets) {
      report_.nodes.push_back({.name = target.name, .status = target.client.status()});
    }
  }

  absl::StatusOr<AuditReport> Run() {
    CompareDigests();
    for (const std::vector<uint32_t>& buckets : Batches()) {
      ContentQuery query;
      query.collection = options_.collection;
      query.buckets = buckets;
      const std::vector<NodeContent> contents = AskContents(query);
      OpenDocuments open;
      for (const DocumentKey& key : KeysOf(contents)) {
        Verdict verdict = Judge(contents, key);
        if (!verdict.equal) open[key] = std::move(verdict.findings);
      }
      Settle(std::move(open));
      if (Stopped()) break;
    }
    // A damaged document may have been reported with its bucket.
    for (const AuditReport::Difference& difference : report_.differences) {
      damaged_.erase(difference.key);
    }
    Settle(std::exchange(damaged_, {}));
    if (report_.differences.size() == kDifferencesMax) report_.complete = false;
    if (Interrupted(options_.interrupted)) return absl::CancelledError("interrupted");
    return std::move(report_);
  }

 private:
  bool Stopped() const {
    return Interrupted(options_.interrupted) || report_.differences.size() >= kDifferencesMax;
  }

  // Calls `ask` for each node that has answered so far, all at once; an answer is dropped when it
  // came from another node. The answers of the nodes that still take part, by position.
  template <typename Answer>
  std::map<size_t, Answer> AskAll(
      const std::function<absl::StatusOr<Answer>(Client* client)>& ask) {
    std::vector<absl::StatusOr<Answer>> answers(targets_.size(), absl::UnknownError(""));
    std::vector<std::thread> threads;
    for (size_t i = 0; i < targets_.size(); ++i) {
      if (!report_.nodes[i].status.ok()) continue;
      threads.emplace_back([this, &ask, &answers, i] {
        Client client = *targets_[i].client;
        answers[i] = ask(&client);
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::map<size_t, Answer> taken;
    for (size_t i = 0; i < targets_.size(); ++i) {
      AuditReport::Node& node = report_.nodes[i];
      if (!node.status.ok()) continue;
      if (!answers[i].ok()) {
        node.status = answers[i].status();
      } else if (answers[i]->served_by != node.name) {
        node.status = absl::FailedPreconditionError(
            absl::StrCat("at its address answers ", answers[i]->served_by));
      } else {
        taken.emplace(i, *std::move(answers[i]));
      }
    }
    return taken;
  }

  // Finds the buckets that differ, with the most documents that a node has in each.
  void CompareDigests() {
    const std::map<size_t, ContentDigest> digests = AskAll<ContentDigest>(
        [this](Client* client) { return client->GetContentDigest(options_.collection); });
    std::map<uint32_t, std::vector<const ContentBucket*>> by_index;
    for (const auto& [position, digest] : digests) {
      AuditReport::Node& node = report_.nodes[position];
      node.document_count = digest.document_count;
      node.version_count = digest.version_count;
      node.json_bytes = digest.json_bytes;
      node.damaged_count = digest.damaged_count;
      report_.complete &= digest.damaged.size() == digest.damaged_count;
      for (const DocumentKey& key : digest.damaged) damaged_[key];
      for (const ContentBucket& bucket : digest.buckets) by_index[bucket.index].push_back(&bucket);
    }
    for (const auto& [index, buckets] : by_index) {
      uint64_t documents = 0;
      bool equal = buckets.size() == digests.size();
      for (const ContentBucket* bucket : buckets) {
        equal = equal && *bucket == *buckets.front();
        documents = std::max(documents, bucket->document_count);
      }
      if (!equal) differing_.emplace_back(index, documents);
    }
  }

  std::vector<std::vector<uint32_t>> Batches() {
    std::vector<std::vector<uint32_t>> batches;
    uint64_t documents = 0;
    for (const auto& [index, count] : differing_) {
      if (batches.empty() || documents + count > kBatchDocumentsMax) {
        if (batches.size() == kBatchesMax) {
          report_.complete = false;
          break;
        }
        batches.emplace_back();
        documents = 0;
      }
      batches.back().push_back(index);
      documents += count;
    }
    return batches;
  }

  std::vector<NodeContent> AskContents(const ContentQuery& query) {
    std::map<size_t, Content> answers =
        AskAll<Content>([&query](Client* client) { return client->ListContent(query); });
    std::vector<NodeContent> contents;
    for (auto& [position, answer] : answers) {
      NodeContent content{.node = targets_[position].name, .clock = std::move(answer.clock)};
      for (ContentEntry& entry : answer.entries) {
        content.documents[std::move(entry.key)] = std::move(entry.versions);
      }
      contents.push_back(std::move(content));
    }
    return contents;
  }

  static std::set<DocumentKey> KeysOf(const std::vector<NodeContent>& contents) {
    std::set<DocumentKey> keys;
    for (const NodeContent& content : contents) {
      for (const auto& [key, versions] : content.documents) keys.insert(key);
    }
    return keys;
  }

  // Looks at `open` until each document is equal, or has one finding in two looks.
  void Settle(OpenDocuments open) {
    int64_t pause_ms = kFirstPauseMs;
    for (int look = 0; look < kLooks && !open.empty() && !Stopped(); ++look, pause_ms *= 2) {
      Pause(pause_ms);
      OpenDocuments left;
      for (auto next = open.begin(); next != open.end();) {
        const auto first = next;
        ContentQuery query;
        query.collection = options_.collection;
        for (size_t bytes = 0;
             next != open.end() && query.documents.size() < kNamedMax && bytes < kNamedBytesMax;
             ++next) {
          query.documents.push_back(next->first);
          bytes += next->first.collection.size() + next->first.id.size();
        }
        const std::vector<NodeContent> contents = AskContents(query);
        for (auto document = first; document != next; ++document) {
          LookAgain(contents, *document, &left);
        }
      }
      open = std::move(left);
    }
    if (!Stopped()) report_.in_flight += open.size();
  }

  // Reports the document, drops it, or adds it to `left`.
  void LookAgain(const std::vector<NodeContent>& contents,
                 const OpenDocuments::value_type& document, OpenDocuments* left) {
    const auto& [key, before] = document;
    Verdict verdict = Judge(contents, key);
    if (verdict.equal) return;
    AuditReport::Difference difference{.key = key};
    std::set_intersection(before.begin(), before.end(), verdict.findings.begin(),
                          verdict.findings.end(),
                          std::inserter(difference.findings, difference.findings.end()));
    if (difference.findings.empty()) {
      (*left)[key] = std::move(verdict.findings);
    } else if (report_.differences.size() < kDifferencesMax) {
      for (const NodeContent& content : contents) {
        difference.holdings.push_back({content.node, content.Of(key)});
      }
      report_.differences.push_back(std::move(difference));
    }
  }

  void Pause(int64_t pause_ms) const {
    for (int64_t slept = 0; slept < pause_ms && !Interrupted(options_.interrupted);
         slept += kPauseStepMs) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kPauseStepMs));
    }
  }

  const std::vector<AuditTarget>& targets_;
  const AuditOptions& options_;
  AuditReport report_;
  OpenDocuments damaged_;
  std::vector<std::pair<uint32_t, uint64_t>> differing_;  // bucket and documents
};

}  // namespace

absl::StatusOr<AuditReport> RunAudit(const std::vector<AuditTarget>& targets,
                                     const AuditOptions& options) {
  return Audit(targets, options).Run();
}

}  // namespace docstore::client
