#include "client/shell/document_verbs.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "client/shell/failure.h"
#include "client/shell/json_text.h"

namespace docstore::client::shell {
namespace {

// Documents are asked for in pages of this many.
constexpr uint32_t kListPage = 1000;

absl::StatusOr<Condition> ConditionOf(const Arguments& arguments) {
  const int guards = int{arguments.Has("--if-absent")} + int{arguments.Has("--if-version")} +
                     int{arguments.Has("--context")};
  if (guards > 1) {
    return UsageError("more than one condition",
                      "give one of --if-absent, --if-version, --context");
  }
  if (arguments.Has("--if-absent")) return Condition::IfAbsent();
  for (const char* name : {"--if-version", "--context"}) {
    if (!arguments.Has(name)) continue;
    const std::string token = arguments.Get(name);
    if (token.empty()) {
      return UsageError(absl::StrCat(name, " is empty"), "take it from get C/ID --all");
    }
    return name == std::string("--context") ? Condition::Context(token)
                                            : Condition::IfVersion(token);
  }
  return Condition();
}

std::string Versions(uint32_t count) {
  return absl::StrCat(count, count == 1 ? " version" : " versions");
}

// Tells on stderr what a write did to siblings.
void NoteSiblings(Session* session, const std::string& address, const Written& written) {
  if (written.superseded_siblings > 0) {
    session->err() << "note: replaced " << Versions(written.superseded_siblings)
                   << " besides the winner\n";
  }
  if (written.sibling_count > 0) {
    session->err() << "note: " << Versions(written.sibling_count) << " beside it: get " << address
                   << " --all shows them, resolve " << address << " keep N ends the conflict\n";
  }
}

std::string VersionObject(const Version& version) {
  std::vector<Field> fields = {Text("version", version.token)};
  if (version.deleted) {
    fields.push_back(Boolean("deleted", true));
  } else {
    fields.push_back(Json("doc", version.json));
  }
  fields.push_back(Number("written_at_ms", version.written_at_ms));
  return ObjectText(fields);
}

// The block of one version for people: number, origin in time, token, text.
std::string VersionText(size_t number, const Version& version) {
  return absl::StrCat(
      "-- ", number, number == 1 ? " (the winner)" : "", ", written ",
      absl::FormatTime("%Y-%m-%d %H:%M:%E3S UTC", absl::FromUnixMillis(version.written_at_ms),
                       absl::UTCTimeZone()),
      "\n   version ", version.token, "\n", version.deleted ? "deleted" : Indent(version.json));
}

void PrintWhole(Session* session, const std::string& address, const Document& document) {
  Printer printer = session->MakePrinter(Printer::Shape::kOne);
  if (printer.format() == Format::kPretty) {
    printer.Say(VersionText(1, document.winner));
    for (size_t i = 0; i < document.siblings.size(); ++i) {
      printer.Say(VersionText(i + 2, document.siblings[i]));
    }
    printer.Say(absl::StrCat("-- resolve_context ", document.resolve_context));
    if (document.sibling_count > 0) printer.Say(absl::StrCat("-- resolve ", address, " keep N"));
    printer.Finish();
    return;
  }
  const std::string siblings = absl::StrCat(
      "[",
      absl::StrJoin(
          document.siblings, ",",
          [](std::string* out, const Version& version) { out->append(VersionObject(version)); }),
      "]");
  printer.Record({Text("id", document.id), Text("version", document.winner.token),
                  Json("doc", document.winner.json), Json("siblings", siblings),
                  Text("resolve_context", document.resolve_context)});
  printer.Finish();
}

absl::Status NoSuchDocument(const absl::Status& status, const Address& address) {
  if (status.code() != absl::StatusCode::kNotFound) return status;
  return WithAdvice(
      absl::NotFoundError(
          absl::StrCat("no document ", FormatAddress(address.collection, address.id))),
      absl::StrCat("see what there is: list ", address.collection, " limit 10, collections"));
}

}  // namespace

const Grammar kPutGrammar = {2, 2, {"--if-absent"}, {"--if-version", "--context"}, {}};

absl::Status Put(Session* session, const Arguments& arguments) {
  const absl::StatusOr<Address> address = ParseAddress(arguments.at(0), false);
  if (!address.ok()) return address.status();
  const absl::StatusOr<Condition> condition = ConditionOf(arguments);
  if (!condition.ok()) return condition.status();
  if (arguments.at(1).kind != Word::Kind::kJson) {
    return UsageError("a document is one JSON object",
                      "write it in braces: put orders/42 {\"total\":9.5}");
  }
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  const absl::StatusOr<Written> written =
      (*client)->Put(address->collection, address->id, arguments.at(1).text, *condition);
  if (!written.ok()) return written.status();
  const std::string full = FormatAddress(address->collection, written->id);
  session->MakePrinter(Printer::Shape::kOne)
      .Acknowledge({Text("id", written->id), Text("version", written->version)},
                   absl::StrCat("wrote ", full, ", version ", written->version));
  NoteSiblings(session, full, *written);
  return absl::OkStatus();
}

const Grammar kGetGrammar = {1, 1, {"--all"}, {}, {}};

absl::Status Get(Session* session, const Arguments& arguments) {
  const absl::StatusOr<Address> address = ParseAddress(arguments.at(0), true);
  if (!address.ok()) return address.status();
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  const bool all = arguments.Has("--all");
  const absl::StatusOr<Document> document =
      all ? (*client)->GetWhole(address->collection, address->id)
          : (*client)->Get(address->collection, address->id);
  if (!document.ok()) return NoSuchDocument(document.status(), *address);
  const std::string full = FormatAddress(address->collection, address->id);
  if (all) {
    PrintWhole(session, full, *document);
    return absl::OkStatus();
  }
  Printer printer = session->MakePrinter(Printer::Shape::kOne);
  printer.Document(address->id, document->winner.json);
  printer.Finish();
  if (document->sibling_count > 0) {
    session->err() << "note: " << Versions(document->sibling_count) << " besides this one: get "
                   << full << " --all\n";
  }
  return absl::OkStatus();
}

const Grammar kDeleteGrammar = {1, 1, {}, {"--if-version", "--context"}, {}};

absl::Status Delete(Session* session, const Arguments& arguments) {
  const absl::StatusOr<Address> address = ParseAddress(arguments.at(0), true);
  if (!address.ok()) return address.status();
  const absl::StatusOr<Condition> condition = ConditionOf(arguments);
  if (!condition.ok()) return condition.status();
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  const absl::StatusOr<Written> written =
      (*client)->Delete(address->collection, address->id, *condition);
  if (!written.ok()) return NoSuchDocument(written.status(), *address);
  const std::string full = FormatAddress(address->collection, address->id);
  session->MakePrinter(Printer::Shape::kOne)
      .Acknowledge({Text("id", address->id), Text("version", written->version)},
                   absl::StrCat("deleted ", full));
  NoteSiblings(session, full, *written);
  return absl::OkStatus();
}

const Grammar kListGrammar = {1, 1, {"--ids"}, {}, {"from", "to", "prefix", "limit"}};

absl::Status List(Session* session, const Arguments& arguments) {
  const absl::StatusOr<uint64_t> limit = arguments.GetNumber(
      "limit", std::numeric_limits<uint64_t>::max(), 1, std::numeric_limits<uint64_t>::max());
  if (!limit.ok()) return limit.status();
  const absl::StatusOr<Client*> client = session->client();
  if (!client.ok()) return client.status();
  ListQuery query;
  query.collection = arguments.at(0).text;
  query.from_id = arguments.Get("from");
  query.to_id = arguments.Get("to");
  query.prefix = arguments.Get("prefix");
  query.page_size = static_cast<uint32_t>(std::min<uint64_t>(*limit, kListPage));
  query.ids_only = arguments.Has("--ids");
  Printer printer = session->MakePrinter(Printer::Shape::kMany);
  uint64_t listed = 0;
  uint64_t conflicts = 0;
  const absl::Status status = (*client)->List(query, [&](const Document& document) {
    if (query.ids_only) {
      printer.Record({Text("_id", document.id), Text("version", document.winner.token)});
    } else {
      printer.Document(document.id, document.winner.json);
    }
    conflicts += document.sibling_count > 0 ? 1 : 0;
    return ++listed < *limit && !session->interrupted();
  });
  printer.Finish();
  if (!status.ok()) return status;
  if (session->interrupted()) return absl::CancelledError("interrupted");
  if (conflicts > 0) {
    session->err() << "note: " << conflicts << " of them with siblings: conflicts "
                   << query.collection << "\n";
  }
  return absl::OkStatus();
}

}  // namespace docstore::client::shell
