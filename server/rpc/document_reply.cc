#include "server/rpc/document_reply.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/core/token.h"
#include "server/rpc/error.h"
#include "server/rpc/request_key.h"

namespace docstore::rpc {
namespace {

// A hybrid timestamp keeps milliseconds above 16 bits of logical time.
constexpr int kLogicalBits = 16;

// Around each sibling: tags, token, time, and its token once more in sibling_versions.
constexpr size_t kSiblingOverheadBytes = 640;

void FillSiblings(const ServiceEnv& env, const core::DocumentKey& key,
                  const std::vector<const core::Version*>& shown, raw::v1::GetResponse* reply) {
  size_t bytes = reply->ByteSizeLong() + kSiblingOverheadBytes * shown.size();
  for (size_t i = 1; i < shown.size(); ++i) {
    const core::Version& sibling = *shown[i];
    reply->add_sibling_versions(
        env.tokens->Sign(core::VersionToken{.dot = sibling.dot, .hlc = sibling.hlc}, key));
    bytes += sibling.body == nullptr ? 0 : sibling.body->size();
    if (bytes > kReplyBytesMax) reply->set_siblings_truncated(true);
    if (!reply->siblings_truncated()) {
      FillVersion(env, key, sibling, /*with_json=*/true, reply->add_siblings());
    }
  }
}

}  // namespace

void FillVersion(const ServiceEnv& env, const core::DocumentKey& key, const core::Version& version,
                 bool with_json, raw::v1::Version* reply) {
  reply->set_version(
      env.tokens->Sign(core::VersionToken{.dot = version.dot, .hlc = version.hlc}, key));
  reply->set_deleted(version.deleted);
  if (with_json && version.body != nullptr) reply->set_json(*version.body);
  reply->set_written_at_ms(static_cast<int64_t>(version.hlc >> kLogicalBits));
}

absl::Status FillDocument(const ServiceEnv& env, const core::DocumentKey& key,
                          const core::Document& document, bool include_siblings,
                          raw::v1::GetResponse* reply) {
  if (!document.live()) return NoSuchDocument(key);
  reply->set_id(key.id);
  reply->set_served_by(env.node_name);
  FillVersion(env, key, *document.winner(), /*with_json=*/true, reply->mutable_winner());
  const std::vector<const core::Version*> shown =
      document.versions.size() == 1 ? std::vector<const core::Version*>() : document.Shown();
  if (!shown.empty()) reply->set_sibling_count(static_cast<uint32_t>(shown.size() - 1));
  if (include_siblings) {
    reply->set_resolve_context(env.tokens->Sign(core::ResolveTokenOf(document), key));
    FillSiblings(env, key, shown, reply);
  }
  return absl::OkStatus();
}

void FillItemStatus(const absl::Status& status, raw::v1::ItemStatus* item) {
  item->set_code(static_cast<int>(status.code()));
  item->set_offset(-1);
  if (status.ok()) return;
  ErrorDetails details = DetailsOf(status);
  item->set_reason(std::move(details.reason));
  item->set_message(std::string(status.message()));
  item->set_field(std::move(details.field));
  item->set_offset(details.offset);
}

absl::Status NoSuchDocument(const core::DocumentKey& key) {
  return Error(absl::StatusCode::kNotFound, reason::kNotFound,
               absl::StrCat("no document ", KeyText(key),
                            " on this node; check collection and id, or ask again when the nodes "
                            "have converged"));
}

}  // namespace docstore::rpc
