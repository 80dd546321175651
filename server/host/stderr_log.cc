#include "server/host/stderr_log.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace docstore::host {
namespace {

const char* Name(node::LogLevel level) {
  switch (level) {
    case node::LogLevel::kInfo:
      return "INFO ";
    case node::LogLevel::kWarning:
      return "WARN ";
    case node::LogLevel::kError:
      return "ERROR";
  }
  return "";
}

}  // namespace

std::string FormatLogLine(int64_t wall_ms, node::LogLevel level, absl::string_view line) {
  std::string text =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(wall_ms), absl::UTCTimeZone());
  const size_t begin = text.size();
  absl::StrAppend(&text, " ", Name(level), " ", line);
  std::replace_if(
      text.begin() + begin, text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  text.push_back('\n');
  return text;
}

void StderrLog::Write(node::LogLevel level, absl::string_view line) {
  const std::string text = FormatLogLine(clock_->WallMs(), level, line);
  absl::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads it: the log must not stop the node
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace docstore::host
