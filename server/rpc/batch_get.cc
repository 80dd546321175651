#include "server/rpc/batch_get.h"

#include "absl/strings/str_cat.h"
#include "docstore/raw/v1/document.pb.h"
#include "server/base/status_macros.h"
#include "server/rpc/document_reply.h"
#include "server/rpc/error.h"
#include "server/rpc/message_bytes.h"
#include "server/rpc/request_key.h"
#include "server/rpc/status_mapping.h"

namespace docstore::rpc {
namespace {

// One call. Its methods run one after another: each write is begun by the end of the one before.
class BatchGetReactor final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  BatchGetReactor(const ServiceEnv& env, const grpc::ByteBuffer& bytes) : env_(env) {
    const absl::Status status = Begin(bytes);
    if (status.ok()) {
      WriteNext();
    } else {
      Finish(ToGrpc(status));
    }
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      WriteNext();
    } else {
      Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the caller went away"));
    }
  }
  void OnDone() override { delete this; }

 private:
  absl::Status Begin(const grpc::ByteBuffer& bytes) {
    RETURN_IF_ERROR(ParseMessage(bytes, &request_));
    RETURN_IF_ERROR(CheckCollection(request_.collection()));
    if (request_.ids_size() > kBatchGetIdsMax) {
      return InvalidField(
          reason::kTooLarge, "ids",
          absl::StrCat("ids: ", request_.ids_size(), " ids, more than the limit of ",
                       kBatchGetIdsMax, "; send several batches"));
    }
    ASSIGN_OR_RETURN(node_, env_.node->Ready());
    return absl::OkStatus();
  }

  void WriteNext() {
    if (next_ == request_.ids_size()) {
      Finish(grpc::Status::OK);
      return;
    }
    raw::v1::BatchGetResponse reply;
    reply.set_index(static_cast<uint32_t>(next_));
    const absl::Status status = Read(request_.ids(next_), reply.mutable_document());
    if (!status.ok()) reply.clear_document();
    FillItemStatus(status, reply.mutable_status());
    ++next_;
    buffer_ = SerializeMessage(reply);
    StartWrite(&buffer_);
  }

  absl::Status Read(const std::string& id, raw::v1::GetResponse* reply) {
    RETURN_IF_ERROR(CheckId(id, "ids"));
    const core::DocumentKey key{request_.collection(), id};
    ASSIGN_OR_RETURN(const core::Document document, node_->view()->snapshot->ReadDocument(key));
    return FillDocument(env_, key, document, request_.include_siblings(), reply);
  }

  const ServiceEnv& env_;
  node::Node* node_ = nullptr;
  raw::v1::BatchGetRequest request_;
  int next_ = 0;             // position of the next answer
  grpc::ByteBuffer buffer_;  // the answer being written
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartBatchGet(const ServiceEnv& env,
                                                          const grpc::ByteBuffer& request) {
  return new BatchGetReactor(env, request);
}

}  // namespace docstore::rpc
