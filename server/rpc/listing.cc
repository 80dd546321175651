#include "server/rpc/listing.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/byte_order.h"
#include "server/base/hash.h"
#include "server/base/status_macros.h"
#include "server/rpc/document_reply.h"
#include "server/rpc/error.h"
#include "server/rpc/request_key.h"

namespace docstore::rpc {
namespace {

constexpr uint8_t kTokenFormat = 1;
// Around each listed document: tags, lengths and time.
constexpr size_t kEntryOverheadBytes = 64;

absl::StatusOr<uint32_t> PageSize(uint32_t asked) {
  if (asked == 0) return kPageSizeDefault;
  if (asked <= kPageSizeMax) return asked;
  return InvalidField(reason::kBadPage, "page_size",
                      absl::StrCat("page_size: ", asked, " is over the limit of ", kPageSizeMax,
                                   "; ask for less, and for the next page"));
}

std::string MakePageToken(uint64_t question, absl::string_view place) {
  std::string bytes(1, static_cast<char>(kTokenFormat));
  AppendBigEndian64(question, &bytes);
  bytes.append(place.data(), place.size());
  return absl::WebSafeBase64Escape(bytes);
}

// The place that MakePageToken was given.
absl::StatusOr<std::string> ReadPageToken(uint64_t question, const std::string& token) {
  std::string bytes;
  const bool decoded = absl::WebSafeBase64Unescape(token, &bytes);
  ByteReader reader(bytes);
  uint8_t format;
  uint64_t asked;
  if (decoded && reader.ReadByte(&format) && format == kTokenFormat &&
      reader.ReadBigEndian64(&asked) && asked == question) {
    return std::string(reader.rest());
  }
  return InvalidField(reason::kBadPage, "page_token",
                      "page_token: not a token of this request; send the next_page_token with the "
                      "same other fields, or none to begin again");
}

// A range of ids: from `first`, before `end` unless that is empty.
struct IdRange {
  std::string first;
  std::string end;
  bool empty() const { return !end.empty() && first >= end; }
};

// The smallest id greater than all that begin with `prefix`; empty when there is none.
std::string EndOfPrefix(std::string prefix) {
  while (!prefix.empty() && static_cast<uint8_t>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<uint8_t>(prefix.back()) + 1);
  return prefix;
}

IdRange RangeOf(const raw::v1::ListRequest& request) {
  IdRange range{.first = std::max(request.from_id(), request.prefix()), .end = request.to_id()};
  const std::string prefix_end = EndOfPrefix(request.prefix());
  if (range.end.empty() || (!prefix_end.empty() && prefix_end < range.end)) range.end = prefix_end;
  return range;
}

uint64_t QuestionHash(const raw::v1::ListRequest& request) {
  std::string bytes = request.ids_only() ? "list ids" : "list";
  for (const std::string* field :
       {&request.collection(), &request.from_id(), &request.to_id(), &request.prefix()}) {
    AppendLengthPrefixed(*field, &bytes);
  }
  return HashBytes64(bytes);
}

uint64_t QuestionHash(const raw::v1::ListConflictsRequest& request) {
  std::string bytes = "conflicts";
  AppendLengthPrefixed(request.collection(), &bytes);
  return HashBytes64(bytes);
}

absl::StatusOr<core::DocumentKey> PlaceOfConflict(const raw::v1::ListConflictsRequest& request) {
  core::DocumentKey from{.collection = request.collection(), .id = ""};
  if (request.page_token().empty()) return from;
  const uint64_t question = QuestionHash(request);
  ASSIGN_OR_RETURN(const std::string place, ReadPageToken(question, request.page_token()));
  ByteReader reader(place);
  absl::string_view collection;
  if (!reader.ReadLengthPrefixed(&collection) || !CheckKey(collection, reader.rest()).ok()) {
    // Damaged beyond its hash: the same answer as for any other bad token.
    return ReadPageToken(question, "").status();
  }
  return core::DocumentKey{std::string(collection), std::string(reader.rest())};
}

}  // namespace

absl::Status ListDocuments(const ServiceEnv& env, const raw::v1::ListRequest& request,
                           raw::v1::ListResponse* reply) {
  RETURN_IF_ERROR(CheckCollection(request.collection()));
  RETURN_IF_ERROR(CheckIdBound(request.from_id(), "from_id"));
  RETURN_IF_ERROR(CheckIdBound(request.to_id(), "to_id"));
  RETURN_IF_ERROR(CheckIdBound(request.prefix(), "prefix"));
  ASSIGN_OR_RETURN(const uint32_t page_size, PageSize(request.page_size()));
  ASSIGN_OR_RETURN(node::Node * node, env.node->Ready());
  const uint64_t question = QuestionHash(request);
  IdRange range = RangeOf(request);
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(std::string place, ReadPageToken(question, request.page_token()));
    range.first = std::max(range.first, std::move(place));
  }
  reply->set_served_by(env.node_name);
  if (range.empty()) return absl::OkStatus();

