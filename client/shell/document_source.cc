#include "client/shell/document_source.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/shell/failure.h"
#include "client/shell/json_text.h"
#include "client/shell/line_parser.h"

namespace docstore::client::shell {
namespace {

constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";
constexpr char kId[] = "_id";

bool NameIs(const Member& member, absl::string_view name) {
  const absl::StatusOr<std::string> plain = Unquote(member.name);
  return plain.ok() && *plain == name;
}

absl::StatusOr<std::string> IdText(absl::string_view value) {
  if (value.front() != '"') return OneLine(value);
  absl::StatusOr<std::string> id = Unquote(value);
  if (id.ok() && id->empty()) return absl::InvalidArgumentError("the id is empty");
  return id;
}

// `text` without `member` and the comma that goes with it; blanks around stay.
std::string Without(absl::string_view text, const Member& member) {
  size_t begin = static_cast<size_t>(member.name.data() - text.data());
  size_t end = static_cast<size_t>(member.value.data() - text.data()) + member.value.size();
  const size_t next = SkipBlanks(text, end);
  if (next < text.size() && text[next] == ',') {
    end = next + 1;
  } else {
    const size_t before = text.find_last_not_of(" \t\r\n", begin - 1);
    if (text[before] == ',') begin = before;
  }
  return absl::StrCat(text.substr(0, begin), text.substr(end));
}

// The members of the one object in `text` that hold arrays: what --at may name.
std::string ArrayNames(absl::string_view text) {
  const absl::StatusOr<std::vector<Member>> members = Members(text);
  if (!members.ok()) return "";
  std::vector<std::string> names;
  for (const Member& member : *members) {
    const absl::StatusOr<std::string> name = Unquote(member.name);
    if (name.ok() && member.value.front() == '[') names.push_back(*name);
  }
  return absl::StrJoin(names, ", ");
}

std::string ReadRest(std::istream* in) {
  return std::string(std::istreambuf_iterator<char>(*in), std::istreambuf_iterator<char>());
}

}  // namespace

absl::StatusOr<DocumentSource> DocumentSource::Open(std::istream* in, const std::string& at) {
  DocumentSource source;
  source.in_ = in;
  // The first line with something on it tells what the file is.
  std::string line;
  while (SkipBlanks(source.text_, 0) == source.text_.size() && std::getline(*in, line)) {
    if (source.line_ == 0 && absl::StartsWith(line, kByteOrderMark)) line.erase(0, 3);
    ++source.line_;
    source.bytes_ += line.size() + 1;
    source.text_ = std::move(line);
  }
  const size_t first = SkipBlanks(source.text_, 0);
  const bool array = first < source.text_.size() && source.text_[first] == '[';
  const absl::Status status = array || !at.empty() ? source.OpenArray(at) : source.OpenLines();
  if (!status.ok()) return status;
  return source;
}

absl::Status DocumentSource::OpenArray(const std::string& at) {
  array_ = true;
  absl::StrAppend(&text_, "\n", ReadRest(in_));
  absl::string_view array = text_;
  if (!at.empty()) {
    const absl::StatusOr<std::vector<Member>> members = Members(text_);
    if (!members.ok()) {
      return Failure(kExitFailed, members.status().message(),
                     "--at NAME takes a file that is one JSON object; leave it out for JSON lines");
    }
    const auto found = std::find_if(members->begin(), members->end(),
                                    [&at](const Member& member) { return NameIs(member, at); });
    if (found == members->end() || found->value.front() != '[') {
      return Failure(kExitFailed, absl::StrCat("the file has no array \"", at, "\" at its top"),
                     absl::StrCat("its arrays: ", ArrayNames(text_)));
    }
    array = found->value;
  }
  const absl::StatusOr<std::vector<absl::string_view>> elements = Elements(array);
  if (!elements.ok()) {
    return Failure(kExitFailed, elements.status().message(),
                   "correct the file; nothing was written");
  }
  for (const absl::string_view element : *elements) {
    const size_t begin = static_cast<size_t>(element.data() - text_.data());
    elements_.emplace_back(begin, begin + element.size());
  }
  bytes_ = 0;
  return absl::OkStatus();
}

absl::Status DocumentSource::OpenLines() {
  first_line_ = line_ > 0 && SkipBlanks(text_, 0) < text_.size();
  if (!first_line_ || LineParser().Feed(text_) != LineParser::State::kIncomplete) {
    return absl::OkStatus();
  }
  const std::string names = ArrayNames(absl::StrCat(text_, "\n", ReadRest(in_)));
  return Failure(kExitFailed, "the first line is not a whole document",
                 names.empty()
                     ? "write one document a line, or put them into one array [...]"
                     : absl::StrCat("the file is one object with arrays in it; choose one "
                                    "with --at NAME: ",
                                    names));
}

bool DocumentSource::Next(std::string* text, uint64_t* line) {
  if (array_) {
    if (next_ == elements_.size()) return false;
    const auto [begin, end] = elements_[next_++];
    // line_ is the line that bytes_ stands on.
    line_ += static_cast<uint64_t>(std::count(text_.begin() + static_cast<int64_t>(bytes_),
                                              text_.begin() + static_cast<int64_t>(begin), '\n'));
    bytes_ = begin;
    *text = text_.substr(begin, end - begin);
    *line = line_;
    return true;
  }
  if (first_line_) {
    first_line_ = false;
    *text = std::move(text_);
    *line = line_;
    return true;
  }
  while (std::getline(*in_, *text)) {
    ++line_;
    bytes_ += text->size() + 1;
    if (SkipBlanks(*text, 0) == text->size()) continue;
    *line = line_;
    return true;
  }
  return false;
}

absl::StatusOr<ImportDocument> SliceDocument(absl::string_view text, absl::string_view id_field) {
  const absl::StatusOr<std::vector<Member>> members = Members(text);
  if (!members.ok()) return members.status();
  ImportDocument document;
  const Member* own_id = nullptr;
  for (const Member& member : *members) {
    if (NameIs(member, kId)) {
      if (own_id != nullptr) return absl::InvalidArgumentError("two members _id");
      own_id = &member;
    }
    if (!NameIs(member, id_field)) continue;
    absl::StatusOr<std::string> id = IdText(member.value);
    if (!id.ok()) return id.status();
    document.id = *std::move(id);
  }
  if (own_id == nullptr) {
    document.json = std::string(text);
    return document;
  }
  const absl::StatusOr<std::string> own = IdText(own_id->value);
  if (!own.ok()) return own.status();
  if (*own != document.id) {
    return absl::InvalidArgumentError(absl::StrCat("its member _id is ", own_id->value, ", but ",
                                                   id_field, " makes its id \"", document.id,
                                                   "\""));
  }
  document.json = Without(text, *own_id);
  return document;
}

}  // namespace docstore::client::shell
