// Prompt: the shell on a terminal, with line editing, history and completion by libedit.
//
// The prompt names the node and its state; it asks with a short deadline and at most once a second.
// History is kept under $XDG_STATE_HOME/docstore or ~/.local/state/docstore, readable by its owner
// alone. Ctrl-C drops the line or ends the running command, Ctrl-D leaves.

#ifndef DOCSTORE_CLIENT_SHELL_PROMPT_H_
#define DOCSTORE_CLIENT_SHELL_PROMPT_H_

#include <atomic>

#include "client/shell/failure.h"
#include "client/shell/session.h"

namespace docstore::client::shell {

// Reads and runs commands from the terminal until the user leaves; returns kExitOk. `interrupted`
// is what the session's calls look at; a signal handler sets it, the prompt clears it before each
// line.
ExitCode RunPrompt(Session* session, std::atomic<bool>* interrupted);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_PROMPT_H_
