#pragma once
// MD5 and SHA-256 of downloads. Own code because the alternatives cost more than these lines:
// linking libcrypto adds milliseconds of relocation to the start of every command, and no other
// library that is linked anyway offers either. Not meant for secrets; MD5 only because publishers
// of data sets state it. MD5: RFC 1321. SHA-256: FIPS 180-4.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <bascule/base/status.h>

namespace bascule {

enum class DigestKind { kMd5, kSha256 };

/// "md5", "sha256".
std::string_view digest_name(DigestKind kind);

/// A digest fed piece by piece.
class Digest {
 public:
  explicit Digest(DigestKind kind);
  void update(std::string_view bytes);
  /// The digest in lower-case hexadecimal. Ends the digest: no update after it.
  std::string hex();

 private:
  void compress(const unsigned char* block);

  DigestKind kind_;
  std::array<std::uint32_t, 8> state_;
  std::array<unsigned char, 64> pending_{};
  std::size_t pending_size_ = 0;
  std::uint64_t total_ = 0;
};

/// Digest of a whole file; kBadData when it cannot be read.
Result<std::string> file_digest(const std::string& path, DigestKind kind);

}  // namespace bascule
