// Termination: SIGTERM and SIGINT as something to wait for.
//
// The first signal asks for an orderly end; the second ends the process at once with 128 + its
// number, as a shell would report it. Make one, before any other thread exists: threads inherit the
// blocked signals. SIGPIPE is ignored from then on.

#ifndef DOCSTORE_SERVER_HOST_TERMINATION_H_
#define DOCSTORE_SERVER_HOST_TERMINATION_H_

#include <cstdint>
#include <optional>

#include "server/base/mutex.h"

namespace docstore::host {

class Termination {
 public:
  Termination();
  Termination(const Termination&) = delete;
  Termination& operator=(const Termination&) = delete;

  // The first signal, once it has come; nothing when `timeout_ms` passed before.
  std::optional<int> WaitFor(int64_t timeout_ms);
  // Waits as long as it takes.
  int Wait();

 private:
  // Shared with the signal thread, which lives as long as the process.
  struct Arrival {
    Mutex mutex;
    CondVar changed;
    int signal ABSL_GUARDED_BY(mutex) = 0;
  };
  Arrival* const arrival_;
};

}  // namespace docstore::host

#endif  // DOCSTORE_SERVER_HOST_TERMINATION_H_
