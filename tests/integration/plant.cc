// plant STORE COLLECTION/ID WHAT: changes one document's row in the store of a node that is down,
// as a disk or a fault of the node might, for tests of `docstore verify`. WHAT is
//   bytes    one byte of the first live version's body, not its hash
//   content  the same, and its hash to fit
//   drop     the whole row
//   version  the last version
// LevelDB's checksums are right afterwards. Exits 0 when the row was changed.

#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "leveldb/db.h"
#include "server/base/check.h"
#include "server/base/hash.h"
#include "server/core/document.h"
#include "server/storage/key_schema.h"
#include "server/storage/record.h"

namespace docstore {
namespace {

using storage::kDefaultDomain;

std::string Read(leveldb::DB* db, const std::string& key) {
  std::string value;
  const leveldb::Status status = db->Get(leveldb::ReadOptions(), key, &value);
  CHECK(status.ok());
  return value;
}

core::Version* FirstLive(core::Document* document) {
  for (core::Version& version : document->versions) {
    if (!version.deleted) return &version;
  }
  return nullptr;
}

void ChangeBody(core::Document* document, bool rehash) {
  core::Version* version = FirstLive(document);
  CHECK(version != nullptr);
  std::string body = *version->body;
  // The last digit of a number or letter of a string: still JSON.
  const size_t position = body.find_last_of("0123456789abcdefghijklmnopqrstuvwxyz");
  CHECK(position != std::string::npos);
  body[position] = static_cast<char>(body[position] ^ 1);
  version->body = std::make_shared<const std::string>(body);
  if (rehash) version->hash = HashBytes128(body);
}

void Plant(leveldb::DB* db, const std::string& collection, const std::string& id,
           const std::string& what) {
  const storage::CollectionRecord record =
      storage::DecodeCollection(Read(db, storage::CollectionKey(kDefaultDomain, collection)))
          .value();
  const std::string key = storage::DocumentRowKey(kDefaultDomain, record.local_id, id);
  core::Document document = storage::DecodeDocument(Read(db, key)).value();
  leveldb::WriteOptions synced;
  synced.sync = true;
  if (what == "drop") {
    CHECK(db->Delete(synced, key).ok());
    return;
  }
  if (what == "bytes" || what == "content") {
    ChangeBody(&document, what == "content");
  } else {
    CHECK(what == "version" && document.versions.size() > 1);
    document.versions.pop_back();
  }
  std::string value;
  storage::EncodeDocument(document, &value);
  CHECK(db->Put(synced, key, value).ok());
}

int Main(int argc, char** argv) {
  CHECK(argc == 4);
  const std::string address = argv[2];
  const size_t slash = address.find('/');
  CHECK(slash != std::string::npos);
  leveldb::DB* opened = nullptr;
  const leveldb::Status status = leveldb::DB::Open(leveldb::Options(), argv[1], &opened);
  if (!status.ok()) {
    std::cerr << status.ToString() << "\n";
    return 1;
  }
  const std::unique_ptr<leveldb::DB> db(opened);
  Plant(db.get(), address.substr(0, slash), address.substr(slash + 1), argv[3]);
  return 0;
}

}  // namespace
}  // namespace docstore

int main(int argc, char** argv) { return docstore::Main(argc, argv); }
