// import: writes the documents of a file through one bulk stream.
//
// The file is read as it is sent, except an array, which is read whole. Each document stands alone:
// what fails is reported with its line and the rest goes on.

#ifndef DOCSTORE_CLIENT_SHELL_IMPORT_H_
#define DOCSTORE_CLIENT_SHELL_IMPORT_H_

#include "absl/status/status.h"
#include "client/shell/arguments.h"
#include "client/shell/session.h"

namespace docstore::client::shell {

// So many failed documents are shown one by one; the rest is counted.
inline constexpr uint64_t kFailuresShown = 100;

extern const Grammar kImportGrammar;

// Prints each document that was not written, with its line, and the totals. Exit 8 when some were
// written and some not.
absl::Status Import(Session* session, const Arguments& arguments);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_IMPORT_H_
