// DemoShell: the language of the demo's prompt: all verbs of the shell, which go to one node of the
// cluster, and its own ones, which begin with a backslash and do things to the cluster.
//
// One table serves running, help and completion. One thread.

#ifndef DOCSTORE_CLIENT_DEMO_DEMO_SHELL_H_
#define DOCSTORE_CLIENT_DEMO_DEMO_SHELL_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/demo/demo_cluster.h"
#include "client/shell/arguments.h"
#include "client/shell/line_parser.h"
#include "client/shell/printer.h"
#include "client/shell/session.h"

namespace docstore::client::demo {

// One \load.
inline constexpr uint64_t kLoadMax = 100'000;

class DemoShell {
 public:
  // `cluster` must outlive the shell; `base` says all but the servers.
  DemoShell(DemoCluster* cluster, const shell::SessionOptions& base);

  // Writes the sample documents and waits until every node has them.
  absl::Status WriteSamples();

  // Runs one command; `quit` becomes true when it asks to leave. Output is flushed when it returns.
  absl::Status Run(const std::vector<shell::Word>& words, bool* quit);

  // The session of the node that the shell's verbs go to.
  shell::Session* session() { return sessions_[current_].get(); }
  // What the prompt says beside the state the node gives itself: ", cut off" or nothing.
  std::string Mark() const { return cluster_.cut(current_) ? ", cut off" : ""; }

  // The verbs of the demo's own.
  static std::vector<std::string> Verbs();

 private:
  struct Verb;
  static const std::vector<Verb>& Table();

  absl::Status ChooseNode(const shell::Arguments& arguments);
  absl::Status Partition(const shell::Arguments& arguments);
  absl::Status Heal(const shell::Arguments& arguments);
  absl::Status Kill(const shell::Arguments& arguments);
  absl::Status StartNode(const shell::Arguments& arguments);
  absl::Status Status(const shell::Arguments& arguments);
  absl::Status Load(const shell::Arguments& arguments);
  absl::Status Conflict(const shell::Arguments& arguments);
  absl::Status Help(const shell::Arguments& arguments);

  absl::Status RunOwn(const std::vector<shell::Word>& words, bool* quit);
  void OpenSession(size_t node);
  // Waits for convergence if it can come, then says `done` and what came of it.
  absl::Status SayConverged(std::vector<shell::Field> fields, const std::string& done);
  shell::Printer Answer() { return session()->MakePrinter(shell::Printer::Shape::kOne); }

  DemoCluster& cluster_;
  const shell::SessionOptions base_;
  std::array<std::unique_ptr<shell::Session>, kNodes> sessions_;
  size_t current_ = 0;
  uint64_t loaded_ = 0;     // documents of all loads
  uint64_t conflicts_ = 0;  // made by \conflict
};

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_DEMO_SHELL_H_
