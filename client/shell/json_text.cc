#include "client/shell/json_text.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace docstore::client::shell {
namespace {

constexpr size_t kFailed = static_cast<size_t>(-1);

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Walks one text; every step returns the position behind what it took, or kFailed with the fault's
// place kept.
class Scanner {
 public:
  explicit Scanner(absl::string_view text) : text_(text) {}

  size_t Value(size_t at, int depth = 0) {
    if (at >= text_.size()) return Fail(at, "the text ends where a value is expected");
    switch (text_[at]) {
      case '{':
        return Composite(at, depth, '}');
      case '[':
        return Composite(at, depth, ']');
      case '"':
        return String(at);
      case 't':
        return Literal(at, "true");
      case 'f':
        return Literal(at, "false");
      case 'n':
        return Literal(at, "null");
      default:
        return Number(at);
    }
  }

  // An object or array; `take` sees the name (empty in an array) and the value of each part.
  template <typename Take>
  size_t Parts(size_t at, int depth, char close, const Take& take) {
    if (depth >= kJsonDepthMax) return Fail(at, "too deeply nested");
    at = SkipBlanks(text_, at + 1);
    if (at < text_.size() && text_[at] == close) return at + 1;
    for (;;) {
      absl::string_view name;
      if (close == '}') {
        const size_t name_end = String(at);
        if (name_end == kFailed) return kFailed;
        name = text_.substr(at, name_end - at);
        at = SkipBlanks(text_, name_end);
        if (at >= text_.size() || text_[at] != ':') return Fail(at, "expected ':'");
        at = SkipBlanks(text_, at + 1);
      }
      const size_t end = Value(at, depth + 1);
      if (end == kFailed) return kFailed;
      take(name, text_.substr(at, end - at));
      at = SkipBlanks(text_, end);
      if (at < text_.size() && text_[at] == close) return at + 1;
      if (at >= text_.size() || text_[at] != ',') {
        return Fail(at, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
      }
      at = SkipBlanks(text_, at + 1);
    }
  }

  absl::Status status() const {
    return absl::InvalidArgumentError(absl::StrCat("not JSON at byte ", fault_, ": ", why_));
  }

  size_t Fail(size_t at, const char* why) {
    fault_ = at < text_.size() ? at : text_.size();
    why_ = why;
    return kFailed;
  }

 private:
  size_t Composite(size_t at, int depth, char close) {
    return Parts(at, depth, close, [](absl::string_view, absl::string_view) {});
  }

  size_t String(size_t at) {
    if (at >= text_.size() || text_[at] != '"') return Fail(at, "expected '\"'");
    for (size_t i = at + 1; i < text_.size(); ++i) {
      const unsigned char c = static_cast<unsigned char>(text_[i]);
      if (c == '"') return i + 1;
      if (c < 0x20) return Fail(i, "control character or line break in a string");
      if (c != '\\') continue;
      if (++i >= text_.size()) break;
      if (text_[i] == 'u') {
        for (int digit = 0; digit < 4; ++digit) {
          if (++i >= text_.size() || HexValue(text_[i]) < 0) return Fail(i, "bad \\u escape");
        }
      } else if (!absl::StrContains("\"\\/bfnrt", absl::string_view(&text_[i], 1))) {
        return Fail(i, "bad escape");
      }
    }
    return Fail(text_.size(), "a string does not end");
  }

  size_t Literal(size_t at, absl::string_view word) {
    if (text_.substr(at, word.size()) != word) return Fail(at, "not a value");
    return at + word.size();
  }

  size_t Digits(size_t at) {
    const size_t first = at;
    while (at < text_.size() && IsDigit(text_[at])) ++at;
    return at == first ? Fail(at, "not a value") : at;
  }

  size_t Number(size_t at) {
    if (text_[at] == '-') ++at;
    if (at < text_.size() && text_[at] == '0') {
      ++at;
    } else if ((at = Digits(at)) == kFailed) {
      return kFailed;
    }
    if (at < text_.size() && text_[at] == '.') {
      if ((at = Digits(at + 1)) == kFailed) return kFailed;
    }
    if (at < text_.size() && (text_[at] == 'e' || text_[at] == 'E')) {
      ++at;
      if (at < text_.size() && (text_[at] == '+' || text_[at] == '-')) ++at;
      at = Digits(at);
    }
    return at;
  }

  const absl::string_view text_;
  size_t fault_ = 0;
  const char* why_ = "";
};

template <typename Take>
absl::Status WholeParts(absl::string_view text, char open, char close, const Take& take) {
  Scanner scanner(text);
  const size_t begin = SkipBlanks(text, 0);
  if (begin >= text.size() || text[begin] != open) {
    scanner.Fail(begin, open == '{' ? "expected an object {...}" : "expected an array [...]");
    return scanner.status();
  }
  const size_t end = scanner.Parts(begin, 0, close, take);
  if (end == kFailed) return scanner.status();
  const size_t rest = SkipBlanks(text, end);
  if (rest == text.size()) return absl::OkStatus();
  scanner.Fail(rest, "more text after the value");
  return scanner.status();
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
    return;
  }
  if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
  } else {
    if (code < 0x10000) {
      out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    } else {
      out->push_back(static_cast<char>(0xF0 | (code >> 18)));
      out->push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    }
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
  }
  out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
}

// The four digits at `at`, which the scanner has seen to be there.
uint32_t HexCode(absl::string_view text, size_t at) {
  uint32_t code = 0;
  for (size_t i = at; i < at + 4; ++i) code = code * 16 + static_cast<uint32_t>(HexValue(text[i]));
  return code;
}

