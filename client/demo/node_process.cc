#include "client/demo/node_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace docstore::client::demo {
namespace {

constexpr char kAnyPort[] = "127.0.0.1:0";
constexpr size_t kLogLinesShown = 5;
constexpr int kCannotRun = 127;

// The environment without what would set flags of docstored.
std::vector<std::string> CleanEnvironment() {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!absl::StartsWith(*entry, "DOCSTORE_")) kept.emplace_back(*entry);
  }
  return kept;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the new process, between fork and exec: system calls only. Never returns.
[[noreturn]] void Become(char* const* words, char* const* environment, const char* log,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotRun);  // it ended before the line above
  setpgid(0, 0);
  signal(SIGPIPE, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (nothing < 0 || out < 0) _exit(kCannotRun);
  dup2(nothing, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  close_range(STDERR_FILENO + 1, ~0U, 0);
  execve(words[0], words, environment);
  const char failed[] = "cannot run it: no program for this machine\n";
  if (write(STDERR_FILENO, failed, sizeof(failed) - 1) < 0) _exit(kCannotRun);
  _exit(kCannotRun);
}

}  // namespace

std::string NodeProcess::InFolder(const char* suffix) const {
  return absl::StrCat(options_.folder, "/", options_.name, suffix);
}

absl::Status NodeProcess::Launch() {
  keeps_port_ = !client_address_.empty();
  std::vector<std::string> words = {options_.program,
                                    "--name",
                                    options_.name,
                                    "--cluster",
                                    "demo",
                                    "--data",
                                    InFolder(""),
                                    "--listen",
                                    keeps_port_ ? client_address_ : kAnyPort,
                                    "--peer-listen",
                                    kAnyPort,
                                    "--http-listen",
                                    kAnyPort,
                                    "--peer-advertise",
                                    options_.peer_address,
                                    "--seeds",
                                    absl::StrJoin(options_.seeds, ",")};
  std::vector<std::string> environment = CleanEnvironment();
  const std::vector<char*> arguments = Pointers(&words);
  const std::vector<char*> variables = Pointers(&environment);
  const std::string log = InFolder(".log");
  peer_port_ = 0;
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) {
    return absl::UnavailableError(absl::StrCat("cannot start a process: ", std::strerror(errno)));
  }
  if (child == 0) Become(arguments.data(), variables.data(), log.c_str(), parent);
  pid_ = child;
  return absl::OkStatus();
}

absl::StatusOr<bool> NodeProcess::Serves() {
  if (Running()) return ReadAddresses();
  const std::string tail = LogTail();
  if (keeps_port_ && absl::StrContains(tail, "cannot listen")) {
    // Somebody took the port while the node was down.
    client_address_.clear();
    const absl::Status launched = Launch();
    if (!launched.ok()) return launched;
    return false;
  }
  return absl::FailedPreconditionError(
      absl::StrCat(options_.name, " ended at its start; the end of its log:\n", tail));
}

// The file that a serving node keeps in its data directory: NAME=VALUE lines.
bool NodeProcess::ReadAddresses() {
  std::ifstream in(InFolder("/addresses"));
  std::map<std::string, std::string> values;
  std::string line;
  while (std::getline(in, line)) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits('=', 1));
    values[parts.first] = parts.second;
  }
  const std::string peer = values["peer"];
  int port = 0;
  if (values["pid"] != absl::StrCat(pid_) || values["client"].empty() ||
      !absl::SimpleAtoi(peer.substr(peer.rfind(':') + 1), &port)) {
    return false;
  }
  client_address_ = values["client"];
  peer_port_ = static_cast<uint16_t>(port);
  return true;
}

void NodeProcess::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  pid_ = 0;
}

bool NodeProcess::Running() {
  if (pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = 0;
  return pid_ != 0;
}

std::string NodeProcess::LogTail() const {
  std::ifstream in(InFolder(".log"), std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  if (lines.size() > kLogLinesShown) {
    lines.erase(lines.begin(), lines.end() - static_cast<int64_t>(kLogLinesShown));
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace docstore::client::demo
