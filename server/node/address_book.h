// AddressBook: which peer addresses to dial, and when.
//
// It holds the seeds and the addresses of all members. Of two nodes the one with the lower uuid
// dials; the other dials only after five seconds without a link. Failures back off from 200 ms to
// 2 s. Pure bookkeeping in monotonic microseconds; owned by the link executor.

#ifndef DOCSTORE_SERVER_NODE_ADDRESS_BOOK_H_
#define DOCSTORE_SERVER_NODE_ADDRESS_BOOK_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace docstore::node {

class AddressBook {
 public:
  static constexpr int64_t kBackoffUsMin = 200'000;
  static constexpr int64_t kBackoffUsMax = 2'000'000;
  static constexpr int64_t kPatienceUs = 5'000'000;

  // `own_uuid`, 16 bytes, decides who dials.
  explicit AddressBook(std::string own_uuid) : own_uuid_(std::move(own_uuid)) {}

  // Dialled from now on, at once; who lives there is not known yet.
  void AddSeed(const std::string& address, int64_t now_us);
  // `owner_uuid` lives at `address` (it may live at several: a seed's name and its own).
  void SetOwner(const std::string& address, const std::string& owner_uuid, int64_t now_us);
  // `owner_uuid` no longer lives at `address`: not dialled again, unless it is a seed.
  void Forget(const std::string& address, const std::string& owner_uuid);
  // The address is this node's own: never dialled again.
  void MarkSelf(const std::string& address);

  // Addresses to dial now. `linked` tells whether an owner has a link up or being judged. Each
  // returned address counts as dialling until Done is called; of one owner's addresses only one is
  // dialled at a time, or the two ends could each keep the stream that the other closes.
  template <typename Linked>
  std::vector<std::string> Due(int64_t now_us, const Linked& linked) {
    std::vector<std::string> due;
    for (auto& [address, entry] : entries_) {
      if (entry.self || entry.dialling || entry.next_us > now_us) continue;
      if (!entry.owner_uuid.empty() && linked(entry.owner_uuid)) {
        // The patience of the one who does not dial starts when the link is lost.
        entry.linked = true;
        continue;
      }
      if (entry.linked) {
        entry.linked = false;
        if (!Dials(entry)) {
          entry.next_us = now_us + kPatienceUs;
          continue;
        }
      }
      if (!entry.owner_uuid.empty() && Dialling(entry.owner_uuid)) continue;
      entry.dialling = true;
      due.push_back(address);
    }
    return due;
  }
  // The dial of `address` ended: its stream closed. `was_up`: it had become a link.
  void Done(const std::string& address, bool was_up, int64_t now_us);
  bool IsSelf(const std::string& address) const;

 private:
  struct Entry {
    std::string owner_uuid;  // empty: unknown
    bool seed = false;
    bool self = false;
    bool dialling = false;
    bool linked = false;  // its owner was linked when last looked at
    int64_t next_us = 0;
    int64_t backoff_us = kBackoffUsMin;
  };
  bool Dialling(const std::string& owner_uuid) const;
  // This node is the one of the two that dials.
  bool Dials(const Entry& entry) const { return own_uuid_ < entry.owner_uuid; }

  const std::string own_uuid_;
  std::map<std::string, Entry> entries_;
};

}  // namespace docstore::node

#endif  // DOCSTORE_SERVER_NODE_ADDRESS_BOOK_H_
