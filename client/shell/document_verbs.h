// put, get, del, list: the verbs of single documents.
//
// Each verb prints its result to the session and returns why it failed; the grammars are what its
// Arguments were sorted by.

#ifndef DOCSTORE_CLIENT_SHELL_DOCUMENT_VERBS_H_
#define DOCSTORE_CLIENT_SHELL_DOCUMENT_VERBS_H_

#include "absl/status/status.h"
#include "client/shell/arguments.h"
#include "client/shell/session.h"

namespace docstore::client::shell {

extern const Grammar kPutGrammar;
absl::Status Put(Session* session, const Arguments& arguments);

extern const Grammar kGetGrammar;
absl::Status Get(Session* session, const Arguments& arguments);

extern const Grammar kDeleteGrammar;
absl::Status Delete(Session* session, const Arguments& arguments);

extern const Grammar kListGrammar;
absl::Status List(Session* session, const Arguments& arguments);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_DOCUMENT_VERBS_H_
