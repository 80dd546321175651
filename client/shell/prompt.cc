#include "client/shell/prompt.h"

#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <clocale>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/client.h"
#include "client/shell/line_parser.h"
#include "client/shell/prompt_text.h"
#include "client/shell/verbs.h"

#if defined(__SANITIZE_ADDRESS__)
// libedit copies the names given to EL_ADDFN with wcsdup and never frees them.
extern "C" const char* __lsan_default_suppressions() { return "leak:wcsdup\n"; }
#endif

namespace docstore::client::shell {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kHistoryLines = 1000;
constexpr int64_t kStatusDeadlineMs = 300;
constexpr int64_t kStatusIntervalMs = 1000;
constexpr int kKeyPollMs = 50;

// Where history is kept; empty when there is no place for it. Makes the directory and the file.
std::string HistoryFile() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path directory;
  if (state != nullptr && *state != '\0') {
    directory = state;
  } else if (home != nullptr && *home != '\0') {
    directory = std::filesystem::path(home) / ".local" / "state";
  } else {
    return "";
  }
  directory /= "docstore";
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const std::string file = (directory / "history").string();
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return "";
  close(descriptor);
  return file;
}

class Editor {
 public:
  Editor(const PromptHost& host, std::atomic<bool>* interrupted)
      : host_(host), interrupted_(interrupted), history_file_(HistoryFile()) {
    const char* locale = std::setlocale(LC_CTYPE, "");
    if (locale == nullptr || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
    edit_ = el_init("docstore", stdin, stdout, stderr);
    history_ = history_init();
    HistEvent event;
    history(history_, &event, H_SETSIZE, kHistoryLines);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!history_file_.empty()) history(history_, &event, H_LOAD, history_file_.c_str());
    el_set(edit_, EL_CLIENTDATA, this);
    el_set(edit_, EL_PROMPT_ESC, &Editor::PromptOf, '\1');
    el_set(edit_, EL_EDITOR, "emacs");
    el_set(edit_, EL_HIST, history, history_);
    el_set(edit_, EL_GETCFN, &Editor::ReadKey);
    el_set(edit_, EL_ADDFN, "complete", "complete a verb or a collection", &Editor::Complete);
    el_set(edit_, EL_BIND, "^I", "complete", nullptr);
    el_set(edit_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_source(edit_, nullptr);
  }

  ~Editor() {
    history_end(history_);
    el_end(edit_);
  }

  // The next line without its line break; false at Ctrl-D. After Ctrl-C `interrupted_` is true.
  bool ReadLine(bool continued, std::string* line) {
    typed_ = false;
    prompt_ = continued ? "... " : FreshPrompt();
    el_resize(edit_);
    int count = 0;
    const char* text = el_gets(edit_, &count);
    if (text == nullptr || count <= 0) return interrupted_->load();
    line->assign(text, static_cast<size_t>(count));
    while (!line->empty() && (line->back() == '\n' || line->back() == '\r')) line->pop_back();
    return true;
  }

  // Whether Ctrl-C found something on the line.
  bool typed() const { return typed_; }

  void Remember(std::string command) {
    std::replace(command.begin(), command.end(), '\n', ' ');
    if (command.find_first_not_of(" \t") == std::string::npos) return;
    HistEvent event;
    history(history_, &event, H_ENTER, command.c_str());
    if (!history_file_.empty()) history(history_, &event, H_SAVE, history_file_.c_str());
  }

  // After Ctrl-C: what was typed is gone.
  void DropLine() {
    el_reset(edit_);
    std::fputs("^C\n", stdout);
    std::fflush(stdout);
  }

 private:
  static Editor* Of(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return static_cast<Editor*>(self);
  }

  static char* PromptOf(EditLine* edit) { return Of(edit)->prompt_.data(); }

  // One character of the terminal, or an error once Ctrl-C was pressed.
  static int ReadKey(EditLine* edit, wchar_t* key) {
    Editor* const self = Of(edit);
    std::mbstate_t state = {};
    for (;;) {
      if (self->interrupted_->load()) {
        const LineInfo* const line = el_line(edit);
        self->typed_ = line->lastchar != line->buffer;
        return -1;
      }
      pollfd input = {STDIN_FILENO, POLLIN, 0};
      if (poll(&input, 1, kKeyPollMs) <= 0) continue;
      char byte = 0;
      const ssize_t got = read(STDIN_FILENO, &byte, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return static_cast<int>(got);
      const size_t used = std::mbrtowc(key, &byte, 1, &state);
      if (used == static_cast<size_t>(-2)) continue;  // more bytes of this character come
      if (used == static_cast<size_t>(-1)) {
        state = {};
        continue;
      }
      return 1;
    }
  }

  std::string Painted(const std::string& text, const char* colour) const {
    if (!session().options().color) return text + "> ";
    // \1 brackets what takes no room on the screen.
    return absl::StrCat("\1\033[", colour, "m\1", text, "\1\033[0m\1> ");
  }

  const Session& session() const { return *host_.session(); }

  // A client of its own, with short deadlines; null when the server list is none.
  Client* Asker() {
    const std::string& servers = session().options().servers;
    if (asker_ != nullptr && servers == asked_servers_) return asker_.get();
    ConnectionOptions options;
    options.deadline_ms = kStatusDeadlineMs;
    options.connect_timeout_ms = kStatusDeadlineMs;
    options.interrupted = interrupted_;
    absl::StatusOr<Client> client = Client::Connect(servers, options);
    asker_ = client.ok() ? std::make_unique<Client>(*std::move(client)) : nullptr;
    asked_servers_ = servers;
    node_.clear();
    state_.clear();
    return asker_.get();
  }

  std::string FreshPrompt() {
    const auto now = steady_clock::now();
    Client* const asker = Asker();
    if (asker == nullptr) return Painted("docstore", "31");
    if (state_.empty() || now - asked_at_ >= milliseconds(kStatusIntervalMs)) {
      asked_at_ = now;
      const absl::StatusOr<ClusterStatus> status = asker->GetStatus(kStatusDeadlineMs);
      reached_ = status.ok();
      if (reached_) node_ = status->seen_by;
      state_ = reached_ ? PromptText(*status)
                        : absl::StrCat(node_.empty() ? asked_servers_ : node_, " unreachable");
    }
    const std::string mark = host_.mark == nullptr ? "" : host_.mark();
    const bool fine = mark.empty() && absl::EndsWith(state_, " ok");
    return Painted(absl::StrCat(state_, mark), !reached_ ? "31" : fine ? "32" : "33");
  }

  std::vector<std::string> Candidates(absl::string_view before) {
    std::vector<std::string> candidates;
    const size_t blank = before.find(' ');
    for (const Verb& verb : Verbs()) {
      if (absl::StartsWith(verb.name, before)) candidates.push_back(verb.name + " ");
    }
    for (const std::string& verb : host_.verbs) {
      if (absl::StartsWith(verb, before)) candidates.push_back(verb + " ");
    }
    if (blank == absl::string_view::npos || !candidates.empty() || Asker() == nullptr) {
      return candidates;
    }
    const absl::string_view verb = before.substr(0, blank);
    const absl::string_view begun = before.substr(blank + 1);
    if (verb == "help") {
      for (const Verb& each : Verbs()) {
        if (absl::StartsWith(each.name, begun))
          candidates.push_back(absl::StrCat("help ", each.name));
      }
      return candidates;
    }
    const std::set<absl::string_view> addressed = {"put", "get", "del", "resolve"};
    const std::set<absl::string_view> named = {"list", "import", "export", "conflicts"};
    const bool address = addressed.count(verb) > 0;
    if (!address && named.count(verb) == 0) return candidates;
    const absl::StatusOr<std::vector<Collection>> collections = asker_->ListCollections();
    if (!collections.ok()) return candidates;
    for (const Collection& collection : *collections) {
      if (!absl::StartsWith(collection.name, begun)) continue;
      candidates.push_back(absl::StrCat(verb, " ", collection.name, address ? "/" : " "));
    }
    return candidates;
  }

  // Puts in what all candidates agree on; shows them when that is nothing new.
  static unsigned char Complete(EditLine* edit, int) {
    const LineInfo* const line = el_line(edit);
    const std::string before(line->buffer, static_cast<size_t>(line->cursor - line->buffer));
    const std::vector<std::string> candidates = Of(edit)->Candidates(before);
    if (candidates.empty()) return CC_ERROR;
    std::string common = candidates.front();
    for (const std::string& candidate : candidates) {
      const auto differ =
          std::mismatch(common.begin(), common.end(), candidate.begin(), candidate.end());
      common.erase(differ.first, common.end());
    }
    if (common.size() > before.size()) {
      el_insertstr(edit, common.substr(before.size()).c_str());
      return CC_REFRESH;
    }
    if (candidates.size() == 1) return CC_REFRESH;
    std::fputc('\n', stdout);
    for (const std::string& candidate : candidates)
      std::fprintf(stdout, "  %s\n", candidate.c_str());
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  const PromptHost& host_;
  std::atomic<bool>* const interrupted_;
  const std::string history_file_;
  std::unique_ptr<Client> asker_;
  std::string asked_servers_;  // whom asker_ asks
  EditLine* edit_ = nullptr;
  History* history_ = nullptr;
  std::string prompt_;
  bool typed_ = false;
  // What the last status said.
  std::string state_;
  bool reached_ = false;
  std::string node_;
  steady_clock::time_point asked_at_;
};

}  // namespace

ExitCode RunPrompt(const PromptHost& host, std::atomic<bool>* interrupted) {
  Editor editor(host, interrupted);
  LineParser parser;
  std::string command;
  std::string line;
  bool quit = false;
  std::ostream& out = *host.session()->options().out;
  out << host.greeting << "\n" << std::flush;
  const auto leaving = [&host] { return host.leaving != nullptr && host.leaving->load(); };
  for (;;) {
    interrupted->store(false);
    // In this order: a signal from here on is seen below.
    if (quit || leaving()) break;
    if (!editor.ReadLine(parser.pending(), &line)) break;
    if (interrupted->load()) {
      const bool typed = parser.pending() || editor.typed();
      parser = LineParser();
      command.clear();
      editor.DropLine();
      if (host.interrupt_leaves && !typed) return kExitInterrupted;
      continue;
    }
    absl::StrAppend(&command, command.empty() ? "" : "\n", line);
    const LineParser::State state = parser.Feed(line);
    if (state == LineParser::State::kIncomplete) continue;
    editor.Remember(std::exchange(command, ""));
    const absl::Status status = state == LineParser::State::kComplete
                                    ? host.run(parser.words(), &quit)
                                    : UsageError(parser.error(), "help VERB shows how to write it");
    host.session()->err() << Describe(status) << std::flush;
  }
  if (!quit) out << "\n" << std::flush;
  return kExitOk;
}

ExitCode RunPrompt(Session* session, std::atomic<bool>* interrupted) {
  PromptHost host;
  host.session = [session] { return session; };
  host.run = [session](const std::vector<Word>& words, bool* quit) {
    return RunCommand(session, words, quit);
  };
  return RunPrompt(host, interrupted);
}

}  // namespace docstore::client::shell
