#include "client/shell/export.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/shell/atomic_file.h"
#include "client/shell/json_text.h"
#include "client/shell/progress.h"

namespace docstore::client::shell {
namespace {

constexpr uint32_t kExportPage = 1000;

// How many documents there are, for the progress bar; 0 when not known.
uint64_t DocumentCount(Client* client, const std::string& name) {
  const absl::StatusOr<std::vector<Collection>> collections = client->ListCollections();
  if (!collections.ok()) return 0;
  for (const Collection& collection : *collections) {
    if (collection.name == name) return collection.document_count;
  }
  return 0;
}

}  // namespace

const Grammar kExportGrammar = {1, 2, {}, {}, {}};

absl::Status Export(Session* session, const Arguments& arguments) {
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  const std::string& collection = arguments.at(0).text;
  std::optional<AtomicFile> file;
  if (arguments.positions() == 2 && arguments.at(1).text != "-") {
    absl::StatusOr<AtomicFile> created = AtomicFile::Create(arguments.at(1).text);
    if (!created.ok()) return created.status();
    file.emplace(*std::move(created));
  }
  const bool shown = session->options().err_is_terminal && file.has_value();
  Progress progress(&session->err(), shown, shown ? DocumentCount(*client, collection) : 0);
  ListQuery query;
  query.collection = collection;
  query.page_size = kExportPage;
  uint64_t exported = 0;
  uint64_t conflicts = 0;
  absl::Status written;
  std::ostream& out = *session->options().out;
  const absl::Status listed = (*client)->List(query, [&](const Document& document) {
    const std::string line = OneLine(WithId(document.id, document.winner.json)) + "\n";
    if (file.has_value()) {
      written = file->Append(line);
    } else {
      out.write(line.data(), static_cast<std::streamsize>(line.size()));
    }
    ++exported;
    conflicts += document.sibling_count > 0 ? 1 : 0;
    progress.Update(exported, exported);
    return written.ok() && out.good() && !session->interrupted();
  });
  progress.Clear();
  out.flush();
  if (!listed.ok()) return listed;
  if (!written.ok()) return written;
  if (session->interrupted())
    return absl::CancelledError(file.has_value() ? "interrupted; no file was written"
                                                 : "interrupted");
  if (conflicts > 0) {
    session->err() << "note: " << conflicts
                   << " documents have siblings; only winners were exported\n";
  }
  if (!file.has_value()) return absl::OkStatus();
  if (absl::Status status = file->Commit(); !status.ok()) return status;
  const double seconds = progress.seconds();
  session->MakePrinter(Printer::Shape::kOne)
      .Acknowledge(
          {Number("exported", static_cast<int64_t>(exported)), Text("file", arguments.at(1).text),
           Json("seconds", absl::StrFormat("%.3f", seconds))},
          absl::StrFormat("exported %d documents of %s to %s in %.2f s", exported, collection,
                          arguments.at(1).text, seconds));
  return absl::OkStatus();
}

}  // namespace docstore::client::shell
