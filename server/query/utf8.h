// UTF-8: well-formedness by table 3-7 of the Unicode standard, and encoding of one code point.
//
// Pure functions. Overlong forms, surrogates and code points above U+10FFFF are ill-formed.

#ifndef DOCSTORE_SERVER_QUERY_UTF8_H_
#define DOCSTORE_SERVER_QUERY_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace docstore::query {

// Offset of the first byte that begins no well-formed sequence, npos when `text` is all well
// formed.
size_t FindBadUtf8(absl::string_view text);

// Bytes of the well-formed sequence that `text` begins with, 1 to 4; 0 when it begins with none.
int Utf8SequenceBytes(absl::string_view text);

// Appends `code_point`, which is at most U+10FFFF and no surrogate.
void AppendUtf8(uint32_t code_point, std::string* out);

}  // namespace docstore::query

#endif  // DOCSTORE_SERVER_QUERY_UTF8_H_
