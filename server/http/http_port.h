// HttpPort: the plain HTTP side of a node, for probes and people.
//
//   /healthz  200 while the process lives
//   /readyz   200 when the node takes calls, else 503
//   /version  JSON: {"version","protocol","schema"}
//
// Every connection closes after its answer, so that idle ones hold no thread. Thread-safe.

#ifndef DOCSTORE_SERVER_HTTP_HTTP_PORT_H_
#define DOCSTORE_SERVER_HTTP_HTTP_PORT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

namespace httplib {
class Server;
}

namespace docstore::http {

struct VersionInfo {
  std::string version;    // of the build
  uint32_t protocol = 0;  // between nodes
  uint32_t schema = 0;    // of the data directory
};

struct HttpOptions {
  std::string host;
  uint16_t port = 0;  // 0: any free port
  VersionInfo version;
  std::function<bool()> ready;  // called on the port's own threads
};

class HttpPort {
 public:
  // Listens and answers from here on. UNAVAILABLE, naming the address, when it cannot listen.
  static absl::StatusOr<std::unique_ptr<HttpPort>> Start(HttpOptions options);
  // Ends what is being answered, then the threads.
  ~HttpPort();
  HttpPort(const HttpPort&) = delete;
  HttpPort& operator=(const HttpPort&) = delete;

  // The port really listened on.
  uint16_t port() const { return port_; }

 private:
  HttpPort(std::unique_ptr<httplib::Server> server, uint16_t port);

  std::unique_ptr<httplib::Server> server_;
  const uint16_t port_;
  std::thread accepting_;
};

}  // namespace docstore::http

#endif  // DOCSTORE_SERVER_HTTP_HTTP_PORT_H_
