// ContentScan: a walk over all documents of one view, a slice at a time.
//
// A scan of a large store takes minutes; slices let calls share a thread, and let a call look
// whether its caller is still there. Not thread-safe.

#ifndef DOCSTORE_SERVER_RPC_AUDIT_CONTENT_SCAN_H_
#define DOCSTORE_SERVER_RPC_AUDIT_CONTENT_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "server/core/document.h"
#include "server/node/view.h"

namespace docstore::rpc {

// A slice ends after the row that reaches one of these: some milliseconds.
inline constexpr size_t kSliceRowsMax = 2000;
inline constexpr uint64_t kSliceBytesMax = uint64_t{4} << 20;

class ContentScan {
 public:
  // Returns false to end the slice.
  using Visit = absl::FunctionRef<bool(const core::DocumentKey& key, core::Document document)>;

  // Of `collection` alone unless that is empty.
  ContentScan(std::shared_ptr<const node::View> view, std::string collection);

  // Visits the next documents, deleted ones included, by collection and id. False when there are no
  // more. DATA_LOSS when one cannot be read.
  absl::StatusOr<bool> Advance(Visit visit);

  // Documents visited so far.
  uint64_t visited() const { return visited_; }

 private:
  const std::shared_ptr<const node::View> view_;
  const std::string only_;
  bool begun_ = false;
  std::vector<std::string> collections_;  // still to be walked, the next one last
  std::string from_;                      // where in that one to go on
  uint64_t visited_ = 0;
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_AUDIT_CONTENT_SCAN_H_
