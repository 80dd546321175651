// Session: what every verb works with: the servers, the streams and how to print.
//
// No connection is made before a verb asks for the client. One thread.

#ifndef DOCSTORE_CLIENT_SHELL_SESSION_H_
#define DOCSTORE_CLIENT_SHELL_SESSION_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/shell/printer.h"

namespace docstore::client::shell {

// All pointers are borrowed and must outlive the session; `interrupted` and `busy` may be null.
struct SessionOptions {
  std::string servers = "127.0.0.1:7421";  // HOST:PORT[,HOST:PORT...]
  int64_t deadline_ms = 10'000;
  std::istream* in = nullptr;   // where `import C -` reads
  std::ostream* out = nullptr;  // data
  std::ostream* err = nullptr;  // the rest
  bool in_holds_commands = false;
  bool err_is_terminal = false;  // progress is shown there
  bool color = false;
  Format format = Format::kJsonl;
  const std::atomic<bool>* interrupted = nullptr;
  std::atomic<bool>* busy = nullptr;  // true while a command runs and can be interrupted
};

class Session {
 public:
  explicit Session(const SessionOptions& options) : options_(options), format_(options.format) {}

  const SessionOptions& options() const { return options_; }
  std::ostream& err() { return *options_.err; }

  // The client, made at the first call. A usage error when the server list is none.
  absl::StatusOr<Client*> client();

  // The format of the command that runs.
  Format format() const { return format_; }
  void set_format(Format format) { format_ = format; }

  Printer MakePrinter(Printer::Shape shape) {
    return Printer(options_.out, format_, shape, options_.color);
  }

  bool interrupted() const {
    return options_.interrupted != nullptr && options_.interrupted->load();
  }

 private:
  const SessionOptions options_;
  Format format_;
  std::unique_ptr<Client> client_;
};

}  // namespace docstore::client::shell

#endif  // DOCSTORE_CLIENT_SHELL_SESSION_H_
