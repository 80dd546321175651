#include "server/rpc/request_key.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/query/names.h"
#include "server/query/utf8.h"
#include "server/rpc/error.h"

namespace docstore::rpc {
namespace {

constexpr size_t kIdBytesInText = 128;

struct Words {
  const char* reason;
  const char* advice;
};

Words WordsFor(query::InputError::Kind kind) {
  switch (kind) {
    case query::InputError::Kind::kBadJson:
      return {reason::kBadJson, "correct the document and send it again"};
    case query::InputError::Kind::kTooLarge:
      return {reason::kTooLarge, "split the document, or raise the server's --document-bytes-max"};
    case query::InputError::Kind::kBadId:
      return {reason::kBadId, "send 1 to 1024 bytes of UTF-8 without NUL"};
    case query::InputError::Kind::kBadCollection:
      return {reason::kBadName, "send 1 to 128 characters of A-Z a-z 0-9 _ . -"};
  }
  return {reason::kBadRequest, "correct the request"};
}

}  // namespace

absl::Status ToStatus(const query::InputError& error, absl::string_view field) {
  const Words words = WordsFor(error.kind);
  return InvalidField(
      words.reason, field,
      absl::StrCat(field, ": ", error.message, " (at byte ", error.offset, "); ", words.advice),
      static_cast<int64_t>(error.offset));
}

absl::Status CheckCollection(absl::string_view collection) {
  const std::optional<query::InputError> error = query::CheckCollectionName(collection);
  return error.has_value() ? ToStatus(*error, "collection") : absl::OkStatus();
}

absl::Status CheckId(absl::string_view id, absl::string_view field) {
  const std::optional<query::InputError> error = query::CheckId(id);
  return error.has_value() ? ToStatus(*error, field) : absl::OkStatus();
}

absl::Status CheckKey(absl::string_view collection, absl::string_view id) {
  RETURN_IF_ERROR(CheckCollection(collection));
  return CheckId(id);
}

absl::Status CheckIdBound(absl::string_view bound, absl::string_view field) {
  return bound.empty() ? absl::OkStatus() : CheckId(bound, field);
}

std::string KeyText(const core::DocumentKey& key) {
  absl::string_view id = key.id;
  if (id.size() <= kIdBytesInText) return absl::StrCat(key.collection, "/", id);
  id = id.substr(0, kIdBytesInText);
  // Not within a character.
  if (const size_t cut = query::FindBadUtf8(id); cut != absl::string_view::npos) {
    id = id.substr(0, cut);
  }
  return absl::StrCat(key.collection, "/", id, "...");
}

}  // namespace docstore::rpc
