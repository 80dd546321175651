// The whole outside world of a node, as a few small interfaces.
//
// Production implements them with LevelDB, gRPC and threads (server/storage, server/rpc,
// server/main.cc); tests and the simulator with memory and virtual time. Nothing in server/node or
// below touches the world any other way.

#ifndef DOCSTORE_SERVER_NODE_ENV_H_
#define DOCSTORE_SERVER_NODE_ENV_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/core/dot.h"
#include "server/core/effects.h"
#include "server/core/frame.h"
#include "server/core/reader.h"
#include "server/core/replica.h"

namespace docstore::node {

// Time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t WallMs() const = 0;       // milliseconds since 1970
  virtual int64_t MonotonicUs() const = 0;  // microseconds since some fixed point
};

// Random numbers, seeded by the operating system in production. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;
};

// Free space of the file system that holds the store. Thread-safe.
class DiskSpace {
 public:
  virtual ~DiskSpace() = default;
  // Bytes that the store may still write. Fails when the file system does not tell.
  virtual absl::StatusOr<uint64_t> FreeBytes() const = 0;
};

// Runs tasks one at a time in the order posted. Post is thread-safe and never runs the task before
// it returns. Tasks posted after Stop, or not yet begun when it is called, are dropped.
class Executor {
 public:
  using Task = absl::AnyInvocable<void()>;
  virtual ~Executor() = default;
  virtual void Post(Task task) = 0;
  // Posts `task` once `delay_us` microseconds have passed.
  virtual void PostAfter(int64_t delay_us, Task task) = 0;
};

// A consistent, immutable sight of the store. Thread-safe. Hold it briefly: it keeps replaced rows
// on disk. All fail with DATA_LOSS when what is stored cannot be read.
class Snapshot : public core::Reader {
 public:
  // Calls `visit` for each dot of `range` in the index, ascending, until it returns false.
  virtual absl::Status ScanDots(
      const core::Range& range,
      absl::FunctionRef<bool(const core::Dot&, const core::DocumentKey&)> visit) const = 0;
  // Calls `visit` for the documents of `collection` whose id is >= `from`, ascending by the bytes
  // of the id, until it returns false. Tombstones included. No such collection: no call.
  virtual absl::Status ScanDocuments(
      const std::string& collection, absl::string_view from,
      absl::FunctionRef<bool(absl::string_view id, core::Document document)> visit) const = 0;
  // Calls `visit` for the key of each conflicted document at or after `from`, in the order
  // (collection in order of first write on this node, id), until it returns false. With
  // `collection` non-empty only that one.
  virtual absl::Status ScanConflicts(
      const std::string& collection, const core::DocumentKey& from,
      absl::FunctionRef<bool(const core::DocumentKey&)> visit) const = 0;
  // All collections ever written here, sorted by name.
  virtual absl::StatusOr<std::vector<core::CollectionRow>> ListCollections() const = 0;
};

// Durable storage of one node. Commit from one thread; the rest thread-safe.
class Store {
 public:
  virtual ~Store() = default;
  // What a restarted node knows. Once, before any Commit.
  virtual absl::StatusOr<core::Recovered> Recover() = 0;
  // Writes the identity of a fresh disk, synced: 16-byte node uuid and the cluster's name.
  virtual absl::Status Initialize(absl::string_view node_uuid, absl::string_view cluster_name) = 0;
  // Writes all of `rows` atomically and returns when they are on disk. On failure nothing further
  // may be committed.
  virtual absl::Status Commit(const core::Rows& rows) = 0;
  virtual std::shared_ptr<const Snapshot> TakeSnapshot() const = 0;
  // Reads `key` so that a following read finds it in memory. Thread-safe, result dropped.
  virtual void Warm(const core::DocumentKey& key) const = 0;
  // Bytes on disk, approximately.
  virtual uint64_t BytesOnDisk() const = 0;
};

// One Sync stream to a peer. Its events and its calls all happen on the node's link executor.
class PeerStream {
 public:
  virtual ~PeerStream() = default;
  // Sends `frame`. At most one may be in flight: wait for OnSent before the next.
  virtual void Send(core::Frame frame) = 0;
  // Ends the stream after what is in flight; OnClosed follows.
  virtual void Close() = 0;
  // Where the other end of an accepted stream is, as the transport names it and for people; empty
  // when it does not know.
  virtual std::string Remote() const { return ""; }
};

class PeerStreamEvents {
 public:
  virtual ~PeerStreamEvents() = default;
  // `bytes`: size of the frame on the wire.
  virtual void OnFrame(core::Frame frame, uint64_t bytes) = 0;
  // The frame passed to Send has been handed to the transport, which takes the next.
  virtual void OnSent() = 0;
  // Some bytes of a frame still under way arrived: the peer lives.
  virtual void OnProgress() = 0;
  // Last event; the stream may be destroyed in or after it. `status` says why; never OK for a
  // connection that failed.
  virtual void OnClosed(const absl::Status& status) = 0;
};

// Opens streams to peers.
class PeerNetwork {
 public:
  virtual ~PeerNetwork() = default;
  // Begins a stream to `address` (host:port). `events` must outlive the stream. Connection failures
  // arrive as OnClosed, never before Dial has returned.
  virtual std::unique_ptr<PeerStream> Dial(const std::string& address,
                                           PeerStreamEvents* events) = 0;
  // Asks who lives at `address`; `done` runs on the link executor within `timeout_ms`.
  struct Identity {
    std::string cluster_name;
    std::string name;
    std::string node_uuid;
    core::Origin origin{};
  };
  virtual void Identify(const std::string& address, int64_t timeout_ms,
                        absl::AnyInvocable<void(absl::StatusOr<Identity>)> done) = 0;
};

// One line for the operator. Thread-safe.
enum class LogLevel { kInfo, kWarning, kError };
class Log {
 public:
  virtual ~Log() = default;
  virtual void Write(LogLevel level, absl::string_view line) = 0;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_ENV_H_
