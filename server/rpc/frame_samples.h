// Random frames and their printed form, for tests of what carries frames.
// Every kind of frame and every field comes up, so that a codec cannot forget one.

#ifndef DOCSTORE_SERVER_RPC_FRAME_SAMPLES_H_
#define DOCSTORE_SERVER_RPC_FRAME_SAMPLES_H_

#include <random>
#include <string>

#include "server/core/frame.h"

namespace docstore::rpc {

// Any kind of frame, small, obeying the codec's rules.
core::Frame RandomFrame(std::mt19937_64* random);

// A Docs frame with one document of `siblings` versions of `body_bytes` each.
core::Frame BigDocs(int siblings, size_t body_bytes);

// Every field of `frame`; bodies of more than 100 bytes by size and hash.
std::string PrintFrame(const core::Frame& frame);

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_FRAME_SAMPLES_H_
