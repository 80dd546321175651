#include "client/endpoint_ring.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/error.h"

namespace docstore::client {

using std::chrono::milliseconds;
using std::chrono::system_clock;

void Failures::Add(const std::string& endpoint, absl::Status status) {
  failures_.emplace_back(endpoint, std::move(status));
}

absl::Status Failures::Join() const {
  if (failures_.size() == 1) return failures_.front().second;
  std::string message = "no server could take the call: ";
  ErrorDetail detail;
  for (size_t i = 0; i < failures_.size(); ++i) {
    const auto& [endpoint, status] = failures_[i];
    const bool named = absl::StrContains(status.message(), endpoint);
    absl::StrAppend(&message, i == 0 ? "" : "; ", named ? "" : endpoint, named ? "" : ": ",
                    status.message());
    if (const ErrorDetail own = DetailOf(status); !own.reason.empty()) detail = own;
  }
  return WithDetail(absl::UnavailableError(message), detail);
}

EndpointRing::EndpointRing(const std::vector<std::string>& endpoints, int64_t connect_timeout_ms,
                           const std::atomic<bool>* interrupted)
    : connect_timeout_ms_(connect_timeout_ms) {
  for (const std::string& endpoint : endpoints) {
    stubs_.push_back(std::make_unique<Stub>(endpoint, interrupted));
  }
}

absl::Status EndpointRing::Connect(size_t index, Deadline deadline) {
  if (stubs_.size() > 1) {
    deadline = std::min(deadline, system_clock::now() + milliseconds(connect_timeout_ms_));
  }
  return stubs_[index]->Connect(deadline);
}

absl::StatusOr<size_t> EndpointRing::ConnectFrom(size_t start, Deadline deadline) {
  Failures failures;
  for (size_t tried = 0, index = start; tried < size(); ++tried, index = After(index)) {
    absl::Status status = Connect(index, deadline);
    if (status.ok()) return index;
    if (status.code() == absl::StatusCode::kCancelled) return status;
    failures.Add(stubs_[index]->endpoint(), std::move(status));
  }
  return failures.Join();
}

}  // namespace docstore::client
