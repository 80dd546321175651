#include "client/shell/session.h"

#include <utility>

#include "client/shell/failure.h"

namespace docstore::client::shell {

absl::StatusOr<Client*> Session::client() {
  if (client_ == nullptr) {
    ConnectionOptions connection;
    connection.deadline_ms = options_.deadline_ms;
    connection.interrupted = options_.interrupted;
    absl::StatusOr<Client> client = Client::Connect(options_.servers, connection);
    if (!client.ok()) {
      return UsageError(client.status().message(),
                        "give --server or DOCSTORE_SERVER as HOST:PORT[,HOST:PORT...]");
    }
    client_ = std::make_unique<Client>(*std::move(client));
  }
  return client_.get();
}

}  // namespace docstore::client::shell
