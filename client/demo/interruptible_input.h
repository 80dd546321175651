// InterruptibleInput: lines from a file descriptor, until its end or a signal.
//
// std::getline would go on waiting after a signal, and the demo must clean up. One thread.

#ifndef DOCSTORE_CLIENT_DEMO_INTERRUPTIBLE_INPUT_H_
#define DOCSTORE_CLIENT_DEMO_INTERRUPTIBLE_INPUT_H_

#include <atomic>
#include <string>

namespace docstore::client::demo {

class InterruptibleInput {
 public:
  // `interrupted` must outlive the input; `descriptor` stays the caller's.
  InterruptibleInput(int descriptor, const std::atomic<bool>* interrupted)
      : descriptor_(descriptor), interrupted_(*interrupted) {}

  // Takes the next line, without its line break; false at the end of the input, on an error of it,
  // and once interrupted.
  bool Next(std::string* line);

 private:
  const int descriptor_;
  const std::atomic<bool>& interrupted_;
  std::string read_;     // ahead
  size_t searched_ = 0;  // bytes of it without a line break
  bool ended_ = false;
};

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_INTERRUPTIBLE_INPUT_H_
