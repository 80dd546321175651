#include "server/node/address_book.h"

#include <algorithm>

namespace docstore::node {

void AddressBook::AddSeed(const std::string& address, int64_t now_us) {
  entries_.try_emplace(address, Entry{.seed = true, .next_us = now_us});
}

void AddressBook::SetOwner(const std::string& address, const std::string& owner_uuid,
                           int64_t now_us) {
  const auto [it, added] = entries_.try_emplace(address, Entry{.next_us = now_us});
  it->second.owner_uuid = owner_uuid;
  if (added && !Dials(it->second)) it->second.next_us = now_us + kPatienceUs;
}

void AddressBook::Forget(const std::string& address, const std::string& owner_uuid) {
  const auto it = entries_.find(address);
  if (it == entries_.end() || it->second.seed || it->second.owner_uuid != owner_uuid) return;
  entries_.erase(it);
}

bool AddressBook::Dialling(const std::string& owner_uuid) const {
  for (const auto& [address, entry] : entries_) {
    if (entry.dialling && entry.owner_uuid == owner_uuid) return true;
  }
  return false;
}

void AddressBook::MarkSelf(const std::string& address) { entries_[address].self = true; }

bool AddressBook::IsSelf(const std::string& address) const {
  const auto it = entries_.find(address);
  return it != entries_.end() && it->second.self;
}

void AddressBook::Done(const std::string& address, bool was_up, int64_t now_us) {
  const auto it = entries_.find(address);
  if (it == entries_.end()) return;
  Entry& entry = it->second;
  entry.dialling = false;
  entry.backoff_us = was_up ? kBackoffUsMin : std::min(entry.backoff_us * 2, kBackoffUsMax);
  entry.next_us = now_us + entry.backoff_us;
}

}  // namespace docstore::node
