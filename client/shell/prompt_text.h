// The words of the prompt: which node answers and how it is.
//
// Apart from the terminal, so that they can be tested. Pure.

#ifndef DOCSTORE_CLIENT_SHELL_PROMPT_TEXT_H_
#define DOCSTORE_CLIENT_SHELL_PROMPT_TEXT_H_

#include <string>

#include "client/cluster.h"

namespace docstore::client::shell {

// "node2 ok", "node2 42 behind" (writes that another node reported and this one lacks), "node2
// starting".
std::string PromptText(const ClusterStatus& status);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_PROMPT_TEXT_H_
