// List and ListConflicts: pages over one committed view each.
//
// A page token is the place to go on from and a hash of what was asked, so that a token of another
// request is refused. It needs no signature: it gives access to nothing that the request itself
// does not name. Base64url of:
//
//   bytes  meaning
//   1      format, 1; do not renumber
//   8      hash of the request's other fields but page_size, big-endian
//   rest   List: the next id. ListConflicts: varint length and collection, then the next id

#ifndef DOCSTORE_SERVER_RPC_LISTING_H_
#define DOCSTORE_SERVER_RPC_LISTING_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "docstore/raw/v1/document.pb.h"
#include "server/rpc/service_env.h"

namespace docstore::rpc {

inline constexpr uint32_t kPageSizeDefault = 100;
inline constexpr uint32_t kPageSizeMax = 10'000;
// Rows looked at for one page, deleted documents included: a page ends there, even empty, so that
// no call holds its thread for long.
inline constexpr size_t kRowsPerPageMax = 100'000;

// INVALID_ARGUMENT (BAD_NAME, BAD_ID, BAD_PAGE) names the field; UNAVAILABLE while not ready.
absl::Status ListDocuments(const ServiceEnv& env, const raw::v1::ListRequest& request,
                           raw::v1::ListResponse* reply);
absl::Status ListConflicts(const ServiceEnv& env, const raw::v1::ListConflictsRequest& request,
                           raw::v1::ListConflictsResponse* reply);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_LISTING_H_
