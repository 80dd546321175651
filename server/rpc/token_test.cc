#include "server/rpc/token.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "server/rpc/error.h"

namespace docstore::rpc {
namespace {

const core::DocumentKey kKey{"people", "ada"};
const core::Dot kDot{core::Origin{0xfedcba9876543210}, 300};
const core::VersionToken kVersion{.dot = kDot, .hlc = 77};

core::ResolveToken Resolve() {
  core::ResolveToken token{.dots = {{core::Origin{1}, 5}, kDot}, .hlc = 1ull << 60};
  token.context = core::VersionVector({{core::Origin{1}, 7}, kDot, {core::Origin{2}, 1}});
  return token;
}

TEST(TokenKeys, VerifiesWhatTheySigned) {
  const TokenKeys keys = TokenKeys::FromClusterName("c");
  EXPECT_EQ(*keys.Verify(keys.Sign(kVersion, kKey), kKey, "f"), core::Token(kVersion));
  EXPECT_EQ(*keys.Verify(keys.Sign(Resolve(), kKey), kKey, "f"), core::Token(Resolve()));
}

TEST(TokenKeys, RefuseEveryFlippedBit) {
  const TokenKeys keys = TokenKeys::FromClusterName("c");
  for (const std::string& text : {keys.Sign(kVersion, kKey), keys.Sign(Resolve(), kKey)}) {
    std::string bytes;
    ASSERT_TRUE(absl::WebSafeBase64Unescape(text, &bytes));
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string forged = bytes;
      forged[bit / 8] = static_cast<char>(forged[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_FALSE(keys.Verify(absl::WebSafeBase64Escape(forged), kKey, "f").ok()) << bit;
    }
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(keys.Verify(absl::WebSafeBase64Escape(bytes.substr(0, size)), kKey, "f").ok());
    }
  }
}

TEST(TokenKeys, RefuseTheTokenOfAnotherDocumentAndSayWhichField) {
  const TokenKeys keys = TokenKeys::FromClusterName("c");
  const std::string text = keys.Sign(kVersion, kKey);
  for (const core::DocumentKey& other :
       {core::DocumentKey{"people", "bob"}, {"peopl", "eada"}, {"peoplea", "da"}}) {
    const absl::Status status = keys.Verify(text, other, "condition.context").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(DetailsOf(status).reason, reason::kBadContext);
    EXPECT_EQ(DetailsOf(status).field, "condition.context");
  }
}

TEST(TokenKeys, RefuseTextThatIsNoToken) {
  const TokenKeys keys = TokenKeys::FromClusterName("c");
  for (const std::string text : {"", "x", "%%%", "AAAA"}) {
    EXPECT_FALSE(keys.Verify(text, kKey, "f").ok()) << text;
  }
  EXPECT_FALSE(keys.Verify(std::string(TokenKeys::kTextBytesMax + 1, 'A'), kKey, "f").ok());
}

TEST(TokenKeys, RotateWhenTheFirstSignsAndAllVerify) {
  const std::string before = "the secret of last year";
  const std::string after = "the secret of this year";
  const TokenKeys old_keys = *TokenKeys::FromSecrets(before);
  const TokenKeys both = *TokenKeys::FromSecrets(after + "\n\n" + before + "\n");
  const TokenKeys new_keys = *TokenKeys::FromSecrets(after);
  const std::string signed_before = old_keys.Sign(kVersion, kKey);
  EXPECT_TRUE(both.Verify(signed_before, kKey, "f").ok());
  EXPECT_FALSE(new_keys.Verify(signed_before, kKey, "f").ok());
  EXPECT_TRUE(new_keys.Verify(both.Sign(kVersion, kKey), kKey, "f").ok());
  EXPECT_TRUE(both.VerifyKeyProof(old_keys.KeyProof("c"), "c"));
  EXPECT_FALSE(new_keys.VerifyKeyProof(old_keys.KeyProof("c"), "c"));
}

TEST(TokenKeys, DifferBetweenClusterNamesAndSecrets) {
  const TokenKeys c = TokenKeys::FromClusterName("c");
  EXPECT_FALSE(TokenKeys::FromClusterName("d").Verify(c.Sign(kVersion, kKey), kKey, "f").ok());
  EXPECT_FALSE(c.VerifyKeyProof("", "c"));
  EXPECT_FALSE(c.VerifyKeyProof(c.KeyProof("d"), "c"));
}

TEST(TokenKeys, NameTheLineOfABadSecret) {
  EXPECT_EQ(TokenKeys::FromSecrets("long enough to be a secret\n\nshort\n").status().message(),
            "line 3 has 5 characters: a secret needs at least 16");
  EXPECT_EQ(TokenKeys::FromSecrets(" \n").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(TokenKeys::FromSecretFile("/nonexistent/secret").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace docstore::rpc
