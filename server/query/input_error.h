// InputError: what is wrong with something a client sent, and at which byte.
//
// The services turn it into INVALID_ARGUMENT with a field violation. It is no absl::Status because
// a Status has no place for the offset that a person needs to find the mistake.

#ifndef DOCSTORE_SERVER_QUERY_INPUT_ERROR_H_
#define DOCSTORE_SERVER_QUERY_INPUT_ERROR_H_

#include <cstdint>
#include <string>

namespace docstore::query {

struct InputError {
  enum class Kind {
    kBadJson,        // not a JSON document that can be stored
    kTooLarge,       // more bytes than the limit
    kBadId,          // no id, or not the one the call names
    kBadCollection,  // no collection name
  };
  Kind kind = Kind::kBadJson;
  std::string message;  // one sentence without a full stop and without the offset
  uint64_t offset = 0;  // byte, from 0, in the bytes that were sent
};

}  // namespace docstore::query

#endif  // DOCSTORE_SERVER_QUERY_INPUT_ERROR_H_
