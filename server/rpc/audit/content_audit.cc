#include "server/rpc/audit/content_audit.h"

#include <bit>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/core/dot.h"
#include "server/node/view.h"
#include "server/rpc/audit/content_digest.h"
#include "server/rpc/audit/content_scan.h"
#include "server/rpc/error.h"
#include "server/rpc/request_key.h"
#include "server/rpc/status_mapping.h"

namespace docstore::rpc {
namespace {

namespace v1 = docstore::v1;

constexpr int64_t kBusyRetryMs = 1000;

absl::Status CheckDeadline(const grpc::CallbackServerContext& context) {
  const auto left = context.deadline() - std::chrono::system_clock::now();
  if (left <= std::chrono::milliseconds(kAuditDeadlineMsMax)) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, reason::kBadRequest,
               absl::StrCat("the call's deadline is none or over the limit of ",
                            kAuditDeadlineMsMax / 1000, " s; set one"));
}

// The number of buckets asked for.
absl::StatusOr<uint32_t> BucketCount(uint32_t asked) {
  if (asked == 0) return kBucketCountMax;
  if (asked <= kBucketCountMax && std::has_single_bit(asked)) return asked;
  return InvalidField(reason::kBadRequest, "bucket_count",
                      absl::StrCat("bucket_count: ", asked, " is not a power of two up to ",
                                   kBucketCountMax, "; 0 means that many"));
}

// One call: its parts, made one after another on the audit executor.
template <typename Response>
class AuditCall : public grpc::ServerWriteReactor<Response> {
 public:
  // Counts itself in `calls` for as long as it lives.
  AuditCall(const ServiceEnv& env, std::atomic<int>* calls) : env_(env), calls_(*calls) {
    calls_.fetch_add(1);
  }
  ~AuditCall() override { calls_.fetch_sub(1); }

  // The first step of a call. `checked`: what is wrong with the request.
  void Begin(const grpc::CallbackServerContext& context, absl::Status checked) {
    if (checked.ok()) checked = CheckDeadline(context);
    if (checked.ok()) checked = TakeView();
    if (!checked.ok()) {
      this->Finish(ToGrpc(checked));
    } else {
      PostSlice();
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      this->Finish(ToGrpc(absl::CancelledError("the caller went away")));
    } else if (ended_) {
      this->Finish(grpc::Status::OK);
    } else {
      PostSlice();
    }
  }
  void OnCancel() override { gone_.store(true); }
  void OnDone() override { delete this; }

 protected:
  // Adds the work of one slice to `response`; false when it was the last.
  virtual absl::StatusOr<bool> FillSlice(Response* response) = 0;
  virtual uint64_t scanned() const = 0;

  const std::shared_ptr<const node::View>& view() const { return view_; }
  void ReleaseView() { view_ = nullptr; }

 private:
  absl::Status TakeView() {
    ASSIGN_OR_RETURN(node::Node * node, env_.node->Ready());
    if (calls_.load() > kAuditCallsMax) {
      return RetryLater(reason::kBusy,
                        absl::StrCat("the node serves ", kAuditCallsMax,
                                     " calls of audits already; ask again when one has ended"),
                        kBusyRetryMs);
    }
    view_ = node->view();
    clock_ = view_->clock->ToRanges();
    sent_us_ = env_.clock->MonotonicUs();
    return absl::OkStatus();
  }

  void PostSlice() {
    env_.audit_executor->Post([this] { RunSlice(); });
  }

  // Ends in one step that another event follows, after which `this` may be gone.
  void RunSlice() {
    if (gone_.load()) {
      this->Finish(ToGrpc(absl::CancelledError("the call was given up")));
      return;
    }
    part_.Clear();
    absl::StatusOr<bool> more = true;
    if (next_range_ < clock_.size()) {
      FillClock();
    } else {
      more = FillSlice(&part_);
    }
    if (!more.ok()) {
      this->Finish(ToGrpc(more.status()));
      return;
    }
    const int64_t now_us = env_.clock->MonotonicUs();
    if (*more && part_.ByteSizeLong() == 0 && now_us - sent_us_ < kPartIntervalMs * 1000) {
      PostSlice();
      return;
    }
    sent_us_ = now_us;
    ended_ = !*more;
    part_.set_served_by(env_.node_name);
    part_.set_scanned_count(scanned());
    this->StartWrite(&part_);
  }

  void FillClock() {
    for (size_t i = 0; i < kRecordsPerPartMax && next_range_ < clock_.size(); ++i) {
      const core::Range& range = clock_[next_range_++];
      v1::DotRange* wire = part_.add_clock();
      wire->set_origin(static_cast<uint64_t>(range.origin));
      wire->set_first(range.first);
      wire->set_last(range.last);
    }
  }

