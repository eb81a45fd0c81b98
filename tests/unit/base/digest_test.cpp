#include <fstream>

#include <gtest/gtest.h>

#include <bascule/base/digest.h>

namespace bascule {
namespace {

std::string digest_of(DigestKind kind, std::string_view text, std::size_t piece = 1 << 20) {
  Digest digest(kind);
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    digest.update(text.substr(0, piece));
  return digest.hex();
}

TEST(Digest, Md5OfRfc1321) {
  const auto md5 = [](std::string_view text) { return digest_of(DigestKind::kMd5, text); };
  EXPECT_EQ(md5(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5("a"), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(md5("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(md5("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(md5("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(md5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            "d174ab98d277d9f5a5611c2c9f419d9f");
  EXPECT_EQ(md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Digest, Sha256OfFips180) {
  const auto sha = [](std::string_view text) { return digest_of(DigestKind::kSha256, text); };
  EXPECT_EQ(sha(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, DoesNotDependOnThePieces) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (const DigestKind kind : {DigestKind::kMd5, DigestKind::kSha256}) {
    for (const std::size_t length : {55U, 56U, 57U, 63U, 64U, 65U, 119U, 120U, 128U, 300U}) {
      const std::string part = text.substr(0, length);
      const std::string whole = digest_of(kind, part);
      for (const std::size_t piece : {1U, 3U, 63U, 64U, 65U})
        EXPECT_EQ(digest_of(kind, part, piece), whole) << length << " in pieces of " << piece;
    }
  }
}

TEST(Digest, OfAFile) {
  const std::string path = testing::TempDir() + "/digest_of_a_file";
  std::ofstream(path) << "abc";
  const auto digest = file_digest(path, DigestKind::kMd5);
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(*digest, "900150983cd24fb0d6963f7d28e17f72");
  const auto missing = file_digest(path + "-is-not-there", DigestKind::kMd5);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::kBadData);
}

}  // namespace
}  // namespace bascule
