#include "client/shell/cluster_verbs.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/shell/failure.h"
#include "client/shell/json_text.h"

namespace docstore::client::shell {
namespace {

constexpr int64_t kWatchIntervalMs = 1000;
constexpr int64_t kWatchStepMs = 50;

std::string Bytes(uint64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return absl::StrFormat("%.1f %s", value, unit);
}

std::string Count(uint64_t count, const char* noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::vector<Field> NodeFields(const Node& node) {
  return {Text("name", node.name),
          Text("state", node.state),
          Text("role", node.role),
          Number("behind", static_cast<int64_t>(node.behind)),
          Number("ahead", static_cast<int64_t>(node.ahead)),
          Number("last_heard_ms", node.last_heard_ms),
          Text("client_address", node.client_address),
          Text("peer_address", node.peer_address),
          Text("node_uuid", node.node_uuid),
          Number("sent_frames", static_cast<int64_t>(node.sent_frames)),
          Number("sent_bytes", static_cast<int64_t>(node.sent_bytes)),
          Number("received_frames", static_cast<int64_t>(node.received_frames)),
          Number("received_bytes", static_cast<int64_t>(node.received_bytes)),
          Text("last_error", node.last_error)};
}

std::string Strings(const std::vector<std::string>& strings) {
  return absl::StrCat(
      "[",
      absl::StrJoin(strings, ",",
                    [](std::string* out, const std::string& text) { out->append(Quote(text)); }),
      "]");
}

std::vector<Field> StatusFields(const ClusterStatus& status) {
  const std::string nodes = absl::StrCat("[",
                                         absl::StrJoin(status.nodes, ",",
                                                       [](std::string* out, const Node& node) {
                                                         out->append(ObjectText(NodeFields(node)));
                                                       }),
                                         "]");
  return {Text("cluster_name", status.cluster_name),
          Text("seen_by", status.seen_by),
          Number("seen_at_ms", status.seen_at_ms),
          Json("nodes", nodes),
          Boolean("converged", status.converged),
          Boolean("ready", status.ready),
          Number("collection_count", static_cast<int64_t>(status.collection_count)),
          Number("document_count", static_cast<int64_t>(status.document_count)),
          Number("conflict_count", static_cast<int64_t>(status.conflict_count)),
          Number("bytes_on_disk", static_cast<int64_t>(status.bytes_on_disk)),
          Json("alarms", Strings(status.alarms)),
          Text("server_version", status.server_version),
          Boolean("insecure", status.insecure)};
}

std::string Heard(const Node& node) {
  if (node.state == "self") return "-";
  return node.last_heard_ms < 0 ? "never" : absl::StrCat(node.last_heard_ms, " ms ago");
}

// The status as people read it.
void SayStatus(Printer* printer, const ClusterStatus& status) {
  printer->Say(absl::StrCat("cluster ", status.cluster_name, " as ", status.seen_by,
                            " sees it (docstored ", status.server_version, "): ",
                            !status.ready      ? "starting"
                            : status.converged ? "converged"
                                               : "not converged"));
  for (const Node& node : status.nodes) {
    printer->Record({Text("node", node.name), Text("state", node.state), Text("role", node.role),
                     Number("behind", static_cast<int64_t>(node.behind)),
                     Number("ahead", static_cast<int64_t>(node.ahead)), Text("heard", Heard(node)),
                     Text("address", node.client_address)});
  }
  printer->Say(absl::StrCat(Count(status.document_count, "document"), " in ",
                            Count(status.collection_count, "collection"), ", ",
                            Count(status.conflict_count, "conflict"), ", ",
                            Bytes(status.bytes_on_disk), " on disk"));
  for (const Node& node : status.nodes) {
    if (!node.last_error.empty()) {
      printer->Say(absl::StrCat(node.name, ": ", TerminalText(node.last_error)));
    }
  }
  if (status.insecure) {
    printer->Say("warning: this node listens beyond loopback without TLS and authentication");
  }
  for (const std::string& alarm : status.alarms) {
    printer->Say(absl::StrCat("alarm: ", TerminalText(alarm)));
  }
}

absl::Status PrintStatus(Session* session, Client* client) {
  const absl::StatusOr<ClusterStatus> status = client->GetStatus();
  if (!status.ok()) return status.status();
  const Format format = session->format();
  const bool rows = format == Format::kTable || format == Format::kCsv;
  Printer printer = session->MakePrinter(rows ? Printer::Shape::kMany : Printer::Shape::kOne);
  if (format == Format::kPretty) {
    SayStatus(&printer, *status);
  } else if (rows) {
    for (const Node& node : status->nodes) printer.Record(NodeFields(node));
  } else {
    printer.Record(StatusFields(*status));
  }
  printer.Finish();
  return absl::OkStatus();
}

std::string WhoIsMissing(const Convergence& convergence) {
  return absl::StrJoin(convergence.behind, ", ", [](std::string* out, const NodeBehind& node) {
    if (!node.reachable) {
      absl::StrAppend(out, node.name, " is unreachable");
    } else {
      absl::StrAppend(out, node.name, " lacks ", Count(node.missing, "write"));
    }
  });
}

// The version that `keep` names: 1 is the winner, 2 and up the siblings in order.
absl::StatusOr<Version> Choose(const Document& document, uint64_t keep) {
  if (keep == 1) return document.winner;
  if (keep - 2 < document.siblings.size()) return document.siblings[keep - 2];
  return UsageError(absl::StrCat("there is no version ", keep, ": the document has ",
                                 Count(document.siblings.size() + 1, "version")),
                    "see them with get C/ID --all");
}

}  // namespace

const Grammar kCollectionsGrammar = {};

absl::Status Collections(Session* session, const Arguments&) {
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  const absl::StatusOr<std::vector<Collection>> collections = (*client)->ListCollections();
  if (!collections.ok()) return collections.status();
  Printer printer = session->MakePrinter(Printer::Shape::kMany);
  for (const Collection& collection : *collections) {
    printer.Record({Text("name", collection.name),
                    Number("document_count", static_cast<int64_t>(collection.document_count)),
                    Number("conflict_count", static_cast<int64_t>(collection.conflict_count)),
                    Number("json_bytes", static_cast<int64_t>(collection.json_bytes))});
  }
  if (collections->empty()) printer.Say("no collections; the first put makes one");
  printer.Finish();
  return absl::OkStatus();
}

const Grammar kConflictsGrammar = {0, 1, {}, {}, {"limit"}};

absl::Status Conflicts(Session* session, const Arguments& arguments) {
  const absl::StatusOr<uint64_t> limit = arguments.GetNumber(
      "limit", std::numeric_limits<uint64_t>::max(), 1, std::numeric_limits<uint64_t>::max());
  if (!limit.ok()) return limit.status();
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  Printer printer = session->MakePrinter(Printer::Shape::kMany);
  uint64_t listed = 0;
  const absl::Status status = (*client)->ListConflicts(
      arguments.positions() == 0 ? "" : arguments.at(0).text, [&](const Conflict& conflict) {
        printer.Record({Text("collection", conflict.collection), Text("id", conflict.id),
                        Number("sibling_count", conflict.sibling_count)});
        return ++listed < *limit && !session->interrupted();
      });
  if (status.ok() && listed == 0) printer.Say("no conflicts");
  printer.Finish();
  if (status.ok() && session->interrupted()) return absl::CancelledError("interrupted");
  return status;
}

const Grammar kResolveGrammar = {1, 1, {}, {"--context"}, {"keep"}};

absl::Status Resolve(Session* session, const Arguments& arguments) {
  const absl::StatusOr<Address> address = ParseAddress(arguments.at(0), true);
  if (!address.ok()) return address.status();
  const absl::StatusOr<uint64_t> keep = arguments.GetNumber("keep", 0, 1, 64);
  if (!keep.ok()) return keep.status();
  if (*keep == 0) {
    return UsageError("which version to keep?", "resolve C/ID keep N; get C/ID --all numbers them");
  }
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  const absl::StatusOr<Document> document = (*client)->GetWhole(address->collection, address->id);
  if (!document.ok()) return document.status();
  const std::string full = FormatAddress(address->collection, address->id);
  if (arguments.Has("--context") && arguments.Get("--context") != document->resolve_context) {
    return Failure(kExitCondition, absl::StrCat(full, " has changed since that context was read"),
                   absl::StrCat("look again: get ", full, " --all"));
  }
  const absl::StatusOr<Version> chosen = Choose(*document, *keep);
  if (!chosen.ok()) return chosen.status();
  const Condition condition = Condition::Context(document->resolve_context);
  const absl::StatusOr<Written> written =
      chosen->deleted ? (*client)->Delete(address->collection, address->id, condition)
                      : (*client)->Put(address->collection, address->id, chosen->json, condition);
  if (!written.ok()) return written.status();
  session->MakePrinter(Printer::Shape::kOne)
      .Acknowledge({Text("id", address->id), Text("version", written->version)},
                   absl::StrCat("resolved ", full, ", kept version ", *keep, " of ",
                                document->siblings.size() + 1));
  if (written->sibling_count > 0) {
    session->err() << "note: " << Count(written->sibling_count, "version")
                   << " came in meanwhile: get " << full << " --all\n";
  }
  return absl::OkStatus();
}

const Grammar kStatusGrammar = {0, 0, {"--watch"}, {}, {}};

absl::Status Status(Session* session, const Arguments& arguments) {
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  if (!arguments.Has("--watch")) return PrintStatus(session, *client);
  while (!session->interrupted()) {
    const absl::Status status = PrintStatus(session, *client);
    if (!status.ok()) return status;
    for (int64_t slept = 0; slept < kWatchIntervalMs && !session->interrupted();
         slept += kWatchStepMs) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kWatchStepMs));
    }
  }
  return absl::CancelledError("interrupted");
}

