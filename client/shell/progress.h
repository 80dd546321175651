// Progress: a line on the terminal that says how far a long command is.
//
// Silent when there is no terminal: logs and pipes see results only. One thread.

#ifndef DOCSTORE_CLIENT_SHELL_PROGRESS_H_
#define DOCSTORE_CLIENT_SHELL_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

namespace docstore::client::shell {

class Progress {
 public:
  // Draws on `err` when `shown`. `total` 0: unknown, then only the count is shown.
  Progress(std::ostream* err, bool shown, uint64_t total)
      : err_(err), shown_(shown), total_(total), start_(std::chrono::steady_clock::now()) {}
  ~Progress() { Clear(); }

  // `done` of the total, with `documents` so far. Redraws at most ten times a second.
  void Update(uint64_t done, uint64_t documents);
  // Takes the line away.
  void Clear();

  double seconds() const;

 private:
  std::ostream* const err_;
  const bool shown_;
  const uint64_t total_;
  const std::chrono::steady_clock::time_point start_;
  double drawn_at_ = -1;
};

// "[#####-----]  50 %", `width` characters between the brackets.
std::string Bar(uint64_t done, uint64_t total, size_t width);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_PROGRESS_H_
