// Tokens as the core sees them: what a client read, as dots.
//
// A version token names exactly one version. It is never a vector: {A:3} would also cover a sibling
// A2 that the client never saw. A resolve token covers everything a read returned. Both reach
// clients only signed and opaque (server/rpc/token.h).

#ifndef DOCSTORE_SERVER_CORE_TOKEN_H_
#define DOCSTORE_SERVER_CORE_TOKEN_H_

#include <cstdint>
#include <variant>
#include <vector>

#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/version_vector.h"

namespace docstore::core {

struct VersionToken {
  Dot dot;
  uint64_t hlc = 0;  // of that version
  friend bool operator==(const VersionToken&, const VersionToken&) = default;
};

struct ResolveToken {
  VersionVector context;
  std::vector<Dot> dots;  // the versions as read, sorted
  uint64_t hlc = 0;       // highest of those versions
  friend bool operator==(const ResolveToken&, const ResolveToken&) = default;
};

using Token = std::variant<VersionToken, ResolveToken>;

// The resolve token of `document` as it stands.
ResolveToken ResolveTokenOf(const Document& document);

}  // namespace docstore::core

#endif  // DOCSTORE_SERVER_CORE_TOKEN_H_
