#include "client/fake_node.h"

#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace docstore::client {
namespace {

using Lock = std::lock_guard<std::mutex>;

constexpr int kHangPollMs = 5;

std::string Context(const std::vector<v1::Version>& versions) {
  std::string context = "all";
  for (const v1::Version& version : versions) absl::StrAppend(&context, "-", version.version());
  return context;
}

grpc::Status NotFound() {
  return RefusalOf(grpc::StatusCode::NOT_FOUND, "NOT_FOUND", "no such document");
}

}  // namespace

grpc::Status RefusalOf(grpc::StatusCode code, const std::string& reason, const std::string& message,
                       const std::string& field, int64_t offset) {
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_domain("docstore");
  info.set_reason(reason);
  if (offset >= 0) (*info.mutable_metadata())["offset"] = absl::StrCat(offset);
  details.add_details()->PackFrom(info);
  if (!field.empty()) {
    google::rpc::BadRequest bad;
    bad.add_field_violations()->set_field(field);
    details.add_details()->PackFrom(bad);
  }
  return grpc::Status(code, message, details.SerializeAsString());
}

FakeNode::FakeNode(std::string name) : name_(std::move(name)) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(static_cast<v1::DocumentService::Service*>(this));
  builder.RegisterService(static_cast<v1::CollectionService::Service*>(this));
  builder.RegisterService(static_cast<v1::ClusterService::Service*>(this));
  server_ = builder.BuildAndStart();
  address_ = absl::StrCat("127.0.0.1:", port);
  status_.set_ready(true);
  status_.set_cluster_name("test");
}

FakeNode::~FakeNode() { Stop(); }

void FakeNode::Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

void FakeNode::FailWith(const grpc::Status& status) {
  Lock lock(mutex_);
  failure_ = status;
}

void FakeNode::ApplyBeforeFailing() {
  Lock lock(mutex_);
  apply_first_ = true;
}

void FakeNode::Hang() {
  Lock lock(mutex_);
  hang_ = true;
}

void FakeNode::BreakBulkAfter(uint64_t items) {
  Lock lock(mutex_);
  break_after_ = items;
}

void FakeNode::WithholdAnswerTo(uint64_t index) {
  Lock lock(mutex_);
  withheld_ = index;
}

void FakeNode::LoseVersions(int times) {
  Lock lock(mutex_);
  lost_versions_ = times;
}

void FakeNode::AddSibling(const std::string& collection, const std::string& id,
                          const std::string& json) {
  Lock lock(mutex_);
  v1::Version version;
  version.set_version(absl::StrCat("v", ++versions_));
  version.set_json(json);
  version.set_deleted(json.empty());
  documents_[collection][id].push_back(version);
}

void FakeNode::SetStatus(const v1::GetStatusResponse& status) {
  Lock lock(mutex_);
  status_ = status;
}

void FakeNode::SetConvergence(const v1::WaitConvergedResponse& response) {
  Lock lock(mutex_);
  convergence_ = response;
}

uint64_t FakeNode::calls() const {
  Lock lock(mutex_);
  return calls_;
}

std::string FakeNode::JsonOf(const std::string& collection, const std::string& id) const {
  Lock lock(mutex_);
  const auto found = documents_.find(collection);
  if (found == documents_.end() || found->second.count(id) == 0) return "";
  return found->second.at(id).front().json();
}

grpc::Status FakeNode::Enter(grpc::ServerContext* context) {
  bool hang = false;
  {
    Lock lock(mutex_);
    ++calls_;
    hang = hang_;
  }
  // Waits for an order of the test, not for time to pass.
  while (hang && !context->IsCancelled()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(kHangPollMs));
  }
  Lock lock(mutex_);
  return failure_;
}

FakeNode::Versions* FakeNode::FindLocked(const std::string& collection, const std::string& id) {
  const auto found = documents_.find(collection);
  if (found == documents_.end()) return nullptr;
  const auto versions = found->second.find(id);
  return versions == found->second.end() ? nullptr : &versions->second;
}

