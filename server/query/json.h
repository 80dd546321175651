// CheckDocument: is this text a JSON document that can be stored?
//
// RFC 8259 to the letter, and stricter where it leaves a choice: member names are unique (compared
// unescaped), escapes of lone surrogates are refused (such a string is no Unicode text and could be
// neither indexed nor compared), numbers must not overflow a double, there is no byte order mark.
// Integers of any length that a double can hold, if rounded, stay as written. The scanner is our
// own, in one pass, because every error names its byte: simdjson's On-Demand is lazy and gives no
// position for some errors; simdjson still checks UTF-8. Pure functions.

#ifndef DOCSTORE_SERVER_QUERY_JSON_H_
#define DOCSTORE_SERVER_QUERY_JSON_H_

#include <cstddef>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "server/query/input_error.h"

namespace docstore::query {

struct JsonLimits {
  size_t bytes_max = 0;
  int depth_max = 100;  // the document itself is 1 deep; at most kJsonDepthCap
};
// The scanner recurses; this keeps it far from the end of any stack.
inline constexpr int kJsonDepthCap = 1000;

struct CheckedDocument {
  // The id asked for, or the one that the `_id` member named; empty when there was neither.
  std::string id;
  // Where the `_id` member stands with the comma that goes with it; an empty range without one.
  size_t cut_begin = 0;
  size_t cut_end = 0;

  // `json`, the text that was checked, without its top-level `_id` member. Putting
  // `"_id":ID` and a comma (none before `}`) after the opening brace of the result and checking
  // again gives the result back, byte for byte.
  std::string Body(std::string json) const;
};

// Checks `json`. A top-level member `_id` must be a string equal to `id`; with an empty `id` it
// must be a valid id, which it then becomes. Errors: kTooLarge; kBadId for `_id`, with the offset
// of its value; kBadJson for everything else, with the offset of the byte that breaks the rule: of
// the second of two equal names, of a number that overflows, of the backslash of a bad escape, of
// the end when the text ends early.
std::variant<CheckedDocument, InputError> CheckDocument(absl::string_view json,
                                                        absl::string_view id,
                                                        const JsonLimits& limits);

}  // namespace docstore::query

#endif  // DOCSTORE_SERVER_QUERY_JSON_H_
