#include "client/demo/interruptible_input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace docstore::client::demo {
namespace {

// A signal may come on another thread, or just before the wait.
constexpr int kPollMs = 50;
constexpr size_t kReadBytes = 64 << 10;

}  // namespace

bool InterruptibleInput::Next(std::string* line) {
  for (;;) {
    if (interrupted_.load()) return false;
    const size_t end = read_.find('\n', searched_);
    if (end != std::string::npos) {
      line->assign(read_, 0, end);
      read_.erase(0, end + 1);
      searched_ = 0;
      return true;
    }
    searched_ = read_.size();
    if (ended_) {
      line->swap(read_);
      read_.clear();
      searched_ = 0;
      return !line->empty();
    }
    pollfd input = {descriptor_, POLLIN, 0};
    if (poll(&input, 1, kPollMs) <= 0) continue;
    read_.resize(searched_ + kReadBytes);
    const ssize_t got = read(descriptor_, read_.data() + searched_, kReadBytes);
    read_.resize(searched_ + (got > 0 ? static_cast<size_t>(got) : 0));
    ended_ = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
  }
}

}  // namespace docstore::client::demo
