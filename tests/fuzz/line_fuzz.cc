// What is typed at the shell: any lines are a command, the beginning of one, or an error with a
// text, and after each the parser begins anew.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/shell/line_parser.h"
#include "server/base/check.h"

namespace {

using docstore::client::shell::LineParser;
using docstore::client::shell::Word;

void CheckWords(const LineParser& parser, size_t fed) {
  size_t bytes = 0;
  for (const Word& word : parser.words()) {
    bytes += word.text.size();
    if (word.kind == Word::Kind::kQuoted) continue;
    CHECK(!word.text.empty());
    if (word.kind == Word::Kind::kBare) CHECK(word.text.find_first_of(" \t") == std::string::npos);
    if (word.kind == Word::Kind::kJson) CHECK(word.text[0] == '{' || word.text[0] == '[');
  }
  // Nothing typed grows: the longest unescaped form of \uXXXX has fewer bytes.
  CHECK(bytes <= fed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  LineParser parser;
  size_t fed = 0;
  for (const absl::string_view line :
       absl::StrSplit(absl::string_view(reinterpret_cast<const char*>(data), size), '\n')) {
    fed += line.size() + 1;
    const LineParser::State state = parser.Feed(line);
    CHECK(parser.pending() == (state == LineParser::State::kIncomplete));
    CHECK(parser.error().empty() == (state != LineParser::State::kError));
    if (state == LineParser::State::kIncomplete) continue;
    if (state == LineParser::State::kComplete) CheckWords(parser, fed);
    fed = 0;
  }
  return 0;
}
