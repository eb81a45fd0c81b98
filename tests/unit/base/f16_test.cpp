// Every F16, and floats at all the edges, against the compiler's own binary16 where it has one.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <bascule/base/f16.h>
#include <bascule/base/random.h>

namespace bascule {
namespace {

float through_half(float value) {
  return static_cast<float>(F16(value));
}

TEST(F16, RoundsToNearestEven) {
  EXPECT_EQ(through_half(1 + 0x1p-11F), 1);                // half way: down to the even one
  EXPECT_EQ(through_half(1 + 3 * 0x1p-11F), 1 + 0x1p-9F);  // half way: up to the even one
  EXPECT_EQ(through_half(1 + 0x1p-11F + 0x1p-20F), 1 + 0x1p-10F);
  EXPECT_EQ(through_half(65519.996F), 65504);
  EXPECT_EQ(through_half(65520), std::numeric_limits<float>::infinity());
  EXPECT_EQ(through_half(-1e30F), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(through_half(0x1p-24F), 0x1p-24F);
  EXPECT_EQ(through_half(0x1p-25F), 0);  // half way
  EXPECT_EQ(through_half(0x1.8p-25F), 0x1p-24F);
  EXPECT_EQ(F16(-0.0F).bits, 0x8000);
  EXPECT_TRUE(std::isnan(through_half(std::bit_cast<float>(0x7F800001U))));
}

TEST(F16, GoesThroughFloatUnchanged) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    F16 half;
    half.bits = static_cast<std::uint16_t>(bits);
    const auto value = static_cast<float>(half);
    if (std::isnan(value)) continue;
    EXPECT_EQ(F16(value).bits, bits);
  }
}

#ifdef __FLT16_MANT_DIG__
TEST(F16, IsTheCompilersBinary16) {
  const Philox random(1);
  for (std::uint64_t i = 0; i < 200000; ++i) {
    // Exponents from below the least F16 to above the greatest.
    const int exponent = static_cast<int>(i % 50) - 30;
    const auto value =
        static_cast<float>(std::ldexp(random.uniform(i) + 0.5, exponent) * (i % 2 == 0 ? 1 : -1));
    ASSERT_EQ(through_half(value), static_cast<float>(static_cast<_Float16>(value))) << value;
  }
}
#endif

}  // namespace
}  // namespace bascule
