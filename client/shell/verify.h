// verify: asks all members what documents they hold, and says where they differ.
//
// Exit codes: 0 they hold the same, 9 they do not, 7 a member could not be asked or a limit of
// client/audit.h was met.

#ifndef DOCSTORE_CLIENT_SHELL_VERIFY_H_
#define DOCSTORE_CLIENT_SHELL_VERIFY_H_

#include "absl/status/status.h"
#include "client/shell/arguments.h"
#include "client/shell/session.h"

namespace docstore::client::shell {

extern const Grammar kVerifyGrammar;

// Changes nothing on any node.
absl::Status Verify(Session* session, const Arguments& arguments);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_VERIFY_H_