  size_t rows = 0;
  size_t bytes = env.node_name.size() + kEntryOverheadBytes;
  return node->view()->snapshot->ScanDocuments(
      request.collection(), range.first, [&](absl::string_view id, core::Document document) {
        if (!range.end.empty() && id >= range.end) return false;
        const bool live = document.live();
        const core::Version* winner = document.winner();
        const size_t json_bytes = live && !request.ids_only() ? winner->body->size() : 0;
        // The id stands in the entry and, encoded, in the token.
        const size_t entry_bytes = json_bytes + 3 * id.size() + kEntryOverheadBytes;
        const uint32_t listed = static_cast<uint32_t>(reply->documents_size());
        if (listed == page_size || rows == kRowsPerPageMax ||
            (listed > 0 && bytes + entry_bytes > kReplyBytesMax)) {
          reply->set_next_page_token(MakePageToken(question, id));
          return false;
        }
        ++rows;
        if (!live) return true;
        auto* entry = reply->add_documents();
        entry->set_id(std::string(id));
        entry->set_sibling_count(
            document.versions.size() == 1 ? 0 : static_cast<uint32_t>(document.Shown().size() - 1));
        FillVersion(env, {request.collection(), std::string(id)}, *winner, !request.ids_only(),
                    entry->mutable_winner());
        bytes += entry_bytes + entry->winner().version().size();
        return true;
      });
}

absl::Status ListConflicts(const ServiceEnv& env, const raw::v1::ListConflictsRequest& request,
                           raw::v1::ListConflictsResponse* reply) {
  if (!request.collection().empty()) RETURN_IF_ERROR(CheckCollection(request.collection()));
  ASSIGN_OR_RETURN(const uint32_t page_size, PageSize(request.page_size()));
  ASSIGN_OR_RETURN(const core::DocumentKey from, PlaceOfConflict(request));
  ASSIGN_OR_RETURN(node::Node * node, env.node->Ready());
  const std::shared_ptr<const node::View> view = node->view();
  reply->set_served_by(env.node_name);

  std::vector<core::DocumentKey> keys;
  size_t bytes = 0;
  RETURN_IF_ERROR(
      view->snapshot->ScanConflicts(request.collection(), from, [&](const core::DocumentKey& key) {
        bytes += key.collection.size() + key.id.size() + kEntryOverheadBytes;
        if (keys.size() == page_size || (!keys.empty() && bytes > kReplyBytesMax)) {
          std::string place;
          AppendLengthPrefixed(key.collection, &place);
          place += key.id;
          reply->set_next_page_token(MakePageToken(QuestionHash(request), place));
          return false;
        }
        keys.push_back(key);
        return true;
      }));
  for (core::DocumentKey& key : keys) {
    ASSIGN_OR_RETURN(const core::Document document, view->snapshot->ReadDocument(key));
    auto* conflict = reply->add_conflicts();
    conflict->set_sibling_count(static_cast<uint32_t>(document.Shown().size() - 1));
    conflict->set_collection(std::move(key.collection));
    conflict->set_id(std::move(key.id));
  }
  return absl::OkStatus();
}

}  // namespace docstore::rpc
