#include "client/demo/demo.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/demo/demo_cluster.h"
#include "client/demo/demo_shell.h"
#include "client/demo/interruptible_input.h"
#include "client/demo/program.h"
#include "client/shell/failure.h"
#include "client/shell/line_parser.h"
#include "client/shell/printer.h"
#include "client/shell/prompt.h"
#include "client/shell/session.h"

namespace docstore::client::demo {
namespace {

using shell::ExitCode;
using shell::LineParser;

constexpr char kFooter[] = R"(
Starts three nodes in a temporary directory, writes a few documents, and reads commands: all of the
shell, and \help's. All is gone when it ends.

Examples:
  docstore demo
  printf '%s\n' '\partition 3' '\conflict' '\heal' conflicts | docstore demo)";

constexpr char kGuide[] = R"(
All commands of the shell work and go to the node that the prompt names. Try:
  get stock/beans            a sample document; list people, list stock show the others
  \partition 3               cut node3 off, then \load 1000 and \conflict write on both sides
  \status                    who lacks what
  \heal                      end the cut: they converge, and nothing is lost
  conflicts                  what both sides wrote; get stock/beans --all shows it
  resolve stock/beans keep 1
  \kill 2                    then write something, and \start 2
\help lists the rest; \quit or Ctrl-D ends the nodes and removes their data.
)";

std::atomic<bool> interrupted = false;
std::atomic<bool> leaving = false;

// Ctrl-C ends what runs now; other signals the demo. Cleaning up is never done in here.
void OnSignal(int number) {
  if (number != SIGINT) leaving = true;
  interrupted = true;
}

void CatchSignals() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
  // A reader that has gone must not keep the demo from cleaning up.
  std::signal(SIGPIPE, SIG_IGN);
}

struct Flags {
  std::string docstored;
  std::string output;
  bool keep_going = false;
};

absl::StatusOr<shell::SessionOptions> OptionsFrom(const Flags& flags) {
  shell::SessionOptions options;
  const bool out_is_terminal = isatty(STDOUT_FILENO) == 1;
  const char* const no_color = std::getenv("NO_COLOR");
  options.in = &std::cin;
  options.in_holds_commands = true;
  options.out = &std::cout;
  options.err = &std::cerr;
  options.err_is_terminal = isatty(STDERR_FILENO) == 1;
  options.color = out_is_terminal && (no_color == nullptr || *no_color == '\0');
  options.format = out_is_terminal ? shell::Format::kPretty : shell::Format::kJsonl;
  options.interrupted = &interrupted;
  if (flags.output.empty()) return options;
  const absl::StatusOr<shell::Format> format = shell::ParseFormat(flags.output);
  if (!format.ok()) return format.status();
  options.format = *format;
  return options;
}

// Commands from standard input, one after the other, until one fails.
ExitCode RunScript(DemoShell* demo_shell, bool keep_going) {
  InterruptibleInput input(STDIN_FILENO, &interrupted);
  LineParser parser;
  std::string line;
  ExitCode first_failure = shell::kExitOk;
  size_t number = 0;
  bool quit = false;
  for (bool more = true; more && !quit;) {
    more = input.Next(&line);
    if (interrupted) break;
    absl::Status status;
    if (more) {
      ++number;
      const LineParser::State state = parser.Feed(line);
      if (state == LineParser::State::kIncomplete) continue;
      status = state == LineParser::State::kComplete
                   ? demo_shell->Run(parser.words(), &quit)
                   : shell::UsageError(parser.error(), "help VERB shows how to write it");
    } else if (parser.pending()) {
      status = shell::UsageError("the JSON does not end", "close every { and [ that was opened");
    }
    if (status.ok()) continue;
    std::cerr << "stdin:" << number << ": " << shell::Describe(status) << std::flush;
    if (first_failure == shell::kExitOk) first_failure = shell::ExitCodeOf(status);
    if (!keep_going) break;
  }
  return first_failure;
}

ExitCode RunTerminal(DemoShell* demo_shell) {
  shell::PromptHost host;
  host.greeting = "";
  host.session = [demo_shell] { return demo_shell->session(); };
  host.run = [demo_shell](const std::vector<shell::Word>& words, bool* quit) {
    return demo_shell->Run(words, quit);
  };
  host.mark = [demo_shell] { return demo_shell->Mark(); };
  host.verbs = DemoShell::Verbs();
  host.interrupt_leaves = true;
  host.leaving = &leaving;
  return shell::RunPrompt(host, &interrupted);
}

ExitCode Run(const std::string& program, const shell::SessionOptions& options, bool keep_going) {
  std::cerr << "starting three nodes ..." << std::endl;
  const absl::StatusOr<std::unique_ptr<DemoCluster>> cluster =
      DemoCluster::Start(program, &interrupted);
  if (!cluster.ok()) {
    if (interrupted) return shell::kExitInterrupted;
    std::cerr << shell::Describe(cluster.status());
    return shell::ExitCodeOf(cluster.status());
  }
  DemoShell demo_shell(cluster->get(), options);
  const absl::Status written = demo_shell.WriteSamples();
  if (!written.ok()) {
    std::cerr << shell::Describe(written);
    return shell::ExitCodeOf(written);
  }
  for (size_t node = 0; node < kNodes; ++node) {
    std::cerr << "  " << (*cluster)->name(node) << " on " << (*cluster)->client_address(node)
              << "\n";
  }
  std::cerr << kGuide << std::flush;
  const bool on_terminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
  const ExitCode code = on_terminal ? RunTerminal(&demo_shell) : RunScript(&demo_shell, keep_going);
  return leaving || (interrupted && !on_terminal) ? shell::kExitInterrupted : code;
}

}  // namespace

int RunDemo(const std::vector<std::string>& words) {
  Flags flags;
  CLI::App app("Three temporary nodes to try faults on.", "docstore demo");
  app.footer(kFooter);
  app.add_option("--docstored", flags.docstored,
                 "the node's program (default: beside docstore, or on PATH)")
      ->type_name("FILE");
  app.add_option("--output", flags.output,
                 "pretty, json, jsonl, table or csv (default: pretty on a terminal, else jsonl)")
      ->type_name("FORMAT");
  app.add_flag("--keep-going", flags.keep_going,
               "go on after a failing command of a script; the exit code is that of the first");
  try {
    // CLI11 takes them last one first, without the program's name.
    app.parse(std::vector<std::string>(words.rbegin(), words.rend() - 1));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? shell::kExitOk : shell::kExitUsage;
  }
  const absl::StatusOr<shell::SessionOptions> options = OptionsFrom(flags);
  const absl::StatusOr<std::string> program = FindDocstored(flags.docstored);
  for (const absl::Status& status : {options.status(), program.status()}) {
    if (status.ok()) continue;
    std::cerr << shell::Describe(status);
    return shell::ExitCodeOf(status);
  }
  CatchSignals();
  return Run(*program, *options, flags.keep_going);
}

}  // namespace docstore::client::demo
