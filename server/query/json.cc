#include "server/query/json.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/check.h"
#include "server/query/json_string.h"
#include "server/query/names.h"
#include "server/query/utf8.h"

namespace docstore::query {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr absl::string_view kIdName = "_id";
// Up to this many digits before the point no number overflows a double (1.8e308).
constexpr size_t kSafeDigits = 300;
// Objects up to this many members find equal names by comparing all with all.
constexpr size_t kFewMembers = 16;

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// A recursive descent over the text. Every Scan function begins at the first byte of its thing and
// leaves the position after it; false means that error() is set.
class Scanner {
 public:
  Scanner(absl::string_view json, absl::string_view id, int depth_max)
      : json_(json), id_(id), depth_max_(depth_max) {
    names_.reserve(kFewMembers);
  }

  bool ScanDocument() {
    SkipBlanks();
    if (At() != '{') return Fail("a document is a JSON object");
    if (!ScanObject(1)) return false;
    SkipBlanks();
    return done() || Fail("something follows the end of the document");
  }

  InputError TakeError() { return std::move(*error_); }
  CheckedDocument TakeDocument() { return std::move(document_); }

 private:
  struct Name {
    absl::string_view text;  // unescaped
    size_t offset;           // of its opening quote
  };

  bool done() const { return at_ == json_.size(); }
  // NUL at the end, which is no character of JSON either.
  char At() const { return done() ? '\0' : json_[at_]; }

  void SkipBlanks() {
    while (!done() &&
           (json_[at_] == ' ' || json_[at_] == '\n' || json_[at_] == '\t' || json_[at_] == '\r')) {
      ++at_;
    }
  }

  bool FailAt(size_t offset, InputError::Kind kind, std::string message) {
    error_ = InputError{kind, std::move(message), offset};
    return false;
  }
  bool Fail(absl::string_view message) {
    return FailAt(at_, InputError::Kind::kBadJson,
                  std::string(done() ? "the text ends early" : message));
  }

  bool ScanValue(int depth) {
    switch (At()) {
      case '{':
        return ScanObject(depth);
      case '[':
        return ScanArray(depth);
      case '"':
        return ScanString(nullptr);
      case 't':
        return ScanWord("true");
      case 'f':
        return ScanWord("false");
      case 'n':
        return ScanWord("null");
      default:
        return ScanNumber();
    }
  }

  bool EnterDepth(int depth) {
    if (depth <= depth_max_) return true;
    return FailAt(at_, InputError::Kind::kBadJson,
                  absl::StrCat("the document is more than ", depth_max_, " deep"));
  }

  bool ScanArray(int depth) {
    if (!EnterDepth(depth)) return false;
    ++at_;
    SkipBlanks();
    if (At() == ']') return ++at_, true;
    while (true) {
      SkipBlanks();
      if (!ScanValue(depth + 1)) return false;
      SkipBlanks();
      if (At() == ']') return ++at_, true;
      if (At() != ',') return Fail("expected a comma or the end of an array");
      ++at_;
    }
  }

  bool ScanObject(int depth) {
    if (!EnterDepth(depth)) return false;
    const size_t names_begin = names_.size();
    size_t member_begin = ++at_;  // after the brace, later at the comma before the member
    SkipBlanks();
    if (At() == '}') return ++at_, true;
    while (true) {
      SkipBlanks();
      if (!ScanName()) return false;
      SkipBlanks();
      const bool is_id = depth == 1 && names_.back().text == kIdName;
      if (!(is_id ? ScanId(member_begin) : ScanValue(depth + 1))) return false;
      const size_t value_end = at_;
      SkipBlanks();
      if (At() == '}') break;
      if (At() != ',') return Fail("expected a comma or the end of an object");
      if (is_id) CutId(member_begin, value_end);
      member_begin = at_++;
    }
    ++at_;
    return CheckNames(names_begin);
  }

  // A name and its colon.
  bool ScanName() {
    if (At() != '"') return Fail("expected the name of a member");
    const size_t offset = at_;
    absl::string_view text;
    if (!ScanString(&text)) return false;
    names_.push_back({text, offset});
    SkipBlanks();
    if (At() != ':') return Fail("expected a colon");
    ++at_;
    return true;
  }

  // The value of the top-level `_id`. `member_begin` is as in ScanObject.
  bool ScanId(size_t member_begin) {
    const size_t offset = at_;
    if (At() != '"') {
      if (!ScanValue(2)) return false;
      return FailAt(offset, InputError::Kind::kBadId, "the _id member is not a string");
    }
    absl::string_view text;
    if (!ScanString(&text)) return false;
    if (!id_.empty() && text != id_) {
      return FailAt(offset, InputError::Kind::kBadId,
                    "the _id member is not the id of the document");
    }
    if (const auto error = CheckId(text)) {
      return FailAt(offset, InputError::Kind::kBadId,
                    absl::StrCat("in the _id member, ", error->message));
    }
    document_.id = std::string(text);
    document_.cut_begin = member_begin;
    document_.cut_end = at_;
    return true;
  }

  // Takes the comma after a first `_id` along, for there is none before it.
  void CutId(size_t member_begin, size_t value_end) {
    if (json_[member_begin] == ',') return;
    document_.cut_end = at_ + 1;
  }

