#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>

namespace bascule {
namespace {

// Known answers of the reference implementation (Random123 1.14, kat_vectors, philox4x32 10).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, NormalHasUnitMoments) {
  const Philox random(7, 3);
  double sum = 0, squares = 0;
  constexpr int kCount = 200000;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.normal(i);
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kCount, 0.0, 4 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1.0, 4 * std::sqrt(2.0 / kCount));
}

TEST(Philox, BelowCoversItsRangeEvenly) {
  const Philox random(1);
  std::vector<int> counts(7, 0);
  constexpr int kCount = 70000;
  for (int i = 0; i < kCount; ++i) ++counts[random.below(i, 7)];
  for (const int count : counts) EXPECT_NEAR(count, kCount / 7.0, 5 * std::sqrt(kCount / 7.0));
}

TEST(Philox, ShuffleIsAPermutationThatDependsOnTheSeedAlone) {
  std::vector<int> a(100), b;
  std::iota(a.begin(), a.end(), 0);
  b = a;
  const std::vector<int> sorted = a;
  Philox(5, 1).shuffle(std::span(a));
  Philox(5, 1).shuffle(std::span(b));
  EXPECT_EQ(a, b);
  EXPECT_NE(a, sorted);
  std::sort(a.begin(), a.end());
  EXPECT_EQ(a, sorted);
}

}  // namespace
}  // namespace bascule
