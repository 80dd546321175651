// CHECK and CHECK_OK: our own mistakes end the process, in release builds too.
//
// The world (peers, clients, disks) fails with absl::Status instead; see status_macros.h.

#ifndef DOCSTORE_SERVER_BASE_CHECK_H_
#define DOCSTORE_SERVER_BASE_CHECK_H_

#include <string>

namespace docstore {

// Prints `file:line: check failed: what` to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const std::string& what);

}  // namespace docstore

#define CHECK(condition)                                       \
  do {                                                         \
    if (!(condition)) [[unlikely]]                             \
      ::docstore::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

// Aborts with the status printed unless `expression`, an absl::Status, is OK.
#define CHECK_OK(expression)                                                                 \
  do {                                                                                       \
    const auto& check_ok_status = (expression);                                              \
    if (!check_ok_status.ok()) [[unlikely]]                                                  \
      ::docstore::CheckFailed(__FILE__, __LINE__,                                            \
                              std::string(#expression) + ": " + check_ok_status.ToString()); \
  } while (false)

#endif  // DOCSTORE_SERVER_BASE_CHECK_H_
