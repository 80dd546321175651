// What the client library sends and returns about documents, as plain structs.
//
// They mirror docstore.v1 (proto/docstore/v1/document.proto is the contract) without protobuf, so
// that an application can build and compare them, and mock a Connection, without generated code.

#ifndef DOCSTORE_CLIENT_DOCUMENT_H_
#define DOCSTORE_CLIENT_DOCUMENT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace docstore::client {

// One version of a document.
struct Version {
  std::string token;  // names exactly this version; opaque, printable ASCII
  bool deleted = false;
  std::string json;  // text of one object as written, without `_id`; empty when deleted
  int64_t written_at_ms = 0;
};

// A document as one node holds it.
struct Document {
  std::string id;
  Version winner;
  uint32_t sibling_count = 0;  // versions besides the winner
  // The rest is filled in when siblings were asked for.
  std::vector<Version> siblings;              // may end early, see siblings_truncated
  std::vector<std::string> sibling_versions;  // tokens of all siblings, in that order
  std::string resolve_context;                // covers the winner and all siblings as read
  bool siblings_truncated = false;            // read the missing ones by GetVersion
  std::string served_by;
};

// What must hold for a write to be applied. The node that takes the call checks it, and it alone:
// two nodes may both accept, which makes siblings.
struct Condition {
  enum class Kind {
    kNone,       // supersedes all that the node holds
    kIfAbsent,   // ALREADY_EXISTS when there is a live version
    kIfVersion,  // ABORTED when `token` is no longer the winner (or not all, for a resolve context)
    kContext,    // replaces what `token` was read with; when stale, makes a sibling
  };
  Kind kind = Kind::kNone;
  std::string token;  // of kIfVersion and kContext

  static Condition IfAbsent() { return {Kind::kIfAbsent, ""}; }
  static Condition IfVersion(std::string token) { return {Kind::kIfVersion, std::move(token)}; }
  static Condition Context(std::string token) { return {Kind::kContext, std::move(token)}; }
};

// A write that was applied.
struct Written {
  std::string id;       // empty for a delete
  std::string version;  // names the version or tombstone just written
  uint32_t superseded_siblings = 0;
  uint32_t sibling_count = 0;  // versions beside the winner after the write
  std::string served_by;
};

// One page of a collection asks for ids in [from_id, to_id) that begin with `prefix`.
struct ListQuery {
  std::string collection;
  std::string from_id;
  std::string to_id;  // empty: to the end
  std::string prefix;
  uint32_t page_size = 0;  // 0: the server's default
  bool ids_only = false;
};

struct ListPage {
  std::vector<Document> documents;  // id, winner and sibling_count
  std::string next_page_token;      // empty on the last page
};

struct Conflict {
  std::string collection;
  std::string id;
  uint32_t sibling_count = 0;
};

struct ConflictPage {
  std::vector<Conflict> conflicts;
  std::string next_page_token;
};

struct Collection {
  std::string name;
  uint64_t document_count = 0;
  uint64_t conflict_count = 0;
  uint64_t json_bytes = 0;
};

// One write of a bulk stream.
struct BulkItem {
  bool deletes = false;
  std::string collection;
  std::string id;    // empty for a put: the server makes one
  std::string json;  // of a put
  Condition condition;
};

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_DOCUMENT_H_
