// Prompt: the shell on a terminal, with line editing, history and completion by libedit.
//
// The prompt names the node and its state; it asks with a short deadline and at most once a second.
// History is kept under $XDG_STATE_HOME/docstore or ~/.local/state/docstore, readable by its owner
// alone. Ctrl-C drops the line or ends the running command, Ctrl-D leaves.

#ifndef DOCSTORE_CLIENT_SHELL_PROMPT_H_
#define DOCSTORE_CLIENT_SHELL_PROMPT_H_

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/shell/failure.h"
#include "client/shell/line_parser.h"
#include "client/shell/session.h"

namespace docstore::client::shell {

// Whose commands are read.
struct PromptHost {
  std::string greeting = "docstore shell; help lists the verbs, Ctrl-D leaves";
  // Whom the next command asks, and whose state the prompt shows.
  std::function<Session*()> session;
  // Runs one command; `quit` becomes true when it asks to leave.
  std::function<absl::Status(const std::vector<Word>& words, bool* quit)> run;
  // Stands behind the node's state; may be null.
  std::function<std::string()> mark;
  std::vector<std::string> verbs;  // completed besides those of the shell
  // Ctrl-C leaves when nothing has been typed.
  bool interrupt_leaves = false;
  // The prompt is left once it is true, with the next `interrupted`; may be null.
  const std::atomic<bool>* leaving = nullptr;
};

// Reads and runs commands from the terminal until the user leaves; returns kExitOk, or
// kExitInterrupted when Ctrl-C left. `interrupted` is what the session's calls look at; a signal
// handler sets it, the prompt clears it before each line.
ExitCode RunPrompt(const PromptHost& host, std::atomic<bool>* interrupted);

// With the verbs of the shell alone.
ExitCode RunPrompt(Session* session, std::atomic<bool>* interrupted);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_PROMPT_H_
