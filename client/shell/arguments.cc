#include "client/shell/arguments.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/shell/failure.h"
#include "client/shell/json_text.h"

namespace docstore::client::shell {
namespace {

constexpr int64_t kDurationMsMax = 3'600'000;

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

absl::StatusOr<Arguments> Arguments::Sort(const std::vector<Word>& words, size_t first,
                                          const Grammar& grammar, const std::string& usage) {
  Arguments arguments;
  for (size_t i = first; i < words.size(); ++i) {
    const Word& word = words[i];
    const bool bare = word.kind == Word::Kind::kBare;
    std::string name = word.text;
    const size_t equals = name.find('=');
    const bool joined = bare && absl::StartsWith(name, "--") && equals != std::string::npos;
    if (joined) name.resize(equals);
    const bool keyword = bare && arguments.positions_.size() >= grammar.positions_min &&
                         Contains(grammar.keywords, name);
    if (bare && !joined && Contains(grammar.flags, name)) {
      arguments.named_[name] = "";
    } else if (keyword || (bare && Contains(grammar.options, name))) {
      if (!joined && i + 1 == words.size()) {
        return UsageError(absl::StrCat(name, " needs a value"), usage);
      }
      arguments.named_[name] = joined ? word.text.substr(equals + 1) : words[++i].text;
    } else if (bare && absl::StartsWith(word.text, "--")) {
      return UsageError(absl::StrCat("unknown option ", name), usage);
    } else if (arguments.positions_.size() == grammar.positions_max) {
      return UsageError(absl::StrCat("one word too many: ", word.text), usage);
    } else {
      arguments.positions_.push_back(word);
    }
  }
  if (arguments.positions_.size() < grammar.positions_min) {
    return UsageError("something is missing", usage);
  }
  return arguments;
}

std::string Arguments::Get(const std::string& name, const std::string& otherwise) const {
  const auto found = named_.find(name);
  return found == named_.end() ? otherwise : found->second;
}

absl::StatusOr<uint64_t> Arguments::GetNumber(const std::string& name, uint64_t otherwise,
                                              uint64_t least, uint64_t most) const {
  if (!Has(name)) return otherwise;
  uint64_t number = 0;
  if (absl::SimpleAtoi(Get(name), &number) && number >= least && number <= most) return number;
  return UsageError(absl::StrCat(name, " takes a number, not \"", Get(name), "\""),
                    absl::StrCat("give one from ", least, " to ", most));
}

absl::StatusOr<Address> ParseAddress(const Word& word, bool needs_id) {
  constexpr char kAdvice[] = "write COLLECTION/ID, for example orders/42 or orders/\"a b\"";
  const size_t slash = word.text.find('/');
  Address address;
  address.collection = word.text.substr(0, slash);
  if (slash != std::string::npos) address.id = word.text.substr(slash + 1);
  if (word.kind == Word::Kind::kJson || address.collection.empty()) {
    return UsageError(absl::StrCat("not an address: ", word.text.substr(0, 40)), kAdvice);
  }
  if (needs_id && address.id.empty()) {
    return UsageError(absl::StrCat("\"", word.text, "\" names no document"), kAdvice);
  }
  return address;
}

std::string FormatAddress(const std::string& collection, const std::string& id) {
  const std::string quoted = Quote(id);
  const bool plain = quoted.size() == id.size() + 2 && id.find(' ') == std::string::npos;
  return absl::StrCat(collection, "/", plain ? id : quoted);
}

absl::StatusOr<int64_t> ParseDuration(const std::string& text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string unit = text.substr(digits);
  int64_t number = 0;
  const int64_t factor = unit == "ms"                  ? 1
                         : unit == "s" || unit.empty() ? 1000
                         : unit == "m"                 ? 60'000
                         : unit == "h"                 ? 3'600'000
                                                       : 0;
  if (factor == 0 || !absl::SimpleAtoi(text.substr(0, digits), &number) || number < 1 ||
      number > kDurationMsMax / factor) {
    return UsageError(absl::StrCat("not a duration: \"", text, "\""),
                      "write 500ms, 30s, 2m; at most 1h");
  }
  return number * factor;
}

}  // namespace docstore::client::shell
