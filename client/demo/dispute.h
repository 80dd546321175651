// Dispute: one document written at two nodes so that neither write saw the other: a conflict, made
// on purpose.
//
// Across a cut two plain writes do. Linked nodes would pass the first write on too soon, so there
// both writes name the version that they were made from.

#ifndef DOCSTORE_CLIENT_DEMO_DISPUTE_H_
#define DOCSTORE_CLIENT_DEMO_DISPUTE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "client/demo/demo_cluster.h"
#include "client/shell/arguments.h"

namespace docstore::client::demo {

struct Dispute {
  std::string first;  // names of the nodes
  std::string second;
  bool separated = false;  // by a cut
};

// The documents tell the two nodes and `number` apart. Fails when fewer than two nodes run, and as
// the writes do.
absl::StatusOr<Dispute> MakeDispute(DemoCluster* cluster, const shell::Address& address,
                                    uint64_t number);

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_DISPUTE_H_