grpc::Status FakeNode::Get(grpc::ServerContext* context, const v1::GetRequest* request,
                           v1::GetResponse* response) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  Lock lock(mutex_);
  const Versions* versions = FindLocked(request->collection(), request->id());
  if (versions == nullptr) return NotFound();
  response->set_id(request->id());
  *response->mutable_winner() = versions->front();
  response->set_sibling_count(static_cast<uint32_t>(versions->size() - 1));
  response->set_served_by(name_);
  if (!request->include_siblings()) return grpc::Status::OK;
  response->set_resolve_context(Context(*versions));
  for (size_t i = 1; i < versions->size(); ++i) {
    response->add_sibling_versions((*versions)[i].version());
    // Only the first fits, so that the rest must be asked for.
    if (i == 1) *response->add_siblings() = (*versions)[i];
    response->set_siblings_truncated(i > 1);
  }
  return grpc::Status::OK;
}

grpc::Status FakeNode::GetVersion(grpc::ServerContext* context,
                                  const v1::GetVersionRequest* request,
                                  v1::GetVersionResponse* response) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  Lock lock(mutex_);
  const Versions* versions = FindLocked(request->collection(), request->id());
  if (versions == nullptr || lost_versions_-- > 0) return NotFound();
  for (const v1::Version& version : *versions) {
    if (version.version() == request->version()) *response->mutable_version() = version;
  }
  return response->has_version() ? grpc::Status::OK : NotFound();
}

grpc::Status FakeNode::PutLocked(const v1::PutRequest& request, v1::PutResponse* response) {
  const Versions* held = FindLocked(request.collection(), request.id());
  const v1::Condition& condition = request.condition();
  if (condition.if_absent() && held != nullptr) {
    return RefusalOf(grpc::StatusCode::ALREADY_EXISTS, "EXISTS", "the document exists");
  }
  if (!condition.if_version().empty() &&
      (held == nullptr || held->front().version() != condition.if_version())) {
    return RefusalOf(grpc::StatusCode::ABORTED, "MOVED", "the document moved");
  }
  if (absl::StrContains(request.json(), "BAD")) {
    return RefusalOf(grpc::StatusCode::INVALID_ARGUMENT, "BAD_JSON", "not JSON", "json", 5);
  }
  v1::Version version;
  version.set_version(absl::StrCat("v", ++versions_));
  version.set_json(request.json());
  response->set_id(request.id().empty() ? absl::StrCat("made-", versions_) : request.id());
  response->set_version(version.version());
  response->set_superseded_siblings(held == nullptr ? 0 : static_cast<uint32_t>(held->size() - 1));
  response->set_served_by(name_);
  documents_[request.collection()][response->id()] = {version};
  return grpc::Status::OK;
}

grpc::Status FakeNode::DeleteLocked(const v1::DeleteRequest& request,
                                    v1::DeleteResponse* response) {
  if (FindLocked(request.collection(), request.id()) == nullptr) return NotFound();
  documents_[request.collection()].erase(request.id());
  response->set_version(absl::StrCat("v", ++versions_));
  response->set_served_by(name_);
  return grpc::Status::OK;
}

grpc::Status FakeNode::Put(grpc::ServerContext* context, const v1::PutRequest* request,
                           v1::PutResponse* response) {
  const grpc::Status failure = Enter(context);
  Lock lock(mutex_);
  if (failure.ok()) return PutLocked(*request, response);
  if (apply_first_) PutLocked(*request, response);
  return failure;
}

grpc::Status FakeNode::Delete(grpc::ServerContext* context, const v1::DeleteRequest* request,
                              v1::DeleteResponse* response) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  Lock lock(mutex_);
  return DeleteLocked(*request, response);
}

