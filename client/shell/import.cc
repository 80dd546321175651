#include "client/shell/import.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/error.h"
#include "client/shell/document_source.h"
#include "client/shell/failure.h"
#include "client/shell/progress.h"

namespace docstore::client::shell {
namespace {

// Counts what became of each document and reports the failures.
class Tally {
 public:
  explicit Tally(Session* session, Progress* progress) : session_(session), progress_(progress) {}

  // The next item of the stream stands on `line`.
  void Sent(uint64_t line) { lines_[sent_++] = line; }

  void Take(uint64_t index, const absl::StatusOr<Written>& result) {
    const auto found = lines_.find(index);
    const uint64_t line = found == lines_.end() ? 0 : found->second;
    if (found != lines_.end()) lines_.erase(found);
    if (result.ok()) {
      ++imported;
      superseded += result->superseded_siblings;
      return;
    }
    ++(DetailOf(result.status()).ambiguous ? unknown : failed);
    Report(line, result.status());
  }

  // A document that was not even sent.
  void Refuse(uint64_t line, const absl::Status& status) {
    ++failed;
    Report(line, status);
  }

  uint64_t imported = 0;
  uint64_t failed = 0;
  uint64_t unknown = 0;
  uint64_t superseded = 0;

 private:
  void Report(uint64_t line, const absl::Status& status) {
    const uint64_t all = failed + unknown;
    // Who stops an import knows why the rest of it has no answer.
    if (all > kFailuresShown || session_->interrupted()) return;
    progress_->Clear();
    session_->err() << "line " << line << ": " << MessageOf(status) << "\n";
    if (all == kFailuresShown) session_->err() << "further failures are only counted\n";
  }

  Session* const session_;
  Progress* const progress_;
  uint64_t sent_ = 0;
  std::map<uint64_t, uint64_t> lines_;  // of items without an answer
};

struct InputFile {
  std::unique_ptr<std::ifstream> file;
  std::istream* stream = nullptr;
  uint64_t size = 0;  // 0: unknown
};

absl::StatusOr<InputFile> OpenInput(Session* session, const std::string& name) {
  InputFile input;
  if (name == "-") {
    if (session->options().in_holds_commands) {
      return UsageError("stdin holds the commands", "give the file by name, or commands by -e");
    }
    input.stream = session->options().in;
    return input;
  }
  struct stat info = {};
  if (stat(name.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return Failure(kExitFailed, absl::StrCat(name, " is a directory"), "give a file");
  }
  input.file = std::make_unique<std::ifstream>(name, std::ios::binary);
  if (!*input.file) {
    return Failure(kExitFailed, absl::StrCat("cannot read ", name, ": ", std::strerror(errno)),
                   "check the name; relative names start where the shell was started");
  }
  input.stream = input.file.get();
  if (S_ISREG(info.st_mode)) input.size = static_cast<uint64_t>(info.st_size);
  return input;
}

// Sends every document; OK unless the stream was given up.
absl::Status Send(Session* session, Client* client, const Arguments& arguments,
                  DocumentSource* source, Tally* tally, Progress* progress) {
  BulkOptions options;
  options.resend_unanswered = true;
  const auto writer =
      client->BulkWrite(options, [tally](uint64_t index, const absl::StatusOr<Written>& result) {
        tally->Take(index, result);
      });
  const std::string id_field = arguments.Get("--id-field", "_id");
  std::string text;
  uint64_t line = 0;
  absl::Status status;
  while (status.ok() && !session->interrupted() && source->Next(&text, &line)) {
    absl::StatusOr<ImportDocument> document = SliceDocument(text, id_field);
    if (!document.ok()) {
      tally->Refuse(line, document.status());
      continue;
    }
    BulkItem item;
    item.collection = arguments.at(0).text;
    item.id = std::move(document->id);
    item.json = std::move(document->json);
    tally->Sent(line);
    status = writer->Add(std::move(item));
    progress->Update(source->bytes(), tally->imported);
  }
  if (!status.ok()) return status;
  return writer->Finish();
}

absl::Status Outcome(Session* session, const Tally& tally, const absl::Status& stream) {
  if (session->interrupted()) {
    return WithAdvice(absl::CancelledError(absl::StrCat("interrupted after ", tally.imported,
                                                        " documents were written; of ",
                                                        tally.unknown, " more it is unknown")),
                      "import the file again to complete it: documents with an id are replaced");
  }
  if (tally.failed + tally.unknown == 0) return stream;
  if (tally.imported == 0 && tally.unknown == 0 && !stream.ok()) return stream;
  const std::string message = absl::StrCat(
      tally.failed, " documents were not written",
      tally.unknown == 0 ? "" : absl::StrCat(", of ", tally.unknown, " it is unknown"));
  return Failure(kExitPartial, message,
                 tally.unknown == 0 ? "correct those lines and import them again"
                                    : "import the file again: documents with an id are replaced");
}

}  // namespace

const Grammar kImportGrammar = {2, 2, {}, {"--id-field", "--at"}, {}};

absl::Status Import(Session* session, const Arguments& arguments) {
  absl::StatusOr<InputFile> input = OpenInput(session, arguments.at(1).text);
  if (!input.ok()) return input.status();
  absl::StatusOr<DocumentSource> source =
      DocumentSource::Open(input->stream, arguments.Get("--at"));
  if (!source.ok()) return source.status();
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  Progress progress(&session->err(), session->options().err_is_terminal, input->size);
  Tally tally(session, &progress);
  const absl::Status stream = Send(session, *client, arguments, &*source, &tally, &progress);
  progress.Clear();
  const double seconds = progress.seconds();
  const double rate = seconds > 0 ? static_cast<double>(tally.imported) / seconds : 0;
  session->MakePrinter(Printer::Shape::kOne)
      .Acknowledge({Number("imported", static_cast<int64_t>(tally.imported)),
                    Number("failed", static_cast<int64_t>(tally.failed)),
                    Number("unknown", static_cast<int64_t>(tally.unknown)),
                    Json("seconds", absl::StrFormat("%.3f", seconds)),
                    Json("docs_per_s", absl::StrFormat("%.0f", rate))},
                   absl::StrFormat("imported %d documents into %s in %.2f s (%.0f docs/s)",
                                   tally.imported, arguments.at(0).text, seconds, rate));
  if (tally.superseded > 0) {
    session->err() << "note: replaced " << tally.superseded << " versions besides winners\n";
  }
  return Outcome(session, tally, stream);
}

}  // namespace docstore::client::shell
