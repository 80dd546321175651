#include "server/storage/collection_names.h"

#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "server/base/check.h"

namespace docstore::storage {

std::optional<CollectionId> CollectionNames::Find(absl::string_view name) const {
  const auto it = ids_.find(name);
  if (it == ids_.end()) return std::nullopt;
  return it->second;
}

absl::StatusOr<std::string> CollectionNames::NameOf(CollectionId id) const {
  const auto it = names_.find(id);
  if (it == names_.end()) {
    return absl::DataLossError(
        absl::StrCat("the name of collection number ", static_cast<uint32_t>(id), " is missing"));
  }
  return it->second;
}

absl::StatusOr<CollectionId> CollectionNames::Add(absl::string_view name) {
  CHECK(!Find(name).has_value());
  const uint32_t last = names_.empty() ? 0 : static_cast<uint32_t>(names_.rbegin()->first);
  if (last == std::numeric_limits<uint32_t>::max()) {
    return absl::ResourceExhaustedError("collection numbers are used up");
  }
  const CollectionId id{last + 1};
  ids_.emplace(name, id);
  names_.emplace(id, name);
  return id;
}

absl::Status CollectionNames::Restore(absl::string_view name, CollectionId id) {
  if (!names_.emplace(id, name).second || !ids_.emplace(name, id).second) {
    return absl::DataLossError(
        absl::StrCat("collection number ", static_cast<uint32_t>(id), " has two names"));
  }
  return absl::OkStatus();
}

}  // namespace docstore::storage
