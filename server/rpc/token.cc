#include "server/rpc/token.h"

#include <sodium.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/base/byte_order.h"
#include "server/base/check.h"
#include "server/rpc/error.h"

namespace docstore::rpc {
namespace {

constexpr uint8_t kFormat = 1;
constexpr char kVersionKind = 'v';
constexpr char kResolveKind = 'r';
constexpr size_t kMacBytes = 16;
constexpr size_t kKeyBytes = 32;
// Today's only replication domain; a token is valid in its domain alone.
constexpr uint16_t kDomain = 1;
// Entries of a context or dots of a resolve token.
constexpr uint64_t kDotsMax = 1024;

// BLAKE2b of `bytes` under `key` (may be empty).
std::string KeyedHash(absl::string_view key, absl::string_view bytes, size_t size) {
  std::string hash(size, '\0');
  CHECK(crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                           reinterpret_cast<const unsigned char*>(key.data()), key.size()) == 0);
  return hash;
}

// SipHash-2-4 with 128 bits: made for short messages under a secret key, and a tenth of BLAKE2b's
// cost.
std::string ShortMac(absl::string_view key, absl::string_view bytes) {
  static_assert(crypto_shorthash_siphashx24_BYTES == kMacBytes);
  CHECK(key.size() >= crypto_shorthash_siphashx24_KEYBYTES);
  std::string mac(kMacBytes, '\0');
  CHECK(crypto_shorthash_siphashx24(reinterpret_cast<unsigned char*>(mac.data()),
                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                    bytes.size(),
                                    reinterpret_cast<const unsigned char*>(key.data())) == 0);
  return mac;
}

bool SameBytes(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void AppendDot(const core::Dot& dot, std::string* out) {
  AppendBigEndian64(static_cast<uint64_t>(dot.origin), out);
  AppendVarint(dot.seq, out);
}

bool ReadDot(ByteReader* reader, core::Dot* dot) {
  uint64_t origin;
  if (!reader->ReadBigEndian64(&origin) || !reader->ReadVarint(&dot->seq)) return false;
  dot->origin = core::Origin{origin};
  return dot->seq > 0;
}

void AppendDots(const std::vector<core::Dot>& dots, std::string* out) {
  AppendVarint(dots.size(), out);
  for (const core::Dot& dot : dots) AppendDot(dot, out);
}

bool ReadDots(ByteReader* reader, std::vector<core::Dot>* dots) {
  uint64_t count;
  if (!reader->ReadVarint(&count) || count > kDotsMax) return false;
  for (uint64_t i = 0; i < count; ++i) {
    core::Dot dot;
    if (!ReadDot(reader, &dot)) return false;
    dots->push_back(dot);
  }
  return true;
}

bool ReadToken(char kind, absl::string_view content, core::Token* token) {
  ByteReader reader(content);
  if (kind == kVersionKind) {
    core::VersionToken version;
    *token = version;
    if (!ReadDot(&reader, &version.dot) || !reader.ReadBigEndian64(&version.hlc)) return false;
    *token = version;
    return reader.done();
  }
  core::ResolveToken resolve;
  std::vector<core::Dot> context;
  if (!reader.ReadBigEndian64(&resolve.hlc) || !ReadDots(&reader, &context) ||
      !ReadDots(&reader, &resolve.dots)) {
    return false;
  }
  resolve.context = core::VersionVector(context);
  *token = std::move(resolve);
  return reader.done();
}

}  // namespace

TokenKeys::Key TokenKeys::DeriveKey(absl::string_view purpose, absl::string_view secret) {
  std::string bytes;
  AppendLengthPrefixed(purpose, &bytes);
  AppendLengthPrefixed(secret, &bytes);
  Key key{.secret = KeyedHash("", bytes, kKeyBytes)};
  key.mac_key = KeyedHash(key.secret, "token MAC key", kMacBytes);
  const std::string id = KeyedHash(key.secret, "key id", kMacBytes);
  ByteReader reader(id);
  CHECK(reader.ReadBigEndian32(&key.id));
  return key;
}

TokenKeys TokenKeys::FromClusterName(absl::string_view cluster_name) {
  return TokenKeys({DeriveKey("docstore cluster name", cluster_name)});
}

absl::StatusOr<TokenKeys> TokenKeys::FromSecrets(absl::string_view text) {
  std::vector<Key> keys;
  size_t line_number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    if (line.size() < kSecretBytesMin) {
      return absl::InvalidArgumentError(absl::StrCat("line ", line_number, " has ", line.size(),
                                                     " characters: a secret needs at least ",
                                                     kSecretBytesMin));
    }
    if (keys.size() == kSecretsMax) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line_number, ": more than ", kSecretsMax, " secrets"));
    }
    keys.push_back(DeriveKey("docstore cluster secret", line));
  }
  if (keys.empty()) return absl::InvalidArgumentError("there is no secret in it");
  return TokenKeys(std::move(keys));
}

