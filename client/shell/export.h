// export: writes a collection as JSON lines, ordered by id, `_id` first, one document a line.
//
// The bytes depend on the documents alone, so that exports of converged nodes are equal.

#ifndef DOCSTORE_CLIENT_SHELL_EXPORT_H_
#define DOCSTORE_CLIENT_SHELL_EXPORT_H_

#include "absl/status/status.h"
#include "client/shell/arguments.h"
#include "client/shell/session.h"

namespace docstore::client::shell {

extern const Grammar kExportGrammar;

// To stdout, or to a file that appears whole or not at all.
absl::Status Export(Session* session, const Arguments& arguments);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_EXPORT_H_
