// DocumentSource: the documents of a file to import, one by one, as slices of its text.
//
// A file holds JSON lines (one object a line, empty lines skipped), or one array of objects, or one
// object with an array below the member that `at` names. JSON lines are read as they are needed; an
// array is read whole.

#ifndef DOCSTORE_CLIENT_SHELL_DOCUMENT_SOURCE_H_
#define DOCSTORE_CLIENT_SHELL_DOCUMENT_SOURCE_H_

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace docstore::client::shell {

class DocumentSource {
 public:
  // `in` must outlive the source. Fails when the file is neither of the three, with advice.
  static absl::StatusOr<DocumentSource> Open(std::istream* in, const std::string& at);

  // Takes the next document, or what stands in its place; false at the end. `line` counts from 1.
  bool Next(std::string* text, uint64_t* line);

  // Bytes of the file that were given out.
  uint64_t bytes() const { return bytes_; }

 private:
  absl::Status OpenArray(const std::string& at);
  absl::Status OpenLines();

  std::istream* in_ = nullptr;
  bool array_ = false;
  uint64_t bytes_ = 0;
  uint64_t line_ = 0;
  std::string text_;  // the whole file, or the first line that was read ahead
  bool first_line_ = false;
  // Of an array: where each element begins and ends in text_.
  std::vector<std::pair<size_t, size_t>> elements_;
  size_t next_ = 0;
};

// A document as it is sent.
struct ImportDocument {
  std::string id;  // empty: the server makes one
  std::string json;
};

// Reads the id of `text`, one object, from its member `id_field`: a string as it is, any other
// value as its JSON text. The member `_id` is cut out, the rest stays byte for byte.
// INVALID_ARGUMENT when `text` is no object, the id is empty, or there are two `_id` or one that
// differs from the id.
absl::StatusOr<ImportDocument> SliceDocument(absl::string_view text, absl::string_view id_field);

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_DOCUMENT_SOURCE_H_
