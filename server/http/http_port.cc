#include "server/http/http_port.h"

#include <httplib.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace docstore::http {
namespace {

// Answers are short and a connection closes after one: more threads would only sleep.
constexpr size_t kThreads = 2;
// A caller that sends nothing may hold a thread for so long.
constexpr time_t kReadTimeoutSeconds = 2;
constexpr size_t kPayloadBytesMax = 4096;

void AddPages(const HttpOptions& options, httplib::Server* server) {
  server->Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", "text/plain");
  });
  server->Get("/readyz",
              [ready = options.ready](const httplib::Request&, httplib::Response& response) {
                const bool is_ready = ready();
                response.status = is_ready ? 200 : 503;
                response.set_content(is_ready ? "ready\n" : "not ready: catching up with peers\n",
                                     "text/plain");
              });
  const std::string version = absl::StrCat("{\"version\":\"", options.version.version,
                                           "\",\"protocol\":", options.version.protocol,
                                           ",\"schema\":", options.version.schema, "}\n");
  server->Get("/version", [version](const httplib::Request&, httplib::Response& response) {
    response.set_content(version, "application/json");
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpPort>> HttpPort::Start(HttpOptions options) {
  auto server = std::make_unique<httplib::Server>();
  server->new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server->set_keep_alive_max_count(1);
  server->set_read_timeout(kReadTimeoutSeconds);
  server->set_payload_max_length(kPayloadBytesMax);
  // Without SO_REUSEPORT, which the library sets by itself: a taken port must be an error.
  server->set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  AddPages(options, server.get());
  errno = 0;
  const int port = options.port == 0 ? server->bind_to_any_port(options.host)
                   : server->bind_to_port(options.host, options.port) ? options.port
                                                                      : -1;
  if (port <= 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.host, ":", options.port,
                                               ": ", std::strerror(errno == 0 ? EINVAL : errno),
                                               "; choose another --http-listen"));
  }
  return std::unique_ptr<HttpPort>(new HttpPort(std::move(server), static_cast<uint16_t>(port)));
}

HttpPort::HttpPort(std::unique_ptr<httplib::Server> server, uint16_t port)
    : server_(std::move(server)),
      port_(port),
      accepting_([this] { server_->listen_after_bind(); }) {
  // stop() before the loop has begun would be lost.
  while (!server_->is_running()) std::this_thread::yield();
}

HttpPort::~HttpPort() {
  server_->stop();
  accepting_.join();
}

}  // namespace docstore::http
