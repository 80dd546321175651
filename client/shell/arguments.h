// Arguments: the words behind a verb, sorted into positions, flags and named values.
//
// Each verb says by a Grammar what it takes, so that all of them refuse what they do not know in
// the same words. Pure.

#ifndef DOCSTORE_CLIENT_SHELL_ARGUMENTS_H_
#define DOCSTORE_CLIENT_SHELL_ARGUMENTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/shell/line_parser.h"

namespace docstore::client::shell {

// What a verb takes. Quoted words and JSON are never flags, options or keywords.
struct Grammar {
  size_t positions_min = 0;
  size_t positions_max = 0;
  std::vector<std::string> flags;    // stand alone: --all
  std::vector<std::string> options;  // take the next word: --timeout 30s, or --timeout=30s
  // Bare keywords that take the next word, recognised after the first positions_min words: limit 10
  std::vector<std::string> keywords;
};

class Arguments {
 public:
  // A usage error names the word at fault; `usage` is its advice.
  static absl::StatusOr<Arguments> Sort(const std::vector<Word>& words, size_t first,
                                        const Grammar& grammar, const std::string& usage);

  size_t positions() const { return positions_.size(); }
  const Word& at(size_t position) const { return positions_[position]; }
  bool Has(const std::string& name) const { return named_.count(name) > 0; }
  // The value of an option or keyword, or `otherwise`.
  std::string Get(const std::string& name, const std::string& otherwise = "") const;
  // As a number from `least` to `most`; usage error otherwise.
  absl::StatusOr<uint64_t> GetNumber(const std::string& name, uint64_t otherwise, uint64_t least,
                                     uint64_t most) const;

 private:
  std::vector<Word> positions_;
  std::map<std::string, std::string> named_;
};

// C/ID: the first '/' splits. A word without '/' is a collection; its id is empty then.
struct Address {
  std::string collection;
  std::string id;
};

// Usage error when the collection is empty, or the id is and `needs_id`.
absl::StatusOr<Address> ParseAddress(const Word& word, bool needs_id);

// As it must be typed: the id quoted when it holds blanks, quotes or control characters.
std::string FormatAddress(const std::string& collection, const std::string& id);

// "30s", "500ms", "2m", "1h" or plain seconds, in milliseconds from 1 to 3 600 000. Usage error
// otherwise.
absl::StatusOr<int64_t> ParseDuration(const std::string& text);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_ARGUMENTS_H_
