#include "client/shell/printer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/shell/failure.h"
#include "client/shell/json_text.h"

namespace docstore::client::shell {
namespace {

constexpr char kBold[] = "\033[1m";
constexpr char kPlain[] = "\033[0m";

// A value as a table shows it: strings without quotes but with their escapes, so that no data can
// give orders to the terminal.
std::string TableCell(const std::string& json) {
  if (json.size() >= 2 && json.front() == '"') return json.substr(1, json.size() - 2);
  return OneLine(json);
}

std::string CsvCell(const std::string& json) {
  std::string text = json;
  if (!json.empty() && json.front() == '"') {
    if (auto plain = Unquote(json); plain.ok()) text = *std::move(plain);
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

// Columns of UTF-8 text: code points, which is right for most scripts.
size_t Columns(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

absl::StatusOr<Format> ParseFormat(absl::string_view name) {
  if (name == "pretty") return Format::kPretty;
  if (name == "json") return Format::kJson;
  if (name == "jsonl") return Format::kJsonl;
  if (name == "table") return Format::kTable;
  if (name == "csv") return Format::kCsv;
  return UsageError(absl::StrCat("unknown output format \"", name, "\""),
                    "choose one of pretty, json, jsonl, table, csv");
}

Field Text(std::string name, absl::string_view value) { return {std::move(name), Quote(value)}; }
Field Number(std::string name, int64_t value) { return {std::move(name), absl::StrCat(value)}; }
Field Boolean(std::string name, bool value) { return {std::move(name), value ? "true" : "false"}; }
Field Json(std::string name, std::string json) { return {std::move(name), std::move(json)}; }

std::string ObjectText(const std::vector<Field>& fields) {
  std::string text = "{";
  for (const Field& field : fields) {
    absl::StrAppend(&text, text.size() == 1 ? "" : ",", Quote(field.name), ":", field.json);
  }
  return text + "}";
}

void Printer::Document(absl::string_view id, absl::string_view json) {
  if (format_ == Format::kTable || format_ == Format::kCsv) {
    Record({Text("_id", id), Json("document", OneLine(json))});
    return;
  }
  Object(WithId(id, json));
}

void Printer::Object(absl::string_view json) {
  switch (format_) {
    case Format::kPretty:
      *out_ << Indent(json) << "\n";
      break;
    case Format::kJson:
      if (shape_ == Shape::kMany) *out_ << (count_ == 0 ? "[" : ",\n");
      *out_ << json;
      if (shape_ == Shape::kOne) *out_ << "\n";
      break;
    default:
      *out_ << OneLine(json) << "\n";
      break;
  }
  ++count_;
}

void Printer::Record(const std::vector<Field>& fields) {
  if (format_ == Format::kJson || format_ == Format::kJsonl) {
    Object(ObjectText(fields));
    return;
  }
  const bool csv = format_ == Format::kCsv;
  std::vector<std::string> cells;
  if (count_++ == 0) {
    for (const Field& field : fields)
      cells.push_back(csv ? CsvCell(Quote(field.name)) : field.name);
    Row(cells);
    cells.clear();
  }
  for (const Field& field : fields) {
    cells.push_back(csv ? CsvCell(field.json) : TableCell(field.json));
  }
  Row(cells);
}

void Printer::Row(const std::vector<std::string>& cells) {
  if (format_ != Format::kCsv) {
    rows_.push_back(cells);
    if (rows_.size() > kTableRowsMeasured) FlushRows();
    return;
  }
  for (size_t i = 0; i < cells.size(); ++i) *out_ << (i == 0 ? "" : ",") << cells[i];
  *out_ << "\r\n";
}

void Printer::FlushRows() {
  const bool header = widths_.empty();
  if (header && !rows_.empty()) {
    widths_.assign(rows_.front().size(), 0);
    for (const auto& row : rows_) {
      for (size_t i = 0; i < row.size(); ++i) {
        widths_[i] = std::max(widths_[i], std::min(Columns(row[i]), kTableCellMax));
      }
    }
  }
  for (size_t r = 0; r < rows_.size(); ++r) {
    const bool bold = header && r == 0 && color_;
    *out_ << (bold ? kBold : "");
    for (size_t i = 0; i < rows_[r].size(); ++i) {
      const std::string& cell = rows_[r][i];
      const size_t columns = Columns(cell);
      const bool last = i + 1 == rows_[r].size();
      *out_ << cell;
      if (!last) *out_ << std::string(columns < widths_[i] ? widths_[i] - columns + 2 : 2, ' ');
    }
    *out_ << (bold ? kPlain : "") << "\n";
  }
  rows_.clear();
}

void Printer::Acknowledge(const std::vector<Field>& fields, absl::string_view sentence) {
  if (format_ == Format::kPretty) {
    *out_ << sentence << "\n";
  } else {
    Record(fields);
  }
  Finish();
}

void Printer::Say(absl::string_view text) {
  if (format_ != Format::kPretty) return;
  FlushRows();
  *out_ << text << "\n";
}

void Printer::Finish() {
  FlushRows();
  if (format_ == Format::kJson && shape_ == Shape::kMany) *out_ << (count_ == 0 ? "[]\n" : "]\n");
  out_->flush();
}

}  // namespace docstore::client::shell
