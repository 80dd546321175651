#include "server/node/row_reclaimer.h"

#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "server/base/status_macros.h"
#include "server/core/floor.h"

namespace docstore::node {
namespace {

bool HasSomethingToStrip(const core::Document& document) {
  return !document.context.empty() ||
         absl::c_any_of(document.versions,
                        [](const core::Version& version) { return version.deleted; });
}

}  // namespace

absl::StatusOr<std::optional<core::StripRows>> RowReclaimer::NextRows(const View& view) {
  if (outstanding_) return std::nullopt;
  core::StripRows rows;
  for (const core::Dot& top : view.floor->entries()) {
    uint64_t& erased = erased_[top.origin];
    if (erased >= top.seq) continue;
    // From where the last rows were: what was erased is slow to read past.
    const core::Range range{top.origin, erased + 1, top.seq};
    erased = top.seq;
    RETURN_IF_ERROR(view.snapshot->ScanDots(
        range, [&rows, &erased](const core::Dot& dot, const core::DocumentKey& key) {
          rows.dots.push_back({dot, key});
          if (rows.dots.size() < kRowsMax) return true;
          erased = dot.seq;
          return false;
        }));
    if (rows.dots.size() >= kRowsMax) break;
  }
  if (rows.dots.empty()) return std::nullopt;
  outstanding_ = true;
  return rows;
}

absl::StatusOr<std::optional<core::StripRows>> RowReclaimer::NextDocuments(int64_t now_us,
                                                                           const View& view) {
  if (!sweeping_) {
    if (now_us < next_sweep_us_ || view.floor->empty()) return std::nullopt;
    sweeping_ = true;
    swept_ = {};
  }
  ASSIGN_OR_RETURN(const std::vector<core::DocumentKey> keys,
                   view.snapshot->ListKeys({.after = swept_}, kSweepKeysMax));
  core::StripRows rows;
  uint64_t bytes = 0;
  for (const core::DocumentKey& key : keys) {
    ASSIGN_OR_RETURN(const core::Document document, view.snapshot->ReadDocument(key));
    if (HasSomethingToStrip(document) && core::Settled(document, *view.floor)) {
      rows.keys.push_back(key);
    }
    swept_ = key;
    bytes += document.body_bytes();
    if (bytes >= kSweepBytesMax) break;
  }
  if (keys.size() < kSweepKeysMax && bytes < kSweepBytesMax) {
    sweeping_ = false;
    next_sweep_us_ = now_us + sweep_us_;
  }
  if (rows.keys.empty()) return std::nullopt;
  return rows;
}

void RowReclaimer::OnRepaired() {
  sweeping_ = false;
  next_sweep_us_ = 0;
}

}  // namespace docstore::node
