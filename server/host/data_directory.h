// DataDirectory: the files of a node that are not the store's, and the directory they lie in.
//
// `addresses` tells scripts and tests where a node serves, port 0 included. Written as a whole when
// the node serves, removed when it ends; after a crash its pid tells that it is stale.
//
//   line                  meaning
//   client=HOST:PORT      gRPC for clients
//   peer=HOST:PORT        gRPC for nodes
//   http=HOST:PORT        HTTP
//   pid=NUMBER            of the process

#ifndef DOCSTORE_SERVER_HOST_DATA_DIRECTORY_H_
#define DOCSTORE_SERVER_HOST_DATA_DIRECTORY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace docstore::host {

struct ServedAddresses {
  std::string client;
  std::string peer;
  std::string http;
};

class DataDirectory {
 public:
  // Makes `path` and what leads to it, the last part with mode 0700, unless it is there.
  // FAILED_PRECONDITION when it cannot be made or is no directory.
  static absl::StatusOr<DataDirectory> Open(const std::string& path);

  const std::string& path() const { return path_; }
  // Replaces `addresses` atomically.
  absl::Status WriteAddresses(const ServedAddresses& addresses) const;
  // Does nothing when there is none.
  void RemoveAddresses() const;

 private:
  explicit DataDirectory(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

// Name of this host, "localhost" when it has none.
std::string HostName();

// The lines of a small file that are not empty, without their ends. NOT_FOUND when it cannot be
// read; FAILED_PRECONDITION when it has no such line or over 64 KiB.
absl::StatusOr<std::vector<std::string>> ReadLines(const std::string& path);

}  // namespace docstore::host

#endif  // DOCSTORE_SERVER_HOST_DATA_DIRECTORY_H_
