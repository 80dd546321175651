// Endpoints: where nodes take clients, "HOST:PORT[,HOST:PORT...]".
//
// Checked before anything is resolved or connected, so that a typing error is told from a node that
// is away. Pure.

#ifndef DOCSTORE_CLIENT_ENDPOINT_H_
#define DOCSTORE_CLIENT_ENDPOINT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace docstore::client {

// At most so many endpoints in one list.
inline constexpr size_t kEndpointsMax = 1024;

// Splits a list; blanks around entries are ignored. INVALID_ARGUMENT with the entry at fault when
// the list is empty or longer than kEndpointsMax, or an entry is not HOST:PORT with a port of 1 to
// 65535. An IPv6 address stands in brackets: [::1]:7421.
absl::StatusOr<std::vector<std::string>> ParseEndpoints(absl::string_view list);

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_ENDPOINT_H_
