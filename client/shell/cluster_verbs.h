// collections, conflicts, resolve, cluster status, wait converged.
//
// Each verb prints its result to the session and returns why it failed; the grammars are what its
// Arguments were sorted by.

#ifndef DOCSTORE_CLIENT_SHELL_CLUSTER_VERBS_H_
#define DOCSTORE_CLIENT_SHELL_CLUSTER_VERBS_H_

#include "absl/status/status.h"
#include "client/shell/arguments.h"
#include "client/shell/session.h"

namespace docstore::client::shell {

extern const Grammar kCollectionsGrammar;
absl::Status Collections(Session* session, const Arguments& arguments);

extern const Grammar kConflictsGrammar;
absl::Status Conflicts(Session* session, const Arguments& arguments);

extern const Grammar kResolveGrammar;
absl::Status Resolve(Session* session, const Arguments& arguments);

extern const Grammar kStatusGrammar;
absl::Status Status(Session* session, const Arguments& arguments);

extern const Grammar kWaitGrammar;
absl::Status Wait(Session* session, const Arguments& arguments);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_CLUSTER_VERBS_H_
