// What a node can tell of its cluster: values for ClusterService.
// Plain copies taken at one moment; they hold no reference into the node and may go to any thread.

#ifndef DOCSTORE_SERVER_NODE_STATUS_H_
#define DOCSTORE_SERVER_NODE_STATUS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "server/core/event.h"

namespace docstore::node {

enum class MemberState {
  kSelf,       // the node asked
  kConnected,  // a link is up
  kUnreachable,
};

struct MemberStatus {
  core::Member member;
  MemberState state = MemberState::kUnreachable;
  // Dots that the node asked has durable and, by its last report, this one has not; and the
  // reverse.
  uint64_t behind = 0;
  uint64_t ahead = 0;
  int64_t last_heard_ms = -1;  // milliseconds ago; -1 never in this process
  uint64_t sent_frames = 0;
  uint64_t sent_bytes = 0;
  uint64_t received_frames = 0;
  uint64_t received_bytes = 0;
  std::string last_error;  // why it is unreachable, "" when connected or never tried
};

struct ClusterStatus {
  std::string cluster_name;
  std::string asked;  // name of the node asked
  int64_t wall_ms = 0;
  bool ready = false;
  bool converged = false;  // every member connected, and all clocks equal as last reported
  std::vector<MemberStatus> members;  // sorted by name, the asked one included
  uint64_t collections = 0;
  uint64_t documents = 0;
  uint64_t conflicts = 0;
  uint64_t bytes_on_disk = 0;
  uint64_t origins = 0;
  std::vector<std::string> alarms;  // newest last, at most 33
  uint64_t indexed_dots = 0;        // of writes that some member may lack
  std::string floor_blocked_by;     // member whose lag keeps them there, "" for none
  int64_t floor_blocked_ms = 0;     // since when, milliseconds ago
  bool repairing = false;           // the node asked is being repaired and takes no calls
  uint64_t repair_chunks = 0;       // applied so far
};

struct Convergence {
  struct Behind {
    std::string name;
    bool reachable = false;
    uint64_t missing = 0;  // dots of the barrier it is not known to have
  };
  bool converged = false;
  int64_t waited_ms = 0;
  std::vector<Behind> behind;  // empty when converged
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_STATUS_H_
