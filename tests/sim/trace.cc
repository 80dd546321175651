#include "tests/sim/trace.h"

#include <cinttypes>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "server/base/hash.h"

namespace docstore::sim {

void Trace::Mix(uint64_t number) {
  hash_ = (hash_ ^ number ^ static_cast<uint64_t>(time_->now_us())) * 0x9e3779b97f4a7c15;
  hash_ ^= hash_ >> 29;
}

void Trace::Print(absl::string_view text) const {
  absl::PrintF("%12.6f  %s\n", static_cast<double>(time_->now_us()) / 1e6, text);
}

void Trace::Add(uint64_t number, absl::FunctionRef<std::string()> text) {
  Mix(number);
  if (print_) Print(text());
}

void Trace::Say(absl::string_view text) {
  Mix(HashBytes64(text));
  if (print_) Print(text);
}

void Trace::Fail(absl::string_view text) {
  if (failed()) return;
  failure_ = absl::StrFormat("at %.6f s: %s", static_cast<double>(time_->now_us()) / 1e6, text);
  Say(absl::StrFormat("VIOLATION %s", text));
}

}  // namespace docstore::sim