absl::StatusOr<TokenKeys> TokenKeys::FromSecretFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    return absl::ErrnoToStatus(errno == 0 ? EIO : errno,
                               absl::StrCat("cannot read secret file ", path));
  }
  absl::StatusOr<TokenKeys> keys = FromSecrets(text.str());
  if (keys.ok()) return keys;
  return absl::InvalidArgumentError(
      absl::StrCat("secret file ", path, ": ", keys.status().message()));
}

std::string TokenKeys::Mac(const Key& key, char kind, const core::DocumentKey& document,
                           absl::string_view content) {
  std::string bytes(1, static_cast<char>(kFormat));
  bytes.push_back(kind);
  AppendBigEndian32(key.id, &bytes);
  AppendBigEndian16(kDomain, &bytes);
  AppendLengthPrefixed(document.collection, &bytes);
  AppendLengthPrefixed(document.id, &bytes);
  bytes.append(content.data(), content.size());
  return ShortMac(key.mac_key, bytes);
}

std::string TokenKeys::Seal(char kind, const core::DocumentKey& key,
                            absl::string_view content) const {
  const Key& signer = keys_.front();
  std::string bytes(1, static_cast<char>(kFormat));
  bytes.push_back(kind);
  AppendBigEndian32(signer.id, &bytes);
  absl::StrAppend(&bytes, Mac(signer, kind, key, content), content);
  return absl::WebSafeBase64Escape(bytes);
}

std::string TokenKeys::Sign(const core::VersionToken& token, const core::DocumentKey& key) const {
  std::string content;
  AppendDot(token.dot, &content);
  AppendBigEndian64(token.hlc, &content);
  return Seal(kVersionKind, key, content);
}

std::string TokenKeys::Sign(const core::ResolveToken& token, const core::DocumentKey& key) const {
  std::string content;
  AppendBigEndian64(token.hlc, &content);
  AppendDots(token.context.entries(), &content);
  AppendDots(token.dots, &content);
  return Seal(kResolveKind, key, content);
}

absl::StatusOr<core::Token> TokenKeys::Verify(absl::string_view text, const core::DocumentKey& key,
                                              absl::string_view field) const {
  const absl::Status refused =
      InvalidField(reason::kBadContext, field,
                   absl::StrCat(field,
                                ": not a token that this cluster made for this document; read the "
                                "document again and send the token of that reply"));
  std::string bytes;
  if (text.size() > kTextBytesMax || !absl::WebSafeBase64Unescape(text, &bytes)) return refused;
  ByteReader reader(bytes);
  uint8_t format;
  uint8_t kind;
  uint32_t key_id;
  absl::string_view mac;
  if (!reader.ReadByte(&format) || !reader.ReadByte(&kind) || !reader.ReadBigEndian32(&key_id) ||
      !reader.ReadBytes(kMacBytes, &mac) || format != kFormat ||
      (kind != kVersionKind && kind != kResolveKind)) {
    return refused;
  }
  for (const Key& candidate : keys_) {
    if (candidate.id != key_id) continue;
    if (!SameBytes(mac, Mac(candidate, static_cast<char>(kind), key, reader.rest()))) continue;
    core::Token token;
    if (ReadToken(static_cast<char>(kind), reader.rest(), &token)) return token;
  }
  return refused;
}

std::string TokenKeys::Proof(const Key& key, absl::string_view cluster_name) {
  return KeyedHash(key.secret, absl::StrCat("docstore peer of cluster ", cluster_name), kKeyBytes);
}

std::string TokenKeys::KeyProof(absl::string_view cluster_name) const {
  return Proof(keys_.front(), cluster_name);
}

bool TokenKeys::VerifyKeyProof(absl::string_view proof, absl::string_view cluster_name) const {
  for (const Key& key : keys_) {
    if (SameBytes(proof, Proof(key, cluster_name))) return true;
  }
  return false;
}

}  // namespace docstore::rpc
