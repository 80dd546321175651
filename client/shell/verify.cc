#include "client/shell/verify.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/audit.h"
#include "client/client.h"
#include "client/cluster.h"
#include "client/cluster_connection.h"
#include "client/content.h"
#include "client/content_comparison.h"
#include "client/dot_set.h"
#include "client/shell/failure.h"
#include "client/shell/json_text.h"
#include "client/shell/printer.h"

namespace docstore::client::shell {
namespace {

// So many documents are named in an error message.
constexpr size_t kNamedMax = 5;

std::string Count(uint64_t count, const char* noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

int64_t WrittenAtMs(const ContentVersion& version) {
  return static_cast<int64_t>(version.timestamp >> 16);
}

std::string HashText(const ContentVersion& version) {
  return absl::StrFormat("%016x%016x", version.hash_high, version.hash_low);
}

// "[a,b]" of what `json` makes of each of `items`.
template <typename Items, typename Json>
std::string ArrayText(const Items& items, const Json& json) {
  return absl::StrCat(
      "[",
      absl::StrJoin(items, ",",
                    [&json](std::string* out, const auto& item) { out->append(json(item)); }),
      "]");
}

std::string VersionText(const ContentVersion& version) {
  std::vector<Field> fields = {Text("dot", ToString(version.dot)),
                               Number("written_at_ms", WrittenAtMs(version))};
  if (version.deleted) {
    fields.push_back(Boolean("deleted", true));
  } else {
    fields.push_back(Number("json_bytes", static_cast<int64_t>(version.json_bytes)));
    fields.push_back(Text("hash", HashText(version)));
  }
  if (version.damaged) fields.push_back(Boolean("damaged", true));
  return ObjectText(fields);
}

std::string HoldingText(const AuditReport::Holding& holding) {
  return ObjectText(
      {Text("name", holding.node), Json("versions", ArrayText(holding.versions, &VersionText))});
}

std::string DifferenceText(const AuditReport::Difference& difference) {
  return ObjectText({Text("collection", difference.key.collection), Text("id", difference.key.id),
                     Text("problem", ToString(difference.findings)),
                     Json("nodes", ArrayText(difference.holdings, &HoldingText))});
}

std::string NodeText(const AuditReport::Node& node) {
  return ObjectText({Text("name", node.name), Boolean("asked", node.status.ok()),
                     Number("document_count", static_cast<int64_t>(node.document_count)),
                     Number("version_count", static_cast<int64_t>(node.version_count)),
                     Number("json_bytes", static_cast<int64_t>(node.json_bytes)),
                     Text("error", node.status.ok() ? std::string() : MessageOf(node.status))});
}

// What is compared: the most that any node holds.
struct Compared {
  uint64_t documents = 0;
  uint64_t bytes = 0;
  uint64_t nodes = 0;
};

Compared ComparedIn(const AuditReport& report) {
  Compared compared;
  for (const AuditReport::Node& node : report.nodes) {
    compared.documents = std::max(compared.documents, node.document_count);
    compared.bytes = std::max(compared.bytes, node.json_bytes);
    compared.nodes += node.status.ok() ? 1 : 0;
  }
  return compared;
}

std::vector<Field> ReportFields(const AuditReport& report) {
  const Compared compared = ComparedIn(report);
  return {Boolean("equal", report.differences.empty()),
          Boolean("complete", report.complete && compared.nodes == report.nodes.size()),
          Number("document_count", static_cast<int64_t>(compared.documents)),
          Number("json_bytes", static_cast<int64_t>(compared.bytes)),
          Number("in_flight", static_cast<int64_t>(report.in_flight)),
          Json("nodes", ArrayText(report.nodes, &NodeText)),
          Json("differences", ArrayText(report.differences, &DifferenceText))};
}

// "a:3 b:1 (deleted)", "nothing" without versions.
std::string Summary(const std::vector<ContentVersion>& versions) {
  if (versions.empty()) return "nothing";
  return absl::StrJoin(versions, ", ", [](std::string* out, const ContentVersion& version) {
    absl::StrAppend(out, ToString(version.dot), version.deleted ? " (deleted)" : "",
                    version.damaged ? " (damaged)" : "");
  });
}

// One row for each node of each document that differs.
void PrintRows(Printer* printer, const AuditReport& report) {
  for (const AuditReport::Difference& difference : report.differences) {
    for (const AuditReport::Holding& holding : difference.holdings) {
      printer->Record({Text("collection", difference.key.collection), Text("id", difference.key.id),
                       Text("node", holding.node), Text("holds", Summary(holding.versions)),
                       Text("problem", ToString(difference.findings))});
    }
  }
}

// The report as people read it.
void SayReport(Printer* printer, const AuditReport& report) {
  for (const AuditReport::Difference& difference : report.differences) {
    printer->Say(absl::StrCat(FormatAddress(difference.key.collection, difference.key.id), ": ",
                              ToString(difference.findings)));
    for (const AuditReport::Holding& holding : difference.holdings) {
      printer->Say(absl::StrCat("  ", holding.node, " holds ", Summary(holding.versions)));
      for (const ContentVersion& version : holding.versions) {
        if (version.deleted) continue;
        printer->Say(absl::StrCat("    ", ToString(version.dot), ": ",
                                  Count(version.json_bytes, "byte"), ", hash ", HashText(version)));
      }
    }
  }
  const Compared compared = ComparedIn(report);
  printer->Say(absl::StrCat("compared ", Count(compared.documents, "document"), " (",
                            Count(compared.bytes, "byte"), ") of ", Count(compared.nodes, "node"),
                            ": ", report.differences.empty() ? "equal" : "not equal", ", ",
                            report.in_flight, " still in flight"));
}

// Why the comparison is not whole; empty when it is.
std::string WhatIsMissing(const AuditReport& report) {
  std::vector<std::string> missing;
  for (const AuditReport::Node& node : report.nodes) {
    if (node.status.ok()) continue;
    missing.push_back(absl::StrCat("cannot ask ", node.name, ": ", MessageOf(node.status)));
  }
  if (!report.complete) missing.push_back("so much differs that the rest was left out");
  return absl::StrJoin(missing, "; ");
}

absl::Status Outcome(const AuditReport& report) {
  const std::string missing = WhatIsMissing(report);
  if (!report.differences.empty()) {
    std::vector<std::string> names;
    for (const AuditReport::Difference& difference : report.differences) {
      if (names.size() == kNamedMax) {
        names.push_back("...");
        break;
      }
      names.push_back(FormatAddress(difference.key.collection, difference.key.id));
    }
    return Failure(kExitDiverged,
                   absl::StrCat(Count(report.differences.size(), "document"),
                                " not the same on all nodes: ", absl::StrJoin(names, ", "),
                                missing.empty() ? "" : "; ", missing),
                   "nothing was changed; the README says what to do (Are all nodes equal?)");
  }
  if (missing.empty()) return absl::OkStatus();
  return Failure(kExitNotConverged, absl::StrCat("not everything was compared: ", missing),
                 "cluster status shows the members; wait converged, then repeat it");
}

// Every member, each with a client of its own address.
absl::StatusOr<std::vector<AuditTarget>> Members(Session* session, Client* client) {
  const absl::StatusOr<ClusterStatus> status = client->GetStatus();
  if (!status.ok()) return status.status();
  ConnectionOptions options;
  options.deadline_ms = session->options().deadline_ms;
  options.interrupted = session->options().interrupted;
  std::vector<AuditTarget> targets;
  for (const Node& node : status->nodes) {
    if (node.client_address.empty()) {
      targets.push_back({node.name, absl::UnavailableError("its client address is not known")});
    } else {
      targets.push_back({node.name, Client::Connect(node.client_address, options)});
    }
  }
  return targets;
}

}  // namespace

const Grammar kVerifyGrammar = {0, 0, {}, {"--collection"}, {}};

absl::Status Verify(Session* session, const Arguments& arguments) {
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  const absl::StatusOr<std::vector<AuditTarget>> targets = Members(session, *client);
  if (!targets.ok()) return targets.status();
  const absl::StatusOr<AuditReport> report = RunAudit(
      *targets,
      {.collection = arguments.Get("--collection"), .interrupted = session->options().interrupted});
  if (!report.ok()) return report.status();
  const Format format = session->format();
  const bool rows = format == Format::kTable || format == Format::kCsv;
  Printer printer = session->MakePrinter(rows ? Printer::Shape::kMany : Printer::Shape::kOne);
  if (format == Format::kPretty) {
    SayReport(&printer, *report);
  } else if (rows) {
    PrintRows(&printer, *report);
  } else {
    printer.Record(ReportFields(*report));
  }
  printer.Finish();
  return Outcome(*report);
}

}  // namespace docstore::client::shell
