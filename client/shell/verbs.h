// Verbs: the language of the shell, one table of verbs, and the running of one command.
//
// Help, completion and the running of commands read the same table.

#ifndef DOCSTORE_CLIENT_SHELL_VERBS_H_
#define DOCSTORE_CLIENT_SHELL_VERBS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/shell/arguments.h"
#include "client/shell/line_parser.h"
#include "client/shell/session.h"

namespace docstore::client::shell {

struct Verb {
  std::string name;  // one word or two
  std::string usage;
  std::string summary;  // one line
  std::string details;  // lines for `help VERB`, may be empty
  std::vector<std::string> examples;
  const Grammar* grammar;
  absl::Status (*run)(Session* session, const Arguments& arguments);  // null: part of RunCommand
};

const std::vector<Verb>& Verbs();

// Runs one command. `quit` becomes true when it asks to leave. The output is flushed when it
// returns.
// `--output FORMAT` may stand anywhere in the command and holds for it alone.
absl::Status RunCommand(Session* session, const std::vector<Word>& words, bool* quit);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_VERBS_H_
