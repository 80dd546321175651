// What the client library returns of a node's content, for audits: digests, and versions as stored
// without their bytes. Plain structs; the contract is proto/docstore/v1/cluster.proto.

#ifndef DOCSTORE_CLIENT_CONTENT_H_
#define DOCSTORE_CLIENT_CONTENT_H_

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "client/dot_set.h"

namespace docstore::client {

struct DocumentKey {
  std::string collection;
  std::string id;
  friend auto operator<=>(const DocumentKey&, const DocumentKey&) = default;
};

struct ContentBucket {
  uint32_t index = 0;
  uint64_t document_count = 0;
  uint64_t sum_high = 0;
  uint64_t sum_low = 0;
  friend bool operator==(const ContentBucket&, const ContentBucket&) = default;
};

struct ContentDigest {
  std::string served_by;
  DotSet clock;
  std::vector<ContentBucket> buckets;  // those that hold a document, by index
  std::vector<DocumentKey> damaged;    // the first of damaged_count
  uint64_t document_count = 0;         // live ones
  uint64_t version_count = 0;
  uint64_t json_bytes = 0;
  uint64_t damaged_count = 0;
};

struct ContentVersion {
  Dot dot;
  uint64_t timestamp = 0;  // hybrid: milliseconds since 1970 in the upper 48 bits
  bool deleted = false;
  uint64_t hash_high = 0;
  uint64_t hash_low = 0;
  uint64_t json_bytes = 0;
  bool damaged = false;  // the bytes do not have the hash
};

struct ContentEntry {
  DocumentKey key;
  std::vector<ContentVersion> versions;  // by dot, deletes included
};

// Either buckets or documents; `collection` empty: all.
struct ContentQuery {
  std::string collection;
  std::vector<uint32_t> buckets;       // ascending, of the 65 536 of a digest
  std::vector<DocumentKey> documents;  // at most 10 000, and 3 MiB of names
};

struct Content {
  std::string served_by;
  DotSet clock;
  std::vector<ContentEntry> entries;
};

}  // namespace docstore::client

#endif  // DOCSTORE_CLIENT_CONTENT_H_
