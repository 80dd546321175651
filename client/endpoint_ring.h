// EndpointRing: the nodes a connection may ask, and the one that it asks first.
//
// The first to ask is the last that answered, so that a client stays with one node and moves on
// only when that one fails. Thread-safe.

#ifndef DOCSTORE_CLIENT_ENDPOINT_RING_H_
#define DOCSTORE_CLIENT_ENDPOINT_RING_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/stub.h"

namespace docstore::client {

// What went wrong at each endpoint that was tried, as one status.
class Failures {
 public:
  void Add(const std::string& endpoint, absl::Status status);
  // Of one failure the failure itself; of several UNAVAILABLE, naming each endpoint, with the
  // details of the last that had a reason.
  absl::Status Join() const;

 private:
  std::vector<std::pair<std::string, absl::Status>> failures_;
};

class EndpointRing {
 public:
  // `endpoints` is not empty; `interrupted` may be null and must outlive the ring.
  EndpointRing(const std::vector<std::string>& endpoints, int64_t connect_timeout_ms,
               const std::atomic<bool>* interrupted);

  size_t size() const { return stubs_.size(); }
  Stub* at(size_t index) { return stubs_[index].get(); }
  size_t first() const { return first_.load(); }
  void Prefer(size_t index) { first_.store(index); }
  size_t After(size_t index) const { return (index + 1) % stubs_.size(); }

  // Connects to `index` by `deadline`, and within the connect timeout when there are others to try.
  absl::Status Connect(size_t index, Deadline deadline);

  // Connects to `start` or the next one that can be reached, each tried once. UNAVAILABLE naming
  // all, or CANCELLED when interrupted.
  absl::StatusOr<size_t> ConnectFrom(size_t start, Deadline deadline);

 private:
  const int64_t connect_timeout_ms_;
  std::vector<std::unique_ptr<Stub>> stubs_;
  std::atomic<size_t> first_ = 0;
};

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_ENDPOINT_RING_H_
