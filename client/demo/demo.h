// demo: three temporary nodes in one command, and a prompt to do things to them.
//
// `docstore demo` starts them, writes sample documents, reads commands from the terminal or from
// standard input, and leaves no process and no file behind, however it is left (but by SIGKILL,
// which leaves the directory).

#ifndef DOCSTORE_CLIENT_DEMO_DEMO_H_
#define DOCSTORE_CLIENT_DEMO_DEMO_H_

#include <string>
#include <vector>

namespace docstore::client::demo {

// Runs the demo with the words of its command line, the first of which is its name. Returns the
// exit code: that of the first command that failed when commands do not come from a terminal.
int RunDemo(const std::vector<std::string>& words);

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_DEMO_H_
