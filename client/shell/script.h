// Script: commands from a stream, one after the other, until one fails.
//
// -e, -f and stdin all come through here, so that they cannot differ.

#ifndef DOCSTORE_CLIENT_SHELL_SCRIPT_H_
#define DOCSTORE_CLIENT_SHELL_SCRIPT_H_

#include <istream>
#include <string>

#include "client/shell/failure.h"
#include "client/shell/session.h"

namespace docstore::client::shell {

// Runs all commands of `in`; `name` stands before each error ("orders.txt" gives "orders.txt:3: "),
// nothing does when it is empty. Returns the exit code of the first command that failed; stops
// there unless `keep_going`. Always stops when interrupted. `quit` becomes true when a command asks
// to leave.
ExitCode RunScript(Session* session, std::istream* in, const std::string& name, bool keep_going,
                   bool* quit);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_SCRIPT_H_
