// LineParser: turns what is typed into the words of a command.
//
//   command  = word (blanks word)*
//   word     = JSON text from '{' or '[' to its closing bracket, over as many lines as it takes
//            | a JSON string "..."
//            | anything else up to the next blank; a '"' right after its first '/' begins a JSON
//              string, so that an id may hold blanks: orders/"a b"
//   comment  = a line whose first character is '#'; empty lines are skipped as well
//
// Lines are fed one by one and each byte is looked at once, so that a long document costs no more
// than its length. Pure; never crashes, whatever the bytes.

#ifndef DOCSTORE_CLIENT_SHELL_LINE_PARSER_H_
#define DOCSTORE_CLIENT_SHELL_LINE_PARSER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace docstore::client::shell {

// One document of at most 8 MiB, with room for its words and its indentation.
inline constexpr size_t kCommandBytesMax = 32 << 20;
inline constexpr size_t kBracketDepthMax = 1000;

struct Word {
  enum class Kind {
    kBare,    // may be a verb, a flag or a keyword
    kQuoted,  // held a JSON string: never a flag or a keyword; `text` is unescaped
    kJson,    // JSON text with balanced brackets, otherwise unchecked
  };
  Kind kind = Kind::kBare;
  std::string text;
};

class LineParser {
 public:
  enum class State {
    kComplete,    // words() is a command; it may be empty
    kIncomplete,  // JSON goes on in the next line
    kError,       // error() says what is wrong; the command is lost
  };

  // Takes the next line, without its line break. After kComplete or kError a new command begins.
  State Feed(absl::string_view line);

  const std::vector<Word>& words() const { return words_; }
  const std::string& error() const { return error_; }
  // Whether a command has begun and is not complete.
  bool pending() const { return pending_; }

 private:
  State Fail(std::string error);
  // Each takes one word from `position` on and returns the position behind it, or npos on an error.
  size_t TakeBare(absl::string_view line, size_t position);
  size_t TakeString(absl::string_view line, size_t position, std::string prefix);
  size_t TakeJson(absl::string_view line, size_t position);

  std::vector<Word> words_;
  std::string error_;
  bool pending_ = false;
  size_t bytes_ = 0;
  std::string brackets_;  // closing brackets that are due, innermost last
};

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_LINE_PARSER_H_
