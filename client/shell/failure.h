// How a command fails: exit code, message, and what to do about it.
//
// Exit codes (do not renumber, scripts rely on them):
//   0 ok          1 failed      2 usage           3 not found    4 conflict or failed condition
//   5 unreachable 6 no access   7 not converged   8 partial bulk failure
//   9 nodes hold different documents              130 interrupted

#ifndef DOCSTORE_CLIENT_SHELL_FAILURE_H_
#define DOCSTORE_CLIENT_SHELL_FAILURE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace docstore::client::shell {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitNotFound = 3,
  kExitCondition = 4,
  kExitUnreachable = 5,
  kExitNoAccess = 6,
  kExitNotConverged = 7,
  kExitPartial = 8,
  kExitDiverged = 9,
  kExitInterrupted = 130,
};

// A failure of the shell's own: `advice` says what to do.
absl::Status Failure(ExitCode code, absl::string_view message, absl::string_view advice);

// The command line is wrong.
absl::Status UsageError(absl::string_view message, absl::string_view advice);

// Puts `advice` to a status that a call returned; replaces the general one for its code.
absl::Status WithAdvice(absl::Status status, absl::string_view advice);

ExitCode ExitCodeOf(const absl::Status& status);

// What to do about `status`: never empty unless it is OK.
std::string AdviceOf(const absl::Status& status);

// "MESSAGE (REASON, field F, byte N)", without what the message says by itself.
std::string MessageOf(const absl::Status& status);

// "error: MESSAGE (...)\n  ADVICE\n"; empty for OK.
std::string Describe(const absl::Status& status);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_FAILURE_H_
