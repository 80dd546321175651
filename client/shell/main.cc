// docstore: the shell. Flags and wiring only.

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/demo/demo.h"
#include "client/endpoint.h"
#include "client/shell/arguments.h"
#include "client/shell/failure.h"
#include "client/shell/printer.h"
#include "client/shell/prompt.h"
#include "client/shell/script.h"
#include "client/shell/session.h"

namespace docstore::client::shell {
namespace {

constexpr char kVersion[] = "0.1.0";

constexpr char kFooter[] = R"(
Without -e, -f and input from a pipe it opens a prompt; help lists the verbs there.

Examples:
  docstore -e 'put orders/42 {"customer":"Ada"}' -e 'get orders/42'
  docstore -f commands.txt --keep-going
  echo 'list orders' | docstore --output csv
  docstore --server 127.0.0.1:7421,127.0.0.1:7431 -e 'cluster status'
  docstore demo            three temporary nodes to try faults on; docstore demo --help

Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 conflict or failed condition, 5 unreachable,
6 no access, 7 not converged, 8 partial bulk failure, 9 nodes hold different documents,
130 interrupted.)";

std::atomic<bool> interrupted = false;

std::atomic<bool> busy = false;

// The first Ctrl-C ends the running command in order; the second one, or one while none runs, the
// process at once.
void OnInterrupt(int) {
  if (interrupted.exchange(true) || !busy.load()) _exit(kExitInterrupted);
}

struct Flags {
  std::string servers = "127.0.0.1:7421";
  std::vector<std::string> commands;
  std::vector<std::string> files;
  std::string output;
  std::string deadline = "10s";
  bool keep_going = false;
};

void AddFlags(CLI::App* app, Flags* flags) {
  app->set_version_flag("--version", absl::StrCat("docstore ", kVersion));
  app->footer(kFooter);
  app->allow_extras();  // they get our own advice
  app->add_option("--server", flags->servers, "HOST:PORT[,HOST:PORT...]: any nodes of the cluster")
      ->envname("DOCSTORE_SERVER")
      ->capture_default_str();
  app->add_option("-e", flags->commands, "run this command; may be given several times")
      ->type_name("CMD")
      ->allow_extra_args(false);
  app->add_option("-f", flags->files, "run the commands in this file, - for stdin")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app->add_option("--output", flags->output,
                  "pretty, json, jsonl, table or csv (default: pretty on a terminal, else jsonl)")
      ->type_name("FORMAT");
  app->add_option("--deadline", flags->deadline, "for one call, such as 500ms, 10s, 1m")
      ->capture_default_str();
  app->add_flag("--keep-going", flags->keep_going,
                "go on after a failing command; the exit code is that of the first");
}

absl::StatusOr<SessionOptions> OptionsFrom(const Flags& flags) {
  SessionOptions options;
  const bool out_is_terminal = isatty(STDOUT_FILENO) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  options.servers = flags.servers;
  options.in = &std::cin;
  options.out = &std::cout;
  options.err = &std::cerr;
  options.err_is_terminal = isatty(STDERR_FILENO) == 1;
  options.color = out_is_terminal && (no_color == nullptr || *no_color == '\0');
  options.format = out_is_terminal ? Format::kPretty : Format::kJsonl;
  options.interrupted = &interrupted;
  options.busy = &busy;
  const bool commands_given = !flags.commands.empty() || !flags.files.empty();
  options.in_holds_commands = !commands_given;
  for (const std::string& file : flags.files) options.in_holds_commands |= file == "-";
  const absl::StatusOr<int64_t> deadline_ms = ParseDuration(flags.deadline);
  if (!deadline_ms.ok()) return deadline_ms.status();
  options.deadline_ms = *deadline_ms;
  const auto endpoints = ParseEndpoints(flags.servers);
  if (!endpoints.ok()) {
    return UsageError(endpoints.status().message(), "--server or DOCSTORE_SERVER says so");
  }
  if (flags.output.empty()) return options;
  const absl::StatusOr<Format> format = ParseFormat(flags.output);
  if (!format.ok()) return format.status();
  options.format = *format;
  return options;
}

ExitCode RunFile(Session* session, const std::string& file, bool keep_going, bool* quit) {
  if (file == "-") return RunScript(session, &std::cin, "stdin", keep_going, quit);
  std::ifstream in(file, std::ios::binary);
  if (in) return RunScript(session, &in, file, keep_going, quit);
  session->err() << Describe(
      UsageError(absl::StrCat("cannot read ", file), "give -f the name of a file with commands"));
  return kExitUsage;
}

// The -e commands, then the files, in the order given.
ExitCode RunGiven(Session* session, const Flags& flags) {
  ExitCode first_failure = kExitOk;
  bool quit = false;
  const auto took = [&](ExitCode code) {
    if (first_failure == kExitOk) first_failure = code;
    return code != kExitOk && (!flags.keep_going || code == kExitInterrupted);
  };
  for (const std::string& command : flags.commands) {
    if (quit) return first_failure;
    std::istringstream in(command);
    if (took(RunScript(session, &in, "", flags.keep_going, &quit))) return first_failure;
  }
  for (const std::string& file : flags.files) {
    if (quit) return first_failure;
    if (took(RunFile(session, file, flags.keep_going, &quit))) return first_failure;
  }
  return first_failure;
}

// The command line of the demo, which has nodes and a prompt of its own, when that is the only
// command; empty otherwise.
std::vector<std::string> DemoWords(const Flags& flags) {
  if (!flags.files.empty() || flags.commands.size() != 1) return {};
  std::vector<std::string> words = absl::StrSplit(flags.commands[0], ' ', absl::SkipEmpty());
  if (words.empty() || words[0] != "demo") return {};
  if (!flags.output.empty()) words.insert(words.end(), {"--output", flags.output});
  if (flags.keep_going) words.push_back("--keep-going");
  return words;
}

int Main(int argc, char** argv) {
  // gRPC's own log would stand between the user and our errors.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  std::ios::sync_with_stdio(false);
  if (argc > 1 && std::string(argv[1]) == "demo") return demo::RunDemo({argv + 1, argv + argc});
  Flags flags;
  CLI::App app("The shell of the docstore document store.", "docstore");
  AddFlags(&app, &flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? kExitOk : kExitUsage;
  }
  if (const std::vector<std::string> words = app.remaining(); !words.empty()) {
    const std::string command = absl::StrJoin(words, " ");
    const std::string advice =
        command.front() == '-'
            ? "--help lists the flags"
            : absl::StrCat("a command stands behind -e: docstore -e '", command, "'");
    std::cerr << Describe(UsageError(absl::StrCat("not expected here: ", command), advice));
    return kExitUsage;
  }
  if (const std::vector<std::string> words = DemoWords(flags); !words.empty()) {
    return demo::RunDemo(words);
  }
  const absl::StatusOr<SessionOptions> options = OptionsFrom(flags);
  if (!options.ok()) {
    std::cerr << Describe(options.status());
    return ExitCodeOf(options.status());
  }
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, nullptr);
  Session session(*options);
  if (!flags.commands.empty() || !flags.files.empty()) return RunGiven(&session, flags);
  if (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) {
    busy = true;  // Ctrl-C drops the line that is being typed
    return RunPrompt(&session, &interrupted);
  }
  bool quit = false;
  return RunScript(&session, &std::cin, "stdin", flags.keep_going, &quit);
}

}  // namespace
}  // namespace docstore::client::shell

int main(int argc, char** argv) { return docstore::client::shell::Main(argc, argv); }
