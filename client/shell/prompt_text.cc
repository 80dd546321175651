#include "client/shell/prompt_text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace docstore::client::shell {

std::string PromptText(const ClusterStatus& status) {
  if (!status.ready) return absl::StrCat(status.seen_by, " starting");
  uint64_t lacking = 0;
  for (const Node& node : status.nodes) lacking = std::max(lacking, node.ahead);
  if (lacking == 0) return absl::StrCat(status.seen_by, " ok");
  return absl::StrCat(status.seen_by, " ", lacking, " behind");
}

}  // namespace docstore::client::shell
