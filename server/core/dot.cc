#include "server/core/dot.h"

#include "absl/strings/str_cat.h"

namespace docstore::core {

std::string ToString(const Dot& dot) {
  return absl::StrCat(absl::Hex(static_cast<uint64_t>(dot.origin)), ":", dot.seq);
}

std::string ToString(const Ranges& ranges) {
  std::string text;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const Range& range = ranges[i];
    const bool same_origin = i > 0 && ranges[i - 1].origin == range.origin;
    if (same_origin) {
      text.back() = ',';
    } else {
      absl::StrAppend(&text, i > 0 ? " " : "", absl::Hex(static_cast<uint64_t>(range.origin)),
                      ":[");
    }
    absl::StrAppend(&text, range.first);
    if (range.last > range.first) absl::StrAppend(&text, "..", range.last);
    text.push_back(']');
  }
  return text;
}

uint64_t CountDots(const Ranges& ranges) {
  uint64_t count = 0;
  for (const Range& range : ranges) count += range.last - range.first + 1;
  return count;
}

}  // namespace docstore::core
