// BulkStream: the BulkWriter over real nodes.
//
// Items gather into messages of at most kMessageItems and about kMessageBytes; at most one message
// is being written while the next one gathers and answers arrive. The window bounds what is
// unanswered, so a slow server slows Add down and memory stays bounded.
// One thread; it alone moves the stream, within Add and Finish.

#ifndef DOCSTORE_CLIENT_BULK_STREAM_H_
#define DOCSTORE_CLIENT_BULK_STREAM_H_

#include <cstdint>
#include <memory>

#include "client/connection.h"
#include "client/endpoint_ring.h"

namespace docstore::client {

inline constexpr size_t kMessageItems = 256;
// A message holds one item more than fits below this; the contract asks for less than 1 MiB.
inline constexpr size_t kMessageBytes = 256 << 10;
inline constexpr size_t kWindowItems = 4096;
inline constexpr size_t kWindowBytes = 8 << 20;

struct BulkStreamOptions {
  bool resend_unanswered = false;
  int64_t connect_deadline_ms = 10'000;
  int64_t stall_timeout_ms = 60'000;
};

// `ring` must outlive the writer.
std::unique_ptr<BulkWriter> MakeBulkStream(EndpointRing* ring, const BulkStreamOptions& options,
                                           BulkCallback callback);

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_BULK_STREAM_H_