  const ServiceEnv& env_;
  std::atomic<int>& calls_;
  std::atomic<bool> gone_ = false;
  std::shared_ptr<const node::View> view_;
  core::Ranges clock_;
  size_t next_range_ = 0;
  int64_t sent_us_ = 0;  // when the last part left
  bool ended_ = false;   // the part under way is the last
  Response part_;
};

class DigestCall final : public AuditCall<v1::GetContentDigestResponse> {
 public:
  using AuditCall::AuditCall;

  void Start(const grpc::CallbackServerContext& context,
             const v1::GetContentDigestRequest& request) {
    Begin(context, Check(request));
  }

 private:
  absl::Status Check(const v1::GetContentDigestRequest& request) {
    if (!request.collection().empty()) RETURN_IF_ERROR(CheckCollection(request.collection()));
    ASSIGN_OR_RETURN(const uint32_t bucket_count, BucketCount(request.bucket_count()));
    collection_ = request.collection();
    digest_ = std::make_unique<ContentDigest>(bucket_count);
    return absl::OkStatus();
  }

  absl::StatusOr<bool> FillSlice(v1::GetContentDigestResponse* response) override {
    if (scanned_all_) return FillBuckets(response);
    if (scan_ == nullptr) scan_ = std::make_unique<ContentScan>(view(), collection_);
    ASSIGN_OR_RETURN(const bool more, scan_->Advance([this, response](const core::DocumentKey& key,
                                                                      core::Document document) {
      AddDocument(key, document, response);
      return true;
    }));
    scanned_ = scan_->visited();
    if (!more) {
      scanned_all_ = true;
      scan_ = nullptr;
      ReleaseView();
    }
    return true;
  }

  void AddDocument(const core::DocumentKey& key, const core::Document& document,
                   v1::GetContentDigestResponse* response) {
    digest_->Add(key, document);
    bool matches = true;
    for (const core::Version& version : document.versions) matches &= BodyMatches(version);
    if (matches || damaged_++ >= kDamagedListedMax) return;
    v1::DocumentKey* wire = response->add_damaged();
    wire->set_collection(key.collection);
    wire->set_id(key.id);
  }

  bool FillBuckets(v1::GetContentDigestResponse* response) {
    const std::vector<ContentDigest::Bucket>& buckets = digest_->buckets();
    for (size_t filled = 0; filled < kRecordsPerPartMax && next_bucket_ < buckets.size();
         ++next_bucket_) {
      const ContentDigest::Bucket& bucket = buckets[next_bucket_];
      if (bucket.documents == 0) continue;
      v1::ContentBucket* wire = response->add_buckets();
      wire->set_index(static_cast<uint32_t>(next_bucket_));
      wire->set_document_count(bucket.documents);
      wire->set_sum_high(absl::Uint128High64(bucket.sum));
      wire->set_sum_low(absl::Uint128Low64(bucket.sum));
      ++filled;
    }
    if (next_bucket_ < buckets.size()) return true;
    v1::ContentTotals* totals = response->mutable_totals();
    totals->set_document_count(digest_->documents());
    totals->set_version_count(digest_->versions());
    totals->set_json_bytes(digest_->body_bytes());
    totals->set_damaged_count(damaged_);
    return false;
  }

  uint64_t scanned() const override { return scanned_; }

  std::string collection_;
  std::unique_ptr<ContentDigest> digest_;
  std::unique_ptr<ContentScan> scan_;
  bool scanned_all_ = false;
  uint64_t scanned_ = 0;
  uint64_t damaged_ = 0;
  size_t next_bucket_ = 0;
};

class ListCall final : public AuditCall<v1::ListContentResponse> {
 public:
  using AuditCall::AuditCall;

  void Start(const grpc::CallbackServerContext& context, const v1::ListContentRequest& request) {
    Begin(context, Check(request));
  }

 private:
  absl::Status Check(const v1::ListContentRequest& request) {
    if (!request.collection().empty()) RETURN_IF_ERROR(CheckCollection(request.collection()));
    ASSIGN_OR_RETURN(const uint32_t bucket_count, BucketCount(request.bucket_count()));
    RETURN_IF_ERROR(CheckDocuments(request));
    collection_ = request.collection();
    wanted_.resize(bucket_count);
    for (int i = 0; i < request.buckets_size(); ++i) {
      const uint32_t index = request.buckets(i);
      if (index >= bucket_count || (i > 0 && index <= request.buckets(i - 1))) {
        return InvalidField(reason::kBadRequest, absl::StrCat("buckets[", i, "]"),
                            absl::StrCat("buckets[", i, "]: ", index,
                                         " is out of order or not below ", bucket_count));
      }
      wanted_[index] = true;
    }
    return absl::OkStatus();
  }

