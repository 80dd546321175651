#include "client/shell/line_parser.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/shell/json_text.h"

namespace docstore::client::shell {
namespace {

constexpr size_t kFailed = absl::string_view::npos;

}  // namespace

LineParser::State LineParser::Feed(absl::string_view line) {
  if (!pending_) {
    words_.clear();
    error_.clear();
    brackets_.clear();
    bytes_ = 0;
  }
  bytes_ += line.size() + 1;
  if (bytes_ > kCommandBytesMax) {
    return Fail(absl::StrCat("a command may hold at most ", kCommandBytesMax, " bytes"));
  }
  size_t position = 0;
  if (pending_) {
    words_.back().text.push_back('\n');
    position = TakeJson(line, 0);
  } else {
    position = SkipBlanks(line, 0);
    if (position < line.size() && line[position] == '#') return State::kComplete;
  }
  while (position != kFailed && brackets_.empty()) {
    const size_t begin = SkipBlanks(line, position);
    if (begin >= line.size()) break;
    if (begin == position && !words_.empty()) {
      return Fail(absl::StrCat("a blank is missing before: ", line.substr(begin, 20)));
    }
    if (line[begin] == '{' || line[begin] == '[') {
      words_.push_back({Word::Kind::kJson, ""});
      position = TakeJson(line, begin);
    } else if (line[begin] == '"') {
      position = TakeString(line, begin, "");
    } else {
      position = TakeBare(line, begin);
    }
  }
  if (position == kFailed) return Fail(std::move(error_));
  pending_ = !brackets_.empty();
  return pending_ ? State::kIncomplete : State::kComplete;
}

LineParser::State LineParser::Fail(std::string error) {
  error_ = std::move(error);
  pending_ = false;
  words_.clear();
  return State::kError;
}

size_t LineParser::TakeBare(absl::string_view line, size_t position) {
  const size_t end = std::min(line.find_first_of(" \t\r\n", position), line.size());
  const absl::string_view word = line.substr(position, end - position);
  const size_t slash = word.find('/');
  if (slash != absl::string_view::npos && word.substr(slash + 1, 1) == "\"") {
    return TakeString(line, position + slash + 1, std::string(word.substr(0, slash + 1)));
  }
  words_.push_back({Word::Kind::kBare, std::string(word)});
  return end;
}

size_t LineParser::TakeString(absl::string_view line, size_t position, std::string prefix) {
  const absl::StatusOr<size_t> end = ValueEnd(line, position);
  if (!end.ok()) {
    error_ = absl::StrCat("a \"string\" must end on its line and escape \\ and \" as JSON does (",
                          end.status().message(), ")");
    return kFailed;
  }
  const absl::StatusOr<std::string> text = Unquote(line.substr(position, *end - position));
  if (!text.ok()) {
    error_ = std::string(text.status().message());
    return kFailed;
  }
  words_.push_back({Word::Kind::kQuoted, absl::StrCat(prefix, *text)});
  return *end;
}

size_t LineParser::TakeJson(absl::string_view line, size_t position) {
  std::string& text = words_.back().text;
  bool in_string = false;
  for (size_t i = position; i < line.size(); ++i) {
    const char c = line[i];
    text.push_back(c);
    if (in_string) {
      if (c == '"') in_string = false;
      if (c == '\\' && i + 1 < line.size()) text.push_back(line[++i]);
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{') brackets_.push_back('}');
    if (c == '[') brackets_.push_back(']');
    if (brackets_.size() > kBracketDepthMax) {
      error_ = absl::StrCat("JSON may nest ", kBracketDepthMax, " levels at most");
      return kFailed;
    }
    if (c != '}' && c != ']') continue;
    if (brackets_.back() != c) {
      error_ = absl::StrCat("JSON has '", absl::string_view(&c, 1), "' where '",
                            absl::string_view(&brackets_.back(), 1), "' is due");
      return kFailed;
    }
    brackets_.pop_back();
    if (brackets_.empty()) return i + 1;
  }
  if (in_string) {
    error_ = "a JSON string must end on its line; write a line break inside it as \\n";
    return kFailed;
  }
  return line.size();
}

}  // namespace docstore::client::shell
