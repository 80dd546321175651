// Printer: one command's data on stdout, in the format asked for.
//
//   pretty  documents indented, records as an aligned table, acknowledgements as a sentence
//   json    one JSON value per command: an array when there may be many
//   jsonl   one JSON object per line
//   table   an aligned table
//   csv     RFC 4180 with a header line
//
// Document text is printed as stored; `_id` is put in front. Everything is flushed when Finish or
// Acknowledge returns.

#ifndef DOCSTORE_CLIENT_SHELL_PRINTER_H_
#define DOCSTORE_CLIENT_SHELL_PRINTER_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace docstore::client::shell {

enum class Format { kPretty, kJson, kJsonl, kTable, kCsv };

// Usage error for another name.
absl::StatusOr<Format> ParseFormat(absl::string_view name);

// A named JSON value. Build with the functions below.
struct Field {
  std::string name;
  std::string json;
};

Field Text(std::string name, absl::string_view value);
Field Number(std::string name, int64_t value);
Field Boolean(std::string name, bool value);
Field Json(std::string name, std::string json);

// {"name":value,...} on one line.
std::string ObjectText(const std::vector<Field>& fields);

// A table is laid out from its first so many rows; later rows keep those widths.
inline constexpr size_t kTableRowsMeasured = 1000;
// No cell is made wider than this many bytes; longer text stands unaligned.
inline constexpr size_t kTableCellMax = 60;

class Printer {
 public:
  enum class Shape { kOne, kMany };  // of the data: one value, or any number of them

  // `out` must outlive the printer.
  Printer(std::ostream* out, Format format, Shape shape, bool color = false)
      : out_(out), format_(format), shape_(shape), color_(color) {}

  Format format() const { return format_; }

  // One document with its id; `json` is an object's text.
  void Document(absl::string_view id, absl::string_view json);
  // One record; all records of a command have the same names.
  void Record(const std::vector<Field>& fields);
  // What a write says: `sentence` when pretty, else the record.
  void Acknowledge(const std::vector<Field>& fields, absl::string_view sentence);
  // Text for people, only printed when pretty.
  void Say(absl::string_view text);
  // Ends the output of the command.
  void Finish();

 private:
  void Object(absl::string_view json);
  void Row(const std::vector<std::string>& cells);
  void FlushRows();

  std::ostream* const out_;
  const Format format_;
  const Shape shape_;
  const bool color_;
  size_t count_ = 0;
  std::vector<std::vector<std::string>> rows_;  // of a table, not yet laid out; header first
  std::vector<size_t> widths_;
};

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_PRINTER_H_