  absl::Status CheckDocuments(const v1::ListContentRequest& request) {
    if (!request.documents().empty() && !request.buckets().empty()) {
      return InvalidField(reason::kBadRequest, "documents",
                          "documents: give either buckets or documents");
    }
    if (request.documents_size() > kListedDocumentsMax) {
      return InvalidField(
          reason::kTooLarge, "documents",
          absl::StrCat("documents: ", request.documents_size(), " are more than the limit of ",
                       kListedDocumentsMax, "; send several calls"));
    }
    for (const v1::DocumentKey& key : request.documents()) {
      RETURN_IF_ERROR(CheckKey(key.collection(), key.id()));
      if (!request.collection().empty() && key.collection() != request.collection()) continue;
      named_.push_back({key.collection(), key.id()});
    }
    by_name_ = !request.documents().empty();
    return absl::OkStatus();
  }

  absl::StatusOr<bool> FillSlice(v1::ListContentResponse* response) override {
    if (by_name_) return FillNamed(response);
    if (scan_ == nullptr) scan_ = std::make_unique<ContentScan>(view(), collection_);
    size_t part_bytes = 0;
    ASSIGN_OR_RETURN(const bool more,
                     scan_->Advance([&](const core::DocumentKey& key, core::Document document) {
                       if (wanted_[BucketOf(key, static_cast<uint32_t>(wanted_.size()))]) {
                         part_bytes += AddEntry(key, document, response);
                       }
                       return part_bytes < kPartBytesMax;
                     }));
    scanned_ = scan_->visited();
    return more;
  }

  absl::StatusOr<bool> FillNamed(v1::ListContentResponse* response) {
    size_t part_bytes = 0;
    uint64_t read_bytes = 0;
    for (size_t rows = 0; rows < kSliceRowsMax && scanned_ < named_.size(); ++rows) {
      if (part_bytes >= kPartBytesMax || read_bytes >= kSliceBytesMax) break;
      const core::DocumentKey& key = named_[scanned_++];
      ASSIGN_OR_RETURN(const core::Document document, view()->snapshot->ReadDocument(key));
      read_bytes += document.body_bytes();
      part_bytes += AddEntry(key, document, response);
    }
    return scanned_ < named_.size();
  }

  // Returns its size on the wire.
  static size_t AddEntry(const core::DocumentKey& key, const core::Document& document,
                         v1::ListContentResponse* response) {
    if (document.versions.empty()) return 0;
    v1::ContentEntry* entry = response->add_entries();
    entry->mutable_key()->set_collection(key.collection);
    entry->mutable_key()->set_id(key.id);
    for (const core::Version& version : document.versions) {
      v1::ContentVersion* wire = entry->add_versions();
      wire->mutable_dot()->set_origin(static_cast<uint64_t>(version.dot.origin));
      wire->mutable_dot()->set_seq(version.dot.seq);
      wire->set_timestamp(version.hlc);
      wire->set_deleted(version.deleted);
      if (version.deleted) continue;
      wire->set_hash_high(version.hash.high);
      wire->set_hash_low(version.hash.low);
      wire->set_json_bytes(version.body->size());
      wire->set_damaged(!BodyMatches(version));
    }
    return entry->ByteSizeLong();
  }

  uint64_t scanned() const override { return scanned_; }

  std::string collection_;
  std::vector<bool> wanted_;  // by bucket
  bool by_name_ = false;
  std::vector<core::DocumentKey> named_;
  std::unique_ptr<ContentScan> scan_;
  uint64_t scanned_ = 0;
};

}  // namespace

grpc::ServerWriteReactor<v1::GetContentDigestResponse>* ContentAudit::GetContentDigest(
    grpc::CallbackServerContext* context, const v1::GetContentDigestRequest& request) {
  auto* call = new DigestCall(env_, &calls_);
  call->Start(*context, request);
  return call;
}

grpc::ServerWriteReactor<v1::ListContentResponse>* ContentAudit::ListContent(
    grpc::CallbackServerContext* context, const v1::ListContentRequest& request) {
  auto* call = new ListCall(env_, &calls_);
  call->Start(*context, request);
  return call;
}

}  // namespace docstore::rpc
