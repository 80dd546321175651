// RETURN_IF_ERROR and ASSIGN_OR_RETURN: hand a failed absl::Status to the caller. They keep the
// path of a call that works free of branches, and no Status can be dropped on the way.

#ifndef DOCSTORE_SERVER_BASE_STATUS_MACROS_H_
#define DOCSTORE_SERVER_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define DOCSTORE_CONCAT_INNER(a, b) a##b
#define DOCSTORE_CONCAT(a, b) DOCSTORE_CONCAT_INNER(a, b)

// Returns from the enclosing function unless `expression`, an absl::Status, is OK.
#define RETURN_IF_ERROR(expression)                     \
  do {                                                  \
    absl::Status return_if_error_status = (expression); \
    if (!return_if_error_status.ok()) [[unlikely]]      \
      return return_if_error_status;                    \
  } while (false)

#define DOCSTORE_ASSIGN_OR_RETURN(result, target, expression) \
  auto result = (expression);                                 \
  if (!result.ok()) [[unlikely]]                              \
    return std::move(result).status();                        \
  target = std::move(result).value()

// `ASSIGN_OR_RETURN(T x, F())`: x = F()'s value, or the enclosing function returns F()'s status.
#define ASSIGN_OR_RETURN(target, expression) \
  DOCSTORE_ASSIGN_OR_RETURN(DOCSTORE_CONCAT(status_or_, __LINE__), target, expression)

#endif  // DOCSTORE_SERVER_BASE_STATUS_MACROS_H_
