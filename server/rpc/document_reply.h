// Replies about documents: stored versions as the API's messages.
//
// Kept below the message limit of clients; what does not fit is named by token instead. Pure
// functions.

#ifndef DOCSTORE_SERVER_RPC_DOCUMENT_REPLY_H_
#define DOCSTORE_SERVER_RPC_DOCUMENT_REPLY_H_

#include <cstddef>

#include "absl/status/status.h"
#include "docstore/raw/v1/document.pb.h"
#include "server/core/document.h"
#include "server/rpc/service_env.h"

namespace docstore::rpc {

// A reply stays under this unless one version alone is larger: clients accept 4 MiB by default.
inline constexpr size_t kReplyBytesMax = 3 << 20;

// `with_json`: false leaves the text out.
void FillVersion(const ServiceEnv& env, const core::DocumentKey& key, const core::Version& version,
                 bool with_json, raw::v1::Version* reply);

// Answer to Get. NOT_FOUND when `document` is not live.
absl::Status FillDocument(const ServiceEnv& env, const core::DocumentKey& key,
                          const core::Document& document, bool include_siblings,
                          raw::v1::GetResponse* reply);

// As one item of a batch.
void FillItemStatus(const absl::Status& status, raw::v1::ItemStatus* item);

// NOT_FOUND for `key`.
absl::Status NoSuchDocument(const core::DocumentKey& key);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_DOCUMENT_REPLY_H_
