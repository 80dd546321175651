// OpenFiles: how many files and connections this process may have open at once.
//
// Each connection of a client costs a descriptor, and so does each open table of the store. Call it
// once, before either is opened.

#ifndef DOCSTORE_SERVER_HOST_OPEN_FILES_H_
#define DOCSTORE_SERVER_HOST_OPEN_FILES_H_

#include <cstdint>

namespace docstore::host {

// Raises the limit of this process as far as it may without privileges and returns what holds now.
// The usual one is 1024, which a thousand idle connections use up.
uint64_t RaiseOpenFilesLimit();

}  // namespace docstore::host

#endif  // DOCSTORE_SERVER_HOST_OPEN_FILES_H_
