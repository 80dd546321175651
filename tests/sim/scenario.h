// Scenario: a story told line by line, and what must come of it.
//
// One command a line, words by spaces, # begins a comment. NODES is one name, several with commas,
// or `all`. A LABEL names what a client got from a read or a write.
//
//   nodes NAME...                    machines, each with all as seeds; first command
//   start NODES | crash NODES        power on, power off
//   wipe NODES | image NODES | restore NODES   an empty disk; keep the disk; put it back (when off)
//   clone NODE                       a copy of the machine runs beside it
//   cut NODES NODES | heal           no connection between the two groups; all links again
//   pause NODES | resume NODES       the process stands still
//   clock NODE SECONDS               sets the wall clock forward or back
//   run SECONDS                      time passes
//   settle                           until all clocks are equal, at most two minutes; then all
//   bytes
//                                    must be equal and what the oracle expects
//   put NODE KEY VALUE [HOW LABEL] [if-absent] [as LABEL] [fails VERDICT]
//   delete NODE KEY [HOW LABEL] [as LABEL] [fails VERDICT]
//                                    HOW: over (the version), resolve (all that was read), if (the
//                                    version is still the winner), if-all (all stands as read)
//   read NODE KEY as LABEL
//   forge LABEL NODE AHEAD           a token for a write so many ahead of what NODE has issued
//   writers CLIENTS ROUNDS KEY       each round, so many clients read at any node and then all
//   write expect NODE KEY is VALUE...      the bodies of all live versions, in any order expect
//   NODE KEY absent           no live version expect NODE KEY at-most COUNT    versions expect NODE
//   ready | off          the process serves; it has ended
//
// VERDICT is one of not-found, already-exists, moved, not-caught-up, bad-token, unknown-origin,
// too-many-siblings. All invariants are judged as in a simulation.

#ifndef DOCSTORE_TESTS_SIM_SCENARIO_H_
#define DOCSTORE_TESTS_SIM_SCENARIO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace docstore::sim {

// Runs the story in `text`. INVALID_ARGUMENT with the line for what cannot be understood,
// FAILED_PRECONDITION for what did not come true. With `print`, the transcript on standard output.
absl::Status RunScenario(absl::string_view text, bool print);

}  // namespace docstore::sim

#endif  // DOCSTORE_TESTS_SIM_SCENARIO_H_
