// TokenKeys: signs what a client may hand back, and tells what this cluster signed from the rest.
//
// A token is opaque, printable text: a core::Token behind a keyed hash over its kind, the
// collection and the id. Without that a forged context would hide other people's writes, and a
// context of one document used on another would cover versions that nobody saw. Keys come from the
// cluster's secret file (the first signs, all verify, so that secrets rotate) or, without one, from
// the cluster's name: that guards against mistakes only. Thread-safe after construction.
//
// Format, before base64url without padding; do not renumber:
//   format(1) = 1 | kind(1): 'v' version, 'r' resolve | key id(4) | MAC(16) | content
//   content of a version: origin(8) seq(varint) hlc(8)
//   content of a resolve: hlc(8), context and dots, each: count(varint) then origin(8) seq(varint)
// MAC = SipHash-2-4-128 under a key derived from the signing secret, over format, kind, key id,
// domain, length-prefixed collection and id, content.

#ifndef DOCSTORE_SERVER_RPC_TOKEN_H_
#define DOCSTORE_SERVER_RPC_TOKEN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/core/document.h"
#include "server/core/token.h"

namespace docstore::rpc {

class TokenKeys {
 public:
  static constexpr size_t kSecretBytesMin = 16;
  static constexpr size_t kSecretsMax = 16;
  // Longest token text taken; a resolve token of 64 siblings has about 3 KiB.
  static constexpr size_t kTextBytesMax = 16 << 10;

  // Keys known to everybody who knows the cluster's name.
  static TokenKeys FromClusterName(absl::string_view cluster_name);
  // One secret a line, at least 16 characters; blank lines do not count. NOT_FOUND or
  // PERMISSION_DENIED when `path` cannot be read, INVALID_ARGUMENT with the line otherwise.
  static absl::StatusOr<TokenKeys> FromSecretFile(const std::string& path);
  // As FromSecretFile, of the file's text.
  static absl::StatusOr<TokenKeys> FromSecrets(absl::string_view text);

  // The token of `key`'s document as text.
  std::string Sign(const core::VersionToken& token, const core::DocumentKey& key) const;
  std::string Sign(const core::ResolveToken& token, const core::DocumentKey& key) const;
  // The token that Sign made for `key`. INVALID_ARGUMENT / BAD_CONTEXT, naming `field`, for
  // anything else: damaged, made for another document, or signed by no key of this cluster.
  absl::StatusOr<core::Token> Verify(absl::string_view text, const core::DocumentKey& key,
                                     absl::string_view field) const;

  // Shows a peer that this node holds the signing key of `cluster_name`, without showing the key.
  std::string KeyProof(absl::string_view cluster_name) const;
  // `proof` is of one of these keys.
  bool VerifyKeyProof(absl::string_view proof, absl::string_view cluster_name) const;

 private:
  struct Key {
    uint32_t id = 0;      // names the key in tokens
    std::string secret;   // 32 bytes
    std::string mac_key;  // 16 bytes, derived from `secret`
  };
  explicit TokenKeys(std::vector<Key> keys) : keys_(std::move(keys)) {}
  static Key DeriveKey(absl::string_view purpose, absl::string_view secret);
  static std::string Mac(const Key& key, char kind, const core::DocumentKey& document,
                         absl::string_view content);
  static std::string Proof(const Key& key, absl::string_view cluster_name);
  std::string Seal(char kind, const core::DocumentKey& key, absl::string_view content) const;

  std::vector<Key> keys_;  // at least one; the first signs
};

}  // namespace docstore::rpc

#endif  // DOCSTORE_SERVER_RPC_TOKEN_H_
