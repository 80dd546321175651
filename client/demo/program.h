// Program: where docstored is.
//
// The demo runs the docstored that was installed with it, unless told otherwise.

#ifndef DOCSTORE_CLIENT_DEMO_PROGRAM_H_
#define DOCSTORE_CLIENT_DEMO_PROGRAM_H_

#include <string>

#include "absl/status/statusor.h"

namespace docstore::client::demo {

// `given` when it is not empty; else the docstored beside this very program, else the first one on
// PATH. A usage error, with advice, when there is none or it is not executable.
absl::StatusOr<std::string> FindDocstored(const std::string& given);

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_PROGRAM_H_
