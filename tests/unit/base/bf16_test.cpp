#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <bascule/base/bf16.h>

namespace bascule {
namespace {

float through(float value) {
  return static_cast<float>(Bf16(value));
}

TEST(Bf16, RoundsToNearestEven) {
  EXPECT_EQ(through(1), 1);
  EXPECT_EQ(through(-3.5F), -3.5F);
  EXPECT_EQ(through(1 + 0x1p-8F), 1);                // half way: down to the even one
  EXPECT_EQ(through(1 + 3 * 0x1p-8F), 1 + 0x1p-6F);  // half way: up to the even one
  EXPECT_EQ(through(1 + 0x1p-8F + 0x1p-20F), 1 + 0x1p-7F);
  EXPECT_EQ(through(1 + 0x1p-8F - 0x1p-20F), 1);
  EXPECT_EQ(Bf16(-0.0F).bits, 0x8000);
}

TEST(Bf16, KeepsInfinitiesAndNaN) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(through(kInfinity), kInfinity);
  EXPECT_EQ(through(-kInfinity), -kInfinity);
  EXPECT_EQ(through(std::numeric_limits<float>::max()), kInfinity);
  EXPECT_TRUE(std::isnan(through(std::numeric_limits<float>::quiet_NaN())));
  // A NaN whose payload lies in the lower half only.
  EXPECT_TRUE(std::isnan(through(std::bit_cast<float>(0x7F800001U))));
  EXPECT_TRUE(std::isnan(through(std::bit_cast<float>(0x7FFFFFFFU))));
}

}  // namespace
}  // namespace bascule
