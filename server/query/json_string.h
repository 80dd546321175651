// The inside of JSON strings: checking one where it stands, and its text without escapes.
//
// RFC 8259, with surrogates only as pairs: half a pair is no Unicode text. Pure functions.

#ifndef DOCSTORE_SERVER_QUERY_JSON_STRING_H_
#define DOCSTORE_SERVER_QUERY_JSON_STRING_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace docstore::query {

// What is wrong with a string, null when nothing is, and where.
struct JsonStringScan {
  const char* error = nullptr;
  size_t offset = 0;     // of the error, or of the closing quote
  bool escaped = false;  // holds at least one backslash
};

// Scans the string of `json`, which is UTF-8, whose first byte after the opening quote is at
// `begin`.
JsonStringScan ScanJsonString(absl::string_view json, size_t begin);

// The text that `raw`, what stands between the quotes of a string that scanned well, means.
std::string UnescapeJsonString(absl::string_view raw);

}  // namespace docstore::query

#endif  // DOCSTORE_SERVER_QUERY_JSON_STRING_H_
