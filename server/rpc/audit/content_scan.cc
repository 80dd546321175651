#include "server/rpc/audit/content_scan.h"

#include <utility>

#include "server/base/status_macros.h"
#include "server/core/effects.h"

namespace docstore::rpc {

ContentScan::ContentScan(std::shared_ptr<const node::View> view, std::string collection)
    : view_(std::move(view)), only_(std::move(collection)) {
  if (!only_.empty()) collections_ = {only_};
}

absl::StatusOr<bool> ContentScan::Advance(Visit visit) {
  if (!std::exchange(begun_, true) && only_.empty()) {
    ASSIGN_OR_RETURN(const std::vector<core::CollectionRow> rows,
                     view_->snapshot->ListCollections());
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) collections_.push_back(row->name);
  }
  size_t rows = 0;
  uint64_t bytes = 0;
  while (!collections_.empty()) {
    core::DocumentKey key{.collection = collections_.back(), .id = ""};
    bool full = false;
    RETURN_IF_ERROR(view_->snapshot->ScanDocuments(
        key.collection, from_, [&](absl::string_view id, core::Document document) {
          ++visited_;
          bytes += document.body_bytes();
          key.id.assign(id.data(), id.size());
          full = !visit(key, std::move(document)) || ++rows == kSliceRowsMax ||
                 bytes >= kSliceBytesMax;
          return !full;
        }));
    if (full) {
      // The least id above it.
      from_ = std::move(key.id) + '\0';
      return true;
    }
    from_.clear();
    collections_.pop_back();
  }
  return false;
}

}  // namespace docstore::rpc
