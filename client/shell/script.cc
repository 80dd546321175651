#include "client/shell/script.h"

#include "absl/strings/str_cat.h"
#include "client/shell/line_parser.h"
#include "client/shell/verbs.h"

namespace docstore::client::shell {

ExitCode RunScript(Session* session, std::istream* in, const std::string& name, bool keep_going,
                   bool* quit) {
  LineParser parser;
  std::string line;
  size_t number = 0;
  size_t command_line = 0;
  ExitCode first_failure = kExitOk;
  bool more = true;
  while (more && !*quit) {
    absl::Status status;
    more = static_cast<bool>(std::getline(*in, line));
    if (more) {
      ++number;
      if (!parser.pending()) command_line = number;
      const LineParser::State state = parser.Feed(line);
      if (state == LineParser::State::kIncomplete) continue;
      status = state == LineParser::State::kComplete
                   ? RunCommand(session, parser.words(), quit)
                   : UsageError(parser.error(), "help VERB shows how to write it");
    } else if (parser.pending()) {
      status = UsageError("the JSON does not end", "close every { and [ that was opened");
    }
    if (status.ok()) {
      if (session->interrupted()) return kExitInterrupted;
      continue;
    }
    if (!name.empty()) session->err() << name << ":" << command_line << ": ";
    session->err() << Describe(status) << std::flush;
    if (first_failure == kExitOk) first_failure = ExitCodeOf(status);
    if (session->interrupted()) return kExitInterrupted;
    if (!keep_going) break;
  }
  return first_failure;
}

}  // namespace docstore::client::shell
