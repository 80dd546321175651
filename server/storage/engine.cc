#include "server/storage/engine.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace docstore::storage {

absl::Status ScanRows(
    const EngineSnapshot& rows, absl::string_view from, absl::string_view prefix,
    absl::FunctionRef<absl::StatusOr<bool>(absl::string_view key, absl::string_view value)> visit) {
  const std::unique_ptr<Cursor> cursor = rows.NewCursor();
  for (cursor->Seek(from); cursor->valid(); cursor->Next()) {
    if (!absl::StartsWith(cursor->key(), prefix)) break;
    ASSIGN_OR_RETURN(const bool more, visit(cursor->key(), cursor->value()));
    if (!more) break;
  }
  return cursor->status();
}

absl::Status ExplainDamage(absl::string_view location, const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return status;
  return absl::DataLossError(absl::StrCat(
      location, " is damaged: ", status.message(),
      ". Stop this node, move the directory away (keep it: it may hold writes that no other node "
      "has), and start the node again with an empty one: it refills from its peers"));
}

}  // namespace docstore::storage
