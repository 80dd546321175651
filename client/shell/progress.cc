#include "client/shell/progress.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace docstore::client::shell {
namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr size_t kBarWidth = 30;

}  // namespace

std::string Bar(uint64_t done, uint64_t total, size_t width) {
  const double part = total == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / total);
  const auto filled = static_cast<size_t>(part * static_cast<double>(width));
  return absl::StrFormat("[%s%s] %3d %%", std::string(filled, '#'),
                         std::string(width - filled, '-'), static_cast<int>(part * 100));
}

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::Update(uint64_t done, uint64_t documents) {
  if (!shown_) return;
  const double now = seconds();
  if (drawn_at_ >= 0 && now - drawn_at_ < kRedrawSeconds) return;
  drawn_at_ = now;
  const double rate = now > 0 ? static_cast<double>(documents) / now : 0;
  *err_ << "\r\033[K" << (total_ == 0 ? "" : Bar(done, total_, kBarWidth) + " ")
        << absl::StrFormat("%d documents, %.0f a second", documents, rate) << std::flush;
}

void Progress::Clear() {
  if (drawn_at_ >= 0) *err_ << "\r\033[K" << std::flush;
  drawn_at_ = -1;
}

}  // namespace docstore::client::shell