grpc::Status FakeNode::BatchGet(grpc::ServerContext* context, const v1::BatchGetRequest* request,
                                grpc::ServerWriter<v1::BatchGetResponse>* writer) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  for (int i = 0; i < request->ids_size(); ++i) {
    v1::BatchGetResponse response;
    response.set_index(static_cast<uint32_t>(i));
    {
      Lock lock(mutex_);
      const Versions* versions = FindLocked(request->collection(), request->ids(i));
      response.mutable_status()->set_offset(-1);
      if (versions == nullptr) {
        response.mutable_status()->set_code(grpc::StatusCode::NOT_FOUND);
      } else {
        response.mutable_document()->set_id(request->ids(i));
        *response.mutable_document()->mutable_winner() = versions->front();
      }
    }
    writer->Write(response);
  }
  return grpc::Status::OK;
}

void FakeNode::AnswerItem(const v1::BulkItem& item, uint64_t index, v1::BulkResult* result) {
  Lock lock(mutex_);
  grpc::Status status;
  result->set_index(index);
  result->mutable_status()->set_offset(-1);
  if (item.has_put()) {
    v1::PutResponse put;
    status = PutLocked(item.put(), &put);
    result->set_id(put.id());
    result->set_version(put.version());
  } else {
    v1::DeleteResponse deleted;
    status = DeleteLocked(item.delete_(), &deleted);
    result->set_version(deleted.version());
  }
  if (status.ok()) return;
  result->mutable_status()->set_code(status.error_code());
  result->mutable_status()->set_message(status.error_message());
  result->mutable_status()->set_reason("BAD_JSON");
  result->mutable_status()->set_offset(5);
}

grpc::Status FakeNode::BulkWrite(
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::BulkWriteResponse, v1::BulkWriteRequest>* stream) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  uint64_t break_after = 0;
  uint64_t withheld = 0;
  {
    Lock lock(mutex_);
    break_after = break_after_;
    withheld = withheld_;
  }
  uint64_t items = 0;
  v1::BulkWriteRequest request;
  while (stream->Read(&request)) {
    if (request.part_case() == v1::BulkWriteRequest::kEnd) {
      if (request.end() == items) return grpc::Status::OK;
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "another count was sent");
    }
    v1::BulkWriteResponse response;
    response.set_served_by(name_);
    for (const v1::BulkItem& item : request.items().items()) {
      v1::BulkResult result;
      AnswerItem(item, items++, &result);
      if (items == break_after) {
        stream->Write(response);
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed");
      }
      if (result.index() != withheld) *response.add_results() = result;
    }
    stream->Write(response);
  }
  return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no end was sent");
}

grpc::Status FakeNode::List(grpc::ServerContext* context, const v1::ListRequest* request,
                            v1::ListResponse* response) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  Lock lock(mutex_);
  const uint32_t page_size = request->page_size() == 0 ? 2 : request->page_size();
  for (const auto& [id, versions] : documents_[request->collection()]) {
    if (id < request->from_id() || id <= request->page_token()) continue;
    if (!request->to_id().empty() && id >= request->to_id()) break;
    if (!absl::StartsWith(id, request->prefix())) continue;
    if (static_cast<uint32_t>(response->documents_size()) == page_size) {
      response->set_next_page_token(response->documents().rbegin()->id());
      break;
    }
    v1::ListedDocument* document = response->add_documents();
    document->set_id(id);
    *document->mutable_winner() = versions.front();
    if (request->ids_only()) document->mutable_winner()->clear_json();
    document->set_sibling_count(static_cast<uint32_t>(versions.size() - 1));
  }
  return grpc::Status::OK;
}

grpc::Status FakeNode::ListConflicts(grpc::ServerContext* context,
                                     const v1::ListConflictsRequest* request,
                                     v1::ListConflictsResponse* response) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  Lock lock(mutex_);
  uint64_t skip = 0;
  if (!request->page_token().empty() && !absl::SimpleAtoi(request->page_token(), &skip)) {
    return RefusalOf(grpc::StatusCode::INVALID_ARGUMENT, "BAD_PAGE", "not a page token");
  }
  uint64_t seen = 0;
  for (const auto& [collection, documents] : documents_) {
    if (!request->collection().empty() && collection != request->collection()) continue;
    for (const auto& [id, versions] : documents) {
      if (versions.size() < 2 || seen++ < skip) continue;
      if (response->conflicts_size() == 1) {
        response->set_next_page_token(absl::StrCat(skip + 1));
        return grpc::Status::OK;
      }
      v1::Conflict* conflict = response->add_conflicts();
      conflict->set_collection(collection);
      conflict->set_id(id);
      conflict->set_sibling_count(static_cast<uint32_t>(versions.size() - 1));
    }
  }
  return grpc::Status::OK;
}