const Grammar kWaitGrammar = {0, 0, {}, {"--timeout"}, {}};

absl::Status Wait(Session* session, const Arguments& arguments) {
  const absl::StatusOr<int64_t> timeout_ms = ParseDuration(arguments.Get("--timeout", "30s"));
  if (!timeout_ms.ok()) return timeout_ms.status();
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  const absl::StatusOr<Convergence> convergence = (*client)->WaitConverged(*timeout_ms);
  if (!convergence.ok()) return convergence.status();
  std::vector<std::string> behind;
  for (const NodeBehind& node : convergence->behind) {
    behind.push_back(ObjectText({Text("name", node.name), Boolean("reachable", node.reachable),
                                 Number("missing", static_cast<int64_t>(node.missing))}));
  }
  session->MakePrinter(Printer::Shape::kOne)
      .Acknowledge(
          {Boolean("converged", convergence->converged),
           Number("waited_ms", convergence->waited_ms),
           Json("behind", absl::StrCat("[", absl::StrJoin(behind, ","), "]"))},
          absl::StrCat(convergence->converged ? "converged after " : "not converged after ",
                       convergence->waited_ms, " ms"));
  if (convergence->converged) return absl::OkStatus();
  return Failure(
      kExitNotConverged, absl::StrCat("not converged: ", WhoIsMissing(*convergence)),
      "cluster status shows how far each node is; wait converged --timeout 5m waits longer");
}

}  // namespace docstore::client::shell
