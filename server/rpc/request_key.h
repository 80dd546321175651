// Checks of what requests name: collections, ids and bounds of ranges.
//
// The rules are in server/query/names.h; here their errors become the API's, with field and what
// to do. Pure functions.

#ifndef DOCSTORE_SERVER_RPC_REQUEST_KEY_H_
#define DOCSTORE_SERVER_RPC_REQUEST_KEY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/core/document.h"
#include "server/query/input_error.h"

namespace docstore::rpc {

// INVALID_ARGUMENT that names `field` and the byte offset.
absl::Status ToStatus(const query::InputError& error, absl::string_view field);

// INVALID_ARGUMENT (BAD_NAME, BAD_ID) when it breaks the rules of server/query/names.h.
absl::Status CheckCollection(absl::string_view collection);
absl::Status CheckId(absl::string_view id, absl::string_view field = "id");
absl::Status CheckKey(absl::string_view collection, absl::string_view id);

// A bound of a range of ids in `field`: may be empty, need not be a whole id, must be UTF-8 of at
// most an id's length.
absl::Status CheckIdBound(absl::string_view bound, absl::string_view field);

// "collection/id" for messages; a long id is cut, because trailers are limited to 8 KiB.
std::string KeyText(const core::DocumentKey& key);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_REQUEST_KEY_H_
