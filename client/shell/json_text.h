// JSON as text: finding where values begin and end, without ever rewriting a document.
//
// The scanner is strict about grammar (RFC 8259), so that a part cut out of a text is a value and
// what is left is again a document; UTF-8, duplicate names and number ranges are the server's to
// check. Pure; never crashes, whatever the bytes.

#ifndef DOCSTORE_CLIENT_SHELL_JSON_TEXT_H_
#define DOCSTORE_CLIENT_SHELL_JSON_TEXT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace docstore::client::shell {

// Deeper nesting is refused; the server allows 100.
inline constexpr int kJsonDepthMax = 512;

// One member of an object, as slices of its text.
struct Member {
  absl::string_view name;   // with its quotes
  absl::string_view value;  // without surrounding blanks
};

// The position behind blanks from `position` on.
size_t SkipBlanks(absl::string_view text, size_t position);

// The end of the value that begins at `position`. INVALID_ARGUMENT with the byte at fault.
absl::StatusOr<size_t> ValueEnd(absl::string_view text, size_t position);

// The members of `text`, which is one object and nothing else, in order.
absl::StatusOr<std::vector<Member>> Members(absl::string_view text);

// The elements of `text`, which is one array and nothing else, in order.
absl::StatusOr<std::vector<absl::string_view>> Elements(absl::string_view text);

// `text` as a JSON string with quotes. Control characters, DEL and C1 are escaped: they would be
// orders to a terminal.
std::string Quote(absl::string_view text);

// `text` escaped as Quote does, without the quotes: for messages on a terminal.
std::string TerminalText(absl::string_view text);

// What the JSON string `quoted` says. INVALID_ARGUMENT when it is none.
absl::StatusOr<std::string> Unquote(absl::string_view quoted);

// `json` with `"_id":ID` as its first member; `json` is an object's text.
std::string WithId(absl::string_view id, absl::string_view json);

// `json` on one line: line breaks and the indentation behind them, which only stand between tokens,
// are left out. Text without line breaks stays as it is.
std::string OneLine(absl::string_view json);

// `json` indented for reading, numbers and strings as written.
std::string Indent(absl::string_view json);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_JSON_TEXT_H_