  // `text`, unless null, becomes the string unescaped; it lives as long as the scanner.
  bool ScanString(absl::string_view* text) {
    const size_t begin = at_ + 1;
    const JsonStringScan scan = ScanJsonString(json_, begin);
    if (scan.error != nullptr) {
      return FailAt(scan.offset, InputError::Kind::kBadJson, scan.error);
    }
    at_ = scan.offset + 1;
    if (text == nullptr) return true;
    *text = json_.substr(begin, scan.offset - begin);
    if (scan.escaped) *text = unescaped_.emplace_back(UnescapeJsonString(*text));
    return true;
  }

  bool ScanWord(absl::string_view word) {
    for (const char c : word) {
      if (At() != c) return Fail("expected a value");
      ++at_;
    }
    return true;
  }

  // At least one digit; how many is added to `*count`.
  bool ScanDigits(size_t* count) {
    const size_t begin = at_;
    while (IsDigit(At())) ++at_;
    *count = at_ - begin;
    return *count > 0 || Fail("expected a digit");
  }

  bool ScanNumber() {
    const size_t begin = at_;
    if (At() == '-') {
      ++at_;
    } else if (!IsDigit(At())) {
      return Fail("expected a value");
    }
    const size_t digits_begin = at_;
    size_t digits = 0;
    size_t ignored = 0;
    if (!ScanDigits(&digits)) return false;
    if (digits > 1 && json_[digits_begin] == '0') {
      at_ = digits_begin + 1;
      return Fail("a digit follows the 0 that a number begins with");
    }
    if (At() == '.') {
      ++at_;
      if (!ScanDigits(&ignored)) return false;
    }
    bool exponent = false;
    if (At() == 'e' || At() == 'E') {
      exponent = true;
      ++at_;
      if (At() == '+' || At() == '-') ++at_;
      if (!ScanDigits(&ignored)) return false;
    }
    if (!exponent && digits <= kSafeDigits) return true;
    return CheckRange(begin);
  }

  bool CheckRange(size_t begin) {
    double value = 0;
    const auto result = absl::from_chars(json_.data() + begin, json_.data() + at_, value);
    // Out of range is also a number too small, which reads as one near 0.
    if (result.ec != std::errc::result_out_of_range || std::abs(value) < 1) return true;
    return FailAt(begin, InputError::Kind::kBadJson, "the number overflows a double");
  }

  // The names from `begin` on are those of one object; drops them.
  bool CheckNames(size_t begin) {
    const auto first = names_.begin() + begin;
    std::optional<Name> repeated;
    if (names_.size() - begin <= kFewMembers) {
      repeated = FindAmongFew(first, names_.end());
    } else {
      repeated = FindAmongMany(first, names_.end());
    }
    names_.erase(first, names_.end());
    if (!repeated.has_value()) return true;
    return FailAt(repeated->offset, InputError::Kind::kBadJson,
                  "a member of this name came before in the same object");
  }

  using NameIterator = std::vector<Name>::iterator;

  // The first name that stands twice, in its second place.
  static std::optional<Name> FindAmongFew(NameIterator begin, NameIterator end) {
    for (auto name = begin; name != end; ++name) {
      const bool before =
          std::any_of(begin, name, [name](const Name& other) { return other.text == name->text; });
      if (before) return *name;
    }
    return std::nullopt;
  }

  static std::optional<Name> FindAmongMany(NameIterator begin, NameIterator end) {
    std::sort(begin, end, [](const Name& a, const Name& b) {
      const int order = a.text.compare(b.text);
      return order != 0 ? order < 0 : a.offset < b.offset;
    });
    std::optional<Name> found;
    for (auto name = begin; name != end && name + 1 != end; ++name) {
      const Name& next = *(name + 1);
      if (name->text != next.text) continue;
      if (!found.has_value() || next.offset < found->offset) found = next;
    }
    return found;
  }

  const absl::string_view json_;
  const absl::string_view id_;
  const int depth_max_;
  size_t at_ = 0;
  std::vector<Name> names_;           // of all objects that are open, innermost last
  std::list<std::string> unescaped_;  // what escaped names point to
  CheckedDocument document_;
  std::optional<InputError> error_;
};

}  // namespace

std::string CheckedDocument::Body(std::string json) const {
  CHECK(cut_begin <= cut_end && cut_end <= json.size());
  json.erase(cut_begin, cut_end - cut_begin);
  return json;
}

std::variant<CheckedDocument, InputError> CheckDocument(absl::string_view json,
                                                        absl::string_view id,
                                                        const JsonLimits& limits) {
  CHECK(limits.depth_max >= 1 && limits.depth_max <= kJsonDepthCap);
  using Kind = InputError::Kind;
  if (json.size() > limits.bytes_max) {
    return InputError{
        Kind::kTooLarge,
        absl::StrCat("the document has ", json.size(), " bytes, more than ", limits.bytes_max),
        limits.bytes_max};
  }
  if (absl::StartsWith(json, kByteOrderMark)) {
    return InputError{Kind::kBadJson, "the text begins with a byte order mark", 0};
  }
  if (!simdjson::validate_utf8(json.data(), json.size())) {
    return InputError{Kind::kBadJson, "the text is not UTF-8", FindBadUtf8(json)};
  }
  Scanner scanner(json, id, limits.depth_max);
  if (!scanner.ScanDocument()) return scanner.TakeError();
  CheckedDocument document = scanner.TakeDocument();
  document.id = std::string(id.empty() ? absl::string_view(document.id) : id);
  return document;
}

}  // namespace docstore::query
