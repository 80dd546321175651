// docstored: one node of a docstore cluster. Wiring only.
//
//   exit code  meaning
//   0          ended by SIGTERM or SIGINT, everything durable; or --help, --version, --print-config
//   1          could not start or go on; the log says why
//   2          wrong options
//   128 + n    ended at once by a second signal n

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/host/data_directory.h"
#include "server/host/open_files.h"
#include "server/host/stderr_log.h"
#include "server/host/system_clock.h"
#include "server/host/termination.h"
#include "server/options/options.h"
#include "server/options/settings.h"
#include "server/process.h"
#include "server/version.h"

namespace docstore {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

std::optional<std::string> Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

int UsageError(const absl::Status& status) {
  std::fprintf(stderr, "docstored: %s\n", std::string(status.message()).c_str());
  return kExitUsage;
}

absl::Status Serve(options::Options options, host::SystemClock* clock, node::Log* log,
                   host::Termination* termination) {
  ASSIGN_OR_RETURN(host::DataDirectory directory, host::DataDirectory::Open(options.data));
  Process process(std::move(options), std::move(directory), clock, log);
  RETURN_IF_ERROR(process.Start());
  do {
    process.FollowReadiness();
  } while (!termination->WaitFor(Process::kReadyPollMs).has_value());
  log->Write(node::LogLevel::kInfo,
             absl::StrCat("signal ", termination->Wait(), ": ending; a second one ends at once"));
  process.Stop();
  log->Write(node::LogLevel::kInfo, "ended");
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& arguments) {
  const absl::StatusOr<options::CommandLine> line = options::ReadSettings(arguments, Variable);
  if (!line.ok()) return UsageError(line.status());
  if (!line->help.empty() || line->print_version) {
    const std::string text =
        line->help.empty() ? absl::StrCat("docstored ", kVersion, "\n") : line->help;
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  const std::string host_name = host::HostName();
  if (line->print_config) {
    std::fputs(options::FormatSettings(*line, host_name).c_str(), stdout);
    std::fflush(stdout);
  }
  absl::StatusOr<options::Options> options = options::MakeOptions(*line, host_name);
  if (!options.ok()) return UsageError(options.status());
  if (line->print_config) return 0;

  host::RaiseOpenFilesLimit();
  // gRPC would mix its own lines into the log; what matters is in ours.
  setenv("GRPC_VERBOSITY", "NONE", /*replace=*/0);
  host::Termination termination;
  host::SystemClock clock;
  host::StderrLog log(&clock);
  const absl::Status status = Serve(*std::move(options), &clock, &log, &termination);
  if (status.ok()) return 0;
  log.Write(node::LogLevel::kError, status.message());
  // At once: parts of a half-started process wait for each other, and nothing of it is needed.
  _exit(kExitFailed);
}

}  // namespace
}  // namespace docstore

int main(int argc, char** argv) {
  return docstore::Main(std::vector<std::string>(argv + 1, argv + argc));
}
