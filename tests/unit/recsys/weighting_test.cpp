#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/recsys/weighting.h>

namespace bascule {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

// Four documents over five terms; term 0 is in three of them, 1 in two, 2 in one, 3 in all, 4 in
// none. The rows: {0: 3, 1: 4, 3: 1}, {0: 1, 3: 2}, {0: 2, 1: 1, 2: 9, 3: 1}, {3: 0}.
Compressed documents() {
  return Compressed::make(4, 5, {0, 3, 5, 9, 10}, {0, 1, 3, 0, 3, 0, 1, 2, 3, 3},
                          {3, 4, 1, 1, 2, 2, 1, 9, 1, 0})
      .value();
}

std::vector<float> weighed(const WeightingOptions& options) {
  Compressed matrix = documents();
  Weigher(matrix.view(), options).weigh_all(matrix);
  return matrix.values();
}

MATCHER(IsNear, "") {
  return std::abs(std::get<0>(arg) - std::get<1>(arg)) <= 1e-6 * (1 + std::abs(std::get<1>(arg)));
}

// ln 4 − ln(1 + n) for n = 3, 2, 1; n = 4 would be negative and counts 0.
constexpr double kIdf0 = 0, kIdf1 = 0.287682072451781, kIdf2 = 0.693147180559945;

TEST(Weighting, RawIsAsItWas) {
  EXPECT_EQ(weighed({}), documents().values());
}

TEST(Weighting, CosineScalesEveryDocumentToLengthOne) {
  const double first = std::sqrt(26.0), second = std::sqrt(5.0), third = std::sqrt(87.0);
  const std::vector<double> expected = {3 / first, 4 / first, 1 / first, 1 / second, 2 / second,
                                        2 / third, 1 / third, 9 / third, 1 / third,  0};
  EXPECT_THAT(weighed({.weighting = Weighting::kCosine}), Pointwise(IsNear(), expected));
}

TEST(Weighting, TfIdf) {
  const std::vector<double> expected = {std::sqrt(3.0) * kIdf0, 2 * kIdf1, 0,         kIdf0, 0,
                                        std::sqrt(2.0) * kIdf0, kIdf1,     3 * kIdf2, 0,     0};
  EXPECT_THAT(weighed({.weighting = Weighting::kTfIdf}), Pointwise(IsNear(), expected));
}

TEST(Weighting, Bm25) {
  // Lengths 8, 3, 13, 0; mean 6. With k1 = 2, b = 0.5: L = 7/6, 3/4, 19/12, 1/2.
  const std::vector<double> expected = {0,
                                        4 * 3.0 / (2 * 7 / 6.0 + 4) * kIdf1,
                                        0,
                                        0,
                                        0,
                                        0,
                                        1 * 3.0 / (2 * 19 / 12.0 + 1) * kIdf1,
                                        9 * 3.0 / (2 * 19 / 12.0 + 9) * kIdf2,
                                        0,
                                        0};
  EXPECT_THAT(weighed({.weighting = Weighting::kBm25, .bm25_k1 = 2, .bm25_b = 0.5F}),
              Pointwise(IsNear(), expected));
}

TEST(Weighting, Bm25WithoutSaturationOrLength) {
  // k1 = 0: whatever the value, the idf.
  const std::vector<double> expected = {0, kIdf1, 0, 0, 0, 0, kIdf1, kIdf2, 0, 0};
  EXPECT_THAT(weighed({.weighting = Weighting::kBm25, .bm25_k1 = 0}),
              Pointwise(IsNear(), expected));
}

TEST(Weighting, ANewDocumentIsWeighedByWhatWasLearnt) {
  const Compressed matrix = documents();
  const std::vector<std::int32_t> terms = {1, 2, 4};
  const std::vector<float> values = {9, 1, 4};
  std::vector<float> out(3);
  Weigher(matrix.view(), {.weighting = Weighting::kTfIdf}).weigh({terms, values}, out);
  // Nobody had term 4: its idf is ln 4.
  EXPECT_THAT(
      out, ElementsAre(FloatNear(static_cast<float>(3 * kIdf1), 1e-6F),
                       FloatNear(static_cast<float>(kIdf2), 1e-6F), FloatNear(2.7725887F, 1e-6F)));
}

TEST(Weighting, ATermOfAllButOneDocumentWeighsExactlyNothing) {
  for (const std::int64_t documents : {3, 7, 10, 49}) {
    const auto n = static_cast<std::size_t>(documents);
    std::vector<std::int64_t> offsets(n + 1);
    for (std::size_t m = 0; m <= n; ++m) offsets[m] = static_cast<std::int64_t>(std::min(m, n - 1));
    Compressed matrix = Compressed::make(documents, 1, offsets, std::vector<std::int32_t>(n - 1, 0),
                                         std::vector<float>(n - 1, 1))
                            .value();
    Weigher(matrix.view(), {.weighting = Weighting::kTfIdf}).weigh_all(matrix);
    for (const float value : matrix.values()) EXPECT_EQ(value, 0) << documents;
  }
}

TEST(Weighting, NegativeValuesGiveNoNan) {
  Compressed matrix = Compressed::make(2, 2, {0, 2, 3}, {0, 1, 1}, {-4, -1, -2}).value();
  for (const auto kind : {Weighting::kCosine, Weighting::kTfIdf, Weighting::kBm25}) {
    Compressed copy = matrix;
    Weigher(copy.view(), {.weighting = kind}).weigh_all(copy);
    for (const float value : copy.values()) EXPECT_TRUE(std::isfinite(value));
  }
}

TEST(Weighting, NothingAtAll) {
  Compressed empty = Compressed::make(0, 3, {0}, {}, {}).value();
  for (const auto kind : {Weighting::kCosine, Weighting::kTfIdf, Weighting::kBm25})
    Weigher(empty.view(), {.weighting = kind}).weigh_all(empty);
  EXPECT_TRUE(empty.values().empty());
}

}  // namespace
}  // namespace bascule
