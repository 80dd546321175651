// Document: all that a node holds of one key: its versions and the causal context over them.
//
// Siblings are versions that no write has seen together. The winner is the one shown: live before
// tombstone, then highest hybrid timestamp, then highest dot; it is the same on every node that
// holds the same versions. Rules and their proof: server/PROTOCOL.md, sections on documents and
// merge. Value types, not thread-safe; bodies are shared and immutable.

#ifndef DOCSTORE_SERVER_CORE_DOCUMENT_H_
#define DOCSTORE_SERVER_CORE_DOCUMENT_H_

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "server/base/hash.h"
#include "server/core/clock.h"
#include "server/core/dot.h"
#include "server/core/version_vector.h"

namespace docstore::core {

// JSON text exactly as its writer sent it (without an `_id` member). Shared because the overlay,
// the batch and the frames to every peer hold the same bytes at the same time.
using Body = std::shared_ptr<const std::string>;

struct DocumentKey {
  std::string collection;
  std::string id;
  friend auto operator<=>(const DocumentKey&, const DocumentKey&) = default;
};

struct Version {
  Dot dot;
  uint64_t hlc = 0;      // hybrid timestamp: 48 bits of milliseconds since 1970, 16 bits logical
  bool deleted = false;  // a tombstone; its body is null
  Hash128 hash;          // of the body's bytes; zero for a tombstone
  Body body;

  // Same dot, timestamp, liveness and hash; bodies follow from the hash.
  friend bool operator==(const Version& a, const Version& b) {
    return a.dot == b.dot && a.hlc == b.hlc && a.deleted == b.deleted && a.hash == b.hash;
  }
};

struct Document {
  std::vector<Version> versions;  // sorted by dot
  // Covers every version's dot, or is empty: then all of the document is at or below the floor of
  // the node that holds it (floor.h).
  VersionVector context;

  // Neither versions nor context: no row is kept for it.
  bool empty() const { return versions.empty() && context.empty(); }
  // The version shown, null when there is none. It may be a tombstone.
  const Version* winner() const;
  // The winner exists and is no tombstone.
  bool live() const;
  // Versions as shown: the winner first, then the others from the one that would win next; of
  // versions with equal body and liveness only the first.
  std::vector<const Version*> Shown() const;
  // Live, with more than one version shown.
  bool conflicted() const;
  const Version* Find(const Dot& dot) const;
  // Highest hybrid timestamp of the versions, 0 when there is none.
  uint64_t max_hlc() const;
  std::vector<Dot> dots() const;
  // Sum of the bodies' sizes in bytes.
  uint64_t body_bytes() const;
  // "{a:1@5 b:2@6+} ctx {a:1 b:2}"; + marks a tombstone.
  std::string ToString() const;

  friend bool operator==(const Document&, const Document&) = default;
};

// True when `a` is shown before `b`.
bool WinsOver(const Version& a, const Version& b);

// The state of one key after learning `remote`, a whole state from a peer, by a node whose clock is
// `clock` (PROTOCOL.md, merge): keeps a local version that the peer also has or has not seen
// overwritten, takes a remote one that is neither overwritten nor dropped here before.
// `remote_covers`: dots the peer has seen whatever its context says: none on a stream, all of its
// clock in a repair.
// Commutative and idempotent over the states of one key.
Document Merge(const Document& local, const Document& remote, const Clock& clock,
               absl::FunctionRef<bool(const Dot&)> remote_covers);

// `document` after `version` replaced what `context` covers.
Document ReplaceCovered(const Document& document, const VersionVector& context, Version version);
// `document` after `version` replaced exactly the version with dot `replaced`, which it holds.
Document ReplaceOne(const Document& document, const Dot& replaced, Version version);

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_DOCUMENT_H_