// Takes the \u escape whose digits begin at `at`, with its low surrogate; returns the position
// behind it, or kFailed for half a pair.
size_t TakeEscapedCode(absl::string_view text, size_t at, std::string* out) {
  const uint32_t code = HexCode(text, at);
  at += 4;
  if (code < 0xD800 || code > 0xDFFF) {
    AppendUtf8(code, out);
    return at;
  }
  if (code > 0xDBFF || text.substr(at, 2) != "\\u") return kFailed;
  const uint32_t low = HexCode(text, at + 2);
  if (low < 0xDC00 || low > 0xDFFF) return kFailed;
  AppendUtf8(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), out);
  return at + 6;
}

char SimpleEscape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

}  // namespace

size_t SkipBlanks(absl::string_view text, size_t position) {
  while (position < text.size() && IsBlank(text[position])) ++position;
  return position;
}

absl::StatusOr<size_t> ValueEnd(absl::string_view text, size_t position) {
  Scanner scanner(text);
  const size_t end = scanner.Value(position);
  if (end == kFailed) return scanner.status();
  return end;
}

absl::StatusOr<std::vector<Member>> Members(absl::string_view text) {
  std::vector<Member> members;
  const absl::Status status =
      WholeParts(text, '{', '}', [&members](absl::string_view name, absl::string_view value) {
        members.push_back({name, value});
      });
  if (!status.ok()) return status;
  return members;
}

absl::StatusOr<std::vector<absl::string_view>> Elements(absl::string_view text) {
  std::vector<absl::string_view> elements;
  const absl::Status status = WholeParts(
      text, '[', ']',
      [&elements](absl::string_view, absl::string_view value) { elements.push_back(value); });
  if (!status.ok()) return status;
  return elements;
}

std::string Quote(absl::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c == '"' || c == '\\') {
      quoted.push_back('\\');
      quoted.push_back(text[i]);
    } else if (c == '\n') {
      quoted.append("\\n");
    } else if (c == '\t') {
      quoted.append("\\t");
    } else if (c == '\r') {
      quoted.append("\\r");
    } else if (c < 0x20 || c == 0x7F || c1) {
      const unsigned char code = c1 ? static_cast<unsigned char>(text[++i]) : c;
      quoted.append("\\u00");
      quoted.push_back(kHex[code >> 4]);
      quoted.push_back(kHex[code & 15]);
    } else {
      quoted.push_back(text[i]);
    }
  }
  quoted.push_back('"');
  return quoted;
}

std::string TerminalText(absl::string_view text) {
  const std::string quoted = Quote(text);
  return quoted.substr(1, quoted.size() - 2);
}

absl::StatusOr<std::string> Unquote(absl::string_view quoted) {
  const absl::StatusOr<size_t> end = ValueEnd(quoted, 0);
  if (!end.ok()) return end.status();
  if (quoted.front() != '"' || *end != quoted.size()) {
    return absl::InvalidArgumentError("not a JSON string");
  }
  std::string text;
  for (size_t i = 1; i + 1 < quoted.size();) {
    if (quoted[i] != '\\') {
      text.push_back(quoted[i++]);
    } else if (quoted[i + 1] != 'u') {
      text.push_back(SimpleEscape(quoted[i + 1]));
      i += 2;
    } else if ((i = TakeEscapedCode(quoted, i + 2, &text)) == kFailed) {
      return absl::InvalidArgumentError("half a surrogate pair in a JSON string");
    }
  }
  return text;
}

std::string WithId(absl::string_view id, absl::string_view json) {
  const size_t open = SkipBlanks(json, 0);
  const size_t first = SkipBlanks(json, open + 1);
  const bool empty = first < json.size() && json[first] == '}';
  return absl::StrCat("{\"_id\":", Quote(id), empty ? "" : ",",
                      json.substr(open < json.size() ? open + 1 : json.size()));
}

std::string OneLine(absl::string_view json) {
  std::string line;
  line.reserve(json.size());
  for (size_t i = 0; i < json.size();) {
    if (json[i] == '\n' || json[i] == '\r') {
      i = SkipBlanks(json, i);
    } else {
      line.push_back(json[i++]);
    }
  }
  return line;
}

std::string Indent(absl::string_view json) {
  std::string out;
  int depth = 0;
  const auto line = [&out, &depth] {
    out.push_back('\n');
    out.append(static_cast<size_t>(2 * depth), ' ');
  };
  for (size_t i = SkipBlanks(json, 0); i < json.size(); i = SkipBlanks(json, i)) {
    const char c = json[i];
    if (c == '{' || c == '[') {
      out.push_back(c);
      ++i;
      const size_t next = SkipBlanks(json, i);
      if (next < json.size() && (json[next] == '}' || json[next] == ']')) {
        out.push_back(json[next]);
        i = next + 1;
        continue;
      }
      ++depth;
      line();
    } else if (c == '}' || c == ']') {
      depth = depth > 0 ? depth - 1 : 0;
      line();
      out.push_back(c);
      ++i;
    } else if (c == ',') {
      out.push_back(c);
      line();
      ++i;
    } else if (c == ':') {
      out.append(": ");
      ++i;
    } else {
      const absl::StatusOr<size_t> end = ValueEnd(json, i);
      if (!end.ok()) return std::string(json);
      out.append(json.data() + i, *end - i);
      i = *end;
    }
  }
  return out;
}

}  // namespace docstore::client::shell
