// Tokens in the hands of a client: what was signed comes back as it was; with any bit of it
// changed, for any other document, or as any other text it is refused.

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "server/base/check.h"
#include "server/core/document.h"
#include "server/core/dot.h"
#include "server/core/token.h"
#include "server/core/version_vector.h"
#include "server/rpc/token.h"

namespace {

using docstore::core::DocumentKey;
using docstore::core::Dot;
using docstore::core::Origin;
using docstore::core::Token;
using docstore::rpc::TokenKeys;

constexpr size_t kDotsMax = 64;

const TokenKeys& Keys() {
  static const TokenKeys& keys = *new TokenKeys(TokenKeys::FromClusterName("fuzz"));
  return keys;
}

void CheckRefused(absl::string_view text, const DocumentKey& key) {
  const absl::StatusOr<Token> token = Keys().Verify(text, key, "condition.context");
  CHECK(token.status().code() == absl::StatusCode::kInvalidArgument);
}

void CheckSigned(const std::string& text, const Token& token, size_t bit) {
  const DocumentKey key{"c", "id"};
  const absl::StatusOr<Token> verified = Keys().Verify(text, key, "condition.context");
  CHECK(verified.ok() && *verified == token);
  CheckRefused(text, {"c", "other"});
  CheckRefused(text, {"ci", "d"});
  std::string bytes;
  CHECK(absl::WebSafeBase64Unescape(text, &bytes));
  bit %= bytes.size() * 8;
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  CheckRefused(absl::WebSafeBase64Escape(bytes), key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  CheckRefused(absl::string_view(reinterpret_cast<const char*>(data), size), {"c", "id"});
  std::vector<Dot> dots;
  uint64_t sum = 0;
  for (size_t i = 0; i + 1 < size && dots.size() < kDotsMax; i += 2) {
    dots.push_back({Origin{data[i]}, uint64_t{data[i + 1]} * data[i] + 1});
    sum = sum * 31 + data[i];
  }
  if (dots.empty()) return 0;
  const docstore::core::VersionToken version{.dot = dots[0], .hlc = sum};
  CheckSigned(Keys().Sign(version, {"c", "id"}), version, sum);
  docstore::core::ResolveToken resolve{.dots = dots, .hlc = sum};
  for (const Dot& dot : dots) resolve.context.Join(dot);
  CheckSigned(Keys().Sign(resolve, {"c", "id"}), resolve, sum);
  return 0;
}
