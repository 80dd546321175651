// Repairer: when this node must be repaired, by whom, and whom it may repair.
//
// A peer whose floor has passed this node's clock sends it nothing: it refuses. This node is
// repaired from a refusing peer when for five seconds that peer has held a dot which this node
// lacks and no peer that serves it has. Then it asks for one chunk of documents after the other;
// from the first one applied on it *is being repaired*, durably (core::RepairProgress), and goes on
// from any peer until it is through. A node that is being repaired, or asks to be, repairs nobody,
// unless it and the other are all that is left.
// Pure bookkeeping in monotonic microseconds; owned by the link executor. Rules: PROTOCOL.md,
// repair.

#ifndef DOCSTORE_SERVER_NODE_REPAIRER_H_
#define DOCSTORE_SERVER_NODE_REPAIRER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/core/event.h"
#include "server/core/frame.h"
#include "server/node/view.h"

namespace docstore::node {

class Repairer {
 public:
  static constexpr int64_t kTriggerUs = 5'000'000;
  // A peer that was asked and does not answer for so long is given up, and after a while of
  // kRetryUsMin to kRetryUsMax one is chosen again.
  static constexpr int64_t kAnswerUs = 10'000'000;
  static constexpr int64_t kRetryUsMin = 1'000'000;
  static constexpr int64_t kRetryUsMax = 3'000'000;
  // No chunk was applied for so long: goes on from a peer with which it has to begin anew, too.
  static constexpr int64_t kStuckUs = 60'000'000;
  // Nor for so long: whoever could have told the rest is not coming back soon.
  static constexpr int64_t kForsakenUs = int64_t{10} * 60 * 1'000'000;
  // A peer that was answered so lately comes back for more: this node does not begin a repair.
  static constexpr int64_t kServingUs = 30'000'000;
  // So long the floor stays for it, also when it comes back later.
  static constexpr int64_t kPinUs = int64_t{15} * 60 * 1'000'000;
  // A request ends at the own key after so many: each chunk is compared with the own documents.
  static constexpr size_t kOwnKeysMax = 1024;

  // What the repairer must know of a link that is up.
  struct Peer {
    uint64_t link = 0;
    std::string node_uuid;
    const core::Clock* durable = nullptr;  // mirror
    bool refuses = false;                  // this node's clock does not cover its floor
    bool refused = false;                  // its durable clock does not cover this node's floor
  };
  struct Ask {
    uint64_t link = 0;
    core::RepairRequest request;
  };

  // `random` chooses among peers, and names sessions. `now_us`: of the start of this process.
  Repairer(std::string own_uuid, std::function<uint64_t()> random, int64_t now_us)
      : own_uuid_(std::move(own_uuid)), random_(std::move(random)), progress_us_(now_us) {}

  // Looks again at all peers: the request to send now, if any. Fails with DATA_LOSS when the store
  // cannot be read.
  absl::StatusOr<std::optional<Ask>> Plan(int64_t now_us, const View& view,
                                          const std::vector<Peer>& peers);
  // The chunk to apply, nothing when `docs` was not asked for or came too late. INVALID_ARGUMENT
  // for one that no sound node sends.
  absl::StatusOr<std::optional<core::RepairChunk>> Take(uint64_t link, uint64_t sequence,
                                                        core::RepairDocs docs);
  // The frame is dealt with. True when it was the chunk under way.
  bool OnApplied(int64_t now_us, uint64_t link, uint64_t sequence);
  // A chunk was taken and is not yet durable.
  bool applying() const { return applying_.has_value(); }
  // Link asked last, 0 for none.
  uint64_t source() const { return source_; }

  // `peer` asks to be repaired. True when it is to be answered.
  bool Serves(int64_t now_us, const View& view, const Peer& peer,
              const core::RepairRequest& request);
  // The last chunk of all has been sent to it.
  void OnServed(const std::string& node_uuid) { sessions_.erase(node_uuid); }
  // The floor must stay where it is for a peer's sake.
  bool Pins(int64_t now_us) const;

  void OnLinkClosed(uint64_t link);

 private:
  // Dots that a refusing peer has had since then and nobody else can give.
  struct Lacking {
    core::Clock dots;
    int64_t since_us = 0;
  };
  struct Session {
    uint64_t link = 0;  // 0 once it has closed
    int64_t asked_us = 0;
  };

  void FollowLacking(int64_t now_us, const core::Clock& own, const std::vector<Peer>& peers);
  // Gives up a source that is gone or has not answered. False while an answer may still come.
  bool MayAsk(int64_t now_us, const std::vector<Peer>& peers);
  bool Serving(int64_t now_us) const;
  bool Triggers(int64_t now_us, const core::Clock& own, const Peer& peer) const;
  std::vector<const Peer*> Candidates(int64_t now_us, const View& view,
                                      const std::vector<Peer>& peers) const;
  const Peer* Choose(int64_t now_us, const View& view, const std::vector<Peer>& peers);

  const std::string own_uuid_;
  const std::function<uint64_t()> random_;
  std::map<uint64_t, Lacking> lacking_;  // by link

  uint64_t source_ = 0;
  uint64_t session_ = 0;
  bool waiting_ = false;  // for source_ to answer
  int64_t asked_us_ = 0;
  int64_t retry_us_ = 0;
  int64_t progress_us_;    // when the last chunk was applied
  uint64_t given_up_ = 0;  // link
  // By link. The answer to a request that was given up may still come; it serves as well.
  std::map<uint64_t, core::RepairRequest> asked_;
  std::optional<std::pair<uint64_t, uint64_t>> applying_;  // link and sequence of the chunk

  std::map<std::string, Session> sessions_;  // of peers repaired from here, by node uuid
};

// The answer to `request` as `view` shows it: as many documents as fit one frame. Fails with
// DATA_LOSS when the store cannot be read.
absl::StatusOr<core::RepairDocs> ReadRepairDocs(const View& view,
                                                const core::RepairRequest& request);

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_REPAIRER_H_