grpc::Status FakeNode::List(grpc::ServerContext* context, const v1::CollectionServiceListRequest*,
                            v1::CollectionServiceListResponse* response) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  Lock lock(mutex_);
  for (const auto& [name, documents] : documents_) {
    v1::Collection* collection = response->add_collections();
    collection->set_name(name);
    collection->set_document_count(documents.size());
  }
  return grpc::Status::OK;
}

grpc::Status FakeNode::GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest*,
                                 v1::GetStatusResponse* response) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  Lock lock(mutex_);
  *response = status_;
  response->set_seen_by(name_);
  return grpc::Status::OK;
}

grpc::Status FakeNode::WaitConverged(grpc::ServerContext* context, const v1::WaitConvergedRequest*,
                                     v1::WaitConvergedResponse* response) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  Lock lock(mutex_);
  *response = convergence_;
  response->set_served_by(name_);
  return grpc::Status::OK;
}

void FakeNode::SetContent(std::vector<v1::ListContentResponse> instants) {
  Lock lock(mutex_);
  contents_ = std::move(instants);
}

v1::ListContentResponse FakeNode::TakeContent() {
  Lock lock(mutex_);
  v1::ListContentResponse content;
  if (!contents_.empty()) content = contents_.front();
  if (contents_.size() > 1) contents_.erase(contents_.begin());
  content.set_served_by(name_);
  return content;
}

// One bucket for everything, in two parts.
grpc::Status FakeNode::GetContentDigest(grpc::ServerContext* context,
                                        const v1::GetContentDigestRequest*,
                                        grpc::ServerWriter<v1::GetContentDigestResponse>* writer) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  const v1::ListContentResponse content = TakeContent();
  v1::GetContentDigestResponse part;
  part.set_served_by(content.served_by());
  *part.mutable_clock() = content.clock();
  writer->Write(part);
  part.clear_clock();
  std::string held;
  for (v1::ContentEntry entry : content.entries()) {
    for (v1::ContentVersion& version : *entry.mutable_versions()) {
      part.mutable_totals()->set_json_bytes(part.totals().json_bytes() + version.json_bytes());
      if (!version.damaged()) continue;
      version.clear_damaged();
      *part.add_damaged() = entry.key();
      part.mutable_totals()->set_damaged_count(part.totals().damaged_count() + 1);
    }
    absl::StrAppend(&held, entry.SerializeAsString());
  }
  const auto count = static_cast<uint64_t>(content.entries_size());
  part.mutable_totals()->set_document_count(count);
  if (count > 0) {
    v1::ContentBucket* bucket = part.add_buckets();
    bucket->set_document_count(count);
    bucket->set_sum_low(std::hash<std::string>()(held));
  }
  writer->Write(part);
  return grpc::Status::OK;
}

grpc::Status FakeNode::ListContent(grpc::ServerContext* context,
                                   const v1::ListContentRequest* request,
                                   grpc::ServerWriter<v1::ListContentResponse>* writer) {
  if (grpc::Status failure = Enter(context); !failure.ok()) return failure;
  v1::ListContentResponse content = TakeContent();
  const bool all = request->documents().empty();
  auto entries = std::move(*content.mutable_entries());
  content.clear_entries();
  writer->Write(content);
  content.clear_clock();
  for (v1::ContentEntry& entry : entries) {
    bool asked = all;
    for (const v1::DocumentKey& key : request->documents()) {
      asked |= key.collection() == entry.key().collection() && key.id() == entry.key().id();
    }
    if (asked) *content.add_entries() = std::move(entry);
  }
  writer->Write(content);
  return grpc::Status::OK;
}

}  // namespace docstore::client
