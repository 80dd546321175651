#include "server/host/termination.h"

#include <unistd.h>

#include <csignal>
#include <thread>

#include "server/base/check.h"

namespace docstore::host {

// The Arrival is never freed: the signal thread waits on it until the process is gone.
Termination::Termination() : arrival_(new Arrival) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  CHECK(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  std::thread([arrival = arrival_, signals] {
    int signal = 0;
    CHECK(sigwait(&signals, &signal) == 0);
    {
      MutexLock lock(&arrival->mutex);
      arrival->signal = signal;
      arrival->changed.SignalAll();
    }
    CHECK(sigwait(&signals, &signal) == 0);
    _exit(128 + signal);
  }).detach();
}

std::optional<int> Termination::WaitFor(int64_t timeout_ms) {
  MutexLock lock(&arrival_->mutex);
  if (arrival_->signal == 0) arrival_->changed.WaitFor(&arrival_->mutex, timeout_ms);
  if (arrival_->signal == 0) return std::nullopt;
  return arrival_->signal;
}

int Termination::Wait() {
  MutexLock lock(&arrival_->mutex);
  while (arrival_->signal == 0) arrival_->changed.Wait(&arrival_->mutex);
  return arrival_->signal;
}

}  // namespace docstore::host
