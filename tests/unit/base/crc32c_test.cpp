#include <numeric>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/crc32c.h>

namespace bascule {
namespace {

TEST(Crc32c, KnownAnswersOfRfc3720) {
  const std::vector<std::byte> zeros(32), ones(32, std::byte{0xff});
  std::vector<std::byte> rising(32), falling(32);
  for (int i = 0; i < 32; ++i) {
    rising[static_cast<std::size_t>(i)] = static_cast<std::byte>(i);
    falling[static_cast<std::size_t>(31 - i)] = static_cast<std::byte>(i);
  }
  const auto digits = std::as_bytes(std::span(std::string_view("123456789")));
  for (const auto compute : {crc32c, detail::crc32c_portable}) {
    EXPECT_EQ(compute(zeros, 0), 0x8a9136aaU);
    EXPECT_EQ(compute(ones, 0), 0x62a8ab43U);
    EXPECT_EQ(compute(rising, 0), 0x46dd794eU);
    EXPECT_EQ(compute(falling, 0), 0x113fdb5cU);
    EXPECT_EQ(compute(digits, 0), 0xe3069283U);
    EXPECT_EQ(compute({}, 0), 0U);
  }
}

TEST(Crc32c, GoesOnInPieces) {
  const auto text =
      std::as_bytes(std::span(std::string_view("a text of several words and a tail")));
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(crc32c(text.subspan(cut), crc32c(text.first(cut))), crc32c(text)) << cut;
}

}  // namespace
}  // namespace bascule
