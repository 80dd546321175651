// StderrLog: the operator's log: one line each, with UTC time and level, on standard error.
//
//   2026-01-31T12:00:00.123Z INFO  serving clients on 127.0.0.1:7421
//
// Thread-safe; a line is one write, so lines of several threads never mix.

#ifndef DOCSTORE_SERVER_HOST_STDERR_LOG_H_
#define DOCSTORE_SERVER_HOST_STDERR_LOG_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "server/node/env.h"

namespace docstore::host {

class StderrLog : public node::Log {
 public:
  // `clock` must outlive the log.
  explicit StderrLog(const node::Clock* clock) : clock_(clock) {}
  void Write(node::LogLevel level, absl::string_view line) override;

 private:
  const node::Clock* const clock_;
};

// The line with its end. Control characters in `line` become '?'.
std::string FormatLogLine(int64_t wall_ms, node::LogLevel level, absl::string_view line);

}  // namespace docstore::host

#endif  // DOCSTORE_SERVER_HOST_STDERR_LOG_H_
