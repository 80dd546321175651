// First steps with docstore from C++, with its client library: first_steps NODE1 NODE2.
//
// NODE1 and NODE2 are HOST:PORT of two nodes of one cluster; the README has the command. Other
// programs name their nodes in one list ("HOST:PORT,HOST:PORT") and talk to any of them; here each
// node has a client of its own, because the two are to disagree.

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/client.h"
#include "client/cluster.h"
#include "client/document.h"
#include "client/error.h"

namespace {

using docstore::Client;
using docstore::client::BulkItem;
using docstore::client::Condition;
using docstore::client::Convergence;
using docstore::client::DetailOf;
using docstore::client::Document;
using docstore::client::ErrorDetail;
using docstore::client::ListQuery;
using docstore::client::Version;
using docstore::client::Written;

constexpr char kPeople[] = "people";

void Print(const std::string& line) { std::cout << line << std::endl; }

[[noreturn]] void Fail(const std::string& why) {
  std::cerr << why << std::endl;
  std::exit(1);
}

// The value of a call that must succeed.
template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) Fail(result.status().ToString());
  return *std::move(result);
}

// What a failed call says: its code, and its google.rpc details, which the client library took out
// of the trailer grpc-status-details-bin.
std::string Explain(const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status);
  return absl::StrCat(absl::StatusCodeToString(status.code()), " ", detail.reason,
                      detail.field.empty() ? "" : ", field " + detail.field,
                      detail.offset < 0 ? "" : absl::StrCat(", byte ", detail.offset));
}

void Refused(const std::string& what, const absl::Status& status) {
  if (status.ok()) Fail(what + ": was not refused");
  Print(what + ": " + Explain(status));
}

// Everything written so far, at any node, is on every node afterwards.
void WaitConverged(Client* node) {
  const Convergence convergence = Must(node->WaitConverged(30'000));
  if (convergence.converged) return;
  for (const auto& behind : convergence.behind) std::cerr << behind.name << " is behind\n";
  Fail("not converged");
}

Document WriteAndRead(Client* node) {
  const Written put = Must(node->Put(kPeople, "ada", R"({"born": 1815})"));
  Print(absl::StrCat("put: ", put.id, " by ", put.served_by));
  const Document ada = Must(node->Get(kPeople, "ada"));
  Print(absl::StrCat("get: ", ada.winner.json, ", ", ada.sibling_count, " siblings"));
  return ada;
}

// Read, change, write: only if nobody wrote in between.
void Guards(Client* node, const Document& ada) {
  const Condition as_read = Condition::IfVersion(ada.winner.token);
  const std::string changed = R"({"born": 1815, "field": "computing"})";
  const Written put = Must(node->Put(kPeople, "ada", changed, as_read));
  Print(absl::StrCat("if_version as read: ", put.id, " by ", put.served_by));
  Refused("if_version again", node->Put(kPeople, "ada", "{}", as_read).status());
  Refused("if_absent", node->Put(kPeople, "ada", "{}", Condition::IfAbsent()).status());
}

void Errors(Client* node) {
  Refused("no such document", node->Get(kPeople, "nobody").status());
  Refused("broken JSON", node->Put(kPeople, "bob", R"({"born": })").status());
  Refused("bad name", node->Get("no/name", "bob").status());
  Refused("forged context", node->Put(kPeople, "bob", "{}", Condition::Context("forged")).status());
}

// A failing item leaves the others alone.
void Bulk(Client* node) {
  std::vector<BulkItem> items(3);
  items[0] = {.collection = kPeople, .id = "bob", .json = R"({"born": 1906})"};
  items[1] = {.collection = kPeople, .id = "eve", .json = R"({"born": })"};
  items[2] = {.collection = kPeople, .id = "cleo", .json = R"({"born": -69})"};
  const std::vector<absl::StatusOr<Written>> results = node->BulkWrite(items);
  for (size_t i = 0; i < results.size(); ++i) {
    Print(
        absl::StrCat("bulk item ", i, ": ", results[i].ok() ? "OK" : Explain(results[i].status())));
  }
}

void ListAll(Client* node) {
  const ListQuery query = {.collection = kPeople, .page_size = 2};
  const absl::Status status = node->List(query, [](const Document& document) {
    Print(absl::StrCat("list: ", document.id, " ", document.winner.json));
    return true;
  });
  if (!status.ok()) Fail(status.ToString());
}

// Two nodes replace the same version: nothing is lost, both stay until somebody decides.
Document Conflict(Client* node1, Client* node2) {
  const Condition context = Condition::Context(Must(node1->Get(kPeople, "ada")).winner.token);
  WaitConverged(node1);
  Must(node1->Put(kPeople, "ada", R"({"city": "London"})", context));
  Must(node2->Put(kPeople, "ada", R"({"city": "Paris"})", context));
  WaitConverged(node1);
  const Document at1 = Must(node1->GetWhole(kPeople, "ada"));
  const Document at2 = Must(node2->GetWhole(kPeople, "ada"));
  for (const Document& at : {at1, at2}) {
    std::vector<std::string> both = {at.winner.json};
    for (const Version& sibling : at.siblings) both.push_back(sibling.json);
    std::sort(both.begin(), both.end());
    Print(absl::StrCat("conflict at ", at.served_by, ": ", absl::StrJoin(both, " and ")));
  }
  Print(absl::StrCat("same winner: ", at1.winner.token == at2.winner.token ? "yes" : "no"));
  return at2;
}

// A resolve_context replaces all that it was read with.
void Resolve(Client* node1, Client* node2, const Document& read) {
  const Written put = Must(node2->Put(kPeople, "ada", R"({"city": "London, then Paris"})",
                                      Condition::Context(read.resolve_context)));
  Print(absl::StrCat("resolved by ", put.served_by, ", ", put.sibling_count, " siblings"));
  WaitConverged(node2);
  const Document ada = Must(node1->Get(kPeople, "ada"));
  Print(absl::StrCat("get at ", ada.served_by, ": ", ada.winner.json, ", ", ada.sibling_count,
                     " siblings"));
}

void DeleteAll(Client* node) {
  for (const char* id : {"ada", "bob", "cleo"}) Must(node->Delete(kPeople, id));
  Refused("get after delete", node->Get(kPeople, "ada").status());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) Fail("usage: first_steps NODE1 NODE2");
  Client node1 = Must(Client::Connect(argv[1]));
  Client node2 = Must(Client::Connect(argv[2]));
  const Document ada = WriteAndRead(&node1);
  Guards(&node1, ada);
  Errors(&node1);
  Bulk(&node1);
  ListAll(&node1);
  Resolve(&node1, &node2, Conflict(&node1, &node2));
  DeleteAll(&node1);
}
