// The element loops against the float64 functions that judge them, over all magnitudes.
#include <bit>
#include <cmath>
#include <limits>
#include <ostream>

#include <gtest/gtest.h>

#include <bascule/base/random.h>

#include "devices/cpu/flush_denormals.h"
#include "devices/cpu/vector_kernels.h"

namespace bascule {
namespace {

using detail::VectorKernels;
constexpr float kLeast = std::numeric_limits<float>::min();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Every 4001st float of both signs, and evenly spaced ones where functions bend.
std::vector<float> samples() {
  std::vector<float> all;
  for (std::uint32_t bits = std::bit_cast<std::uint32_t>(kLeast); bits < 0x7f800000; bits += 4001) {
    all.push_back(std::bit_cast<float>(bits));
    all.push_back(-all.back());
  }
  for (int i = -120000; i <= 120000; ++i) all.push_back(static_cast<float>(i) * 0.9e-3F);
  return all;
}

std::vector<float> apply(const VectorKernels& kernels, ElementOp op, const std::vector<float>& a,
                         const std::vector<float>& b, double parameter) {
  const detail::FlushDenormals flush;
  std::vector<float> out(a.size());
  kernels.elements[static_cast<std::size_t>(op)](a.data(), b.data(), b.data(), out.data(),
                                                 static_cast<std::int64_t>(a.size()), parameter);
  return out;
}

struct MathCase {
  ElementOp op;
  double relative;  ///< of results whose magnitude is at least `from`
  double from = 2 * double{kLeast};
  double parameter = 0;
};
std::ostream& operator<<(std::ostream& out, const MathCase& one) {
  return out << element_op_info(one.op).name << " " << one.parameter;
}

class VectorMath : public testing::TestWithParam<MathCase> {};

TEST_P(VectorMath, RelativeErrorIsSmall) {
  const MathCase& one = GetParam();
  const bool gradient = element_op_info(one.op).operands == 2;
  const std::vector<float> x = samples(), ones(x.size(), 1);
  for (const VectorKernels* kernels : detail::all_vector_kernels()) {
    const std::vector<float> y = gradient ? apply(*kernels, one.op, ones, x, one.parameter)
                                          : apply(*kernels, one.op, x, x, one.parameter);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double exact = gradient ? apply_element_op(one.op, 1, double{x[i]}, 0, one.parameter)
                                    : apply_element_op(one.op, double{x[i]}, 0, 0, one.parameter);
      if (!std::isfinite(static_cast<float>(exact))) {
        // An infinity of the judge may be a sum that only float64 can hold; a NaN is one.
        if (std::isnan(exact)) {
          ASSERT_TRUE(std::isnan(y[i])) << kernels->name << " at " << x[i];
        } else {
          ASSERT_GE(std::abs(y[i]), 3.4e38F) << kernels->name << " at " << x[i];
        }
        continue;
      }
      if (std::abs(exact) < one.from) {
        ASSERT_LE(std::abs(y[i]), 1.01 * one.from + 2 * double{kLeast})
            << kernels->name << " at " << x[i];
        continue;
      }
      const double error = std::abs(double{y[i]} - exact) / std::abs(exact);
      ASSERT_LE(error, one.relative) << kernels->name << " at " << x[i] << ": " << y[i];
      worst = std::max(worst, error);
    }
    RecordProperty(kernels->name, std::to_string(worst * 1e7) + "e-7");
  }
}

// The judge of gelu_tanh loses its digits far below zero, and slopes cross zero, where only their
// absolute error is small.
INSTANTIATE_TEST_SUITE_P(
    Functions, VectorMath,
    testing::Values(
        MathCase{ElementOp::kExp, 1e-7}, MathCase{ElementOp::kLog, 1e-7},
        MathCase{ElementOp::kSqrt, 6e-8}, MathCase{ElementOp::kRsqrt, 1.2e-7},
        MathCase{ElementOp::kTanh, 2e-7}, MathCase{ElementOp::kSigmoid, 2e-7},
        MathCase{ElementOp::kSoftplus, 3e-7, 1e-37}, MathCase{ElementOp::kElu, 2.5e-7, 2e-38, 0.7},
        MathCase{ElementOp::kSilu, 3e-7, 3e-36}, MathCase{ElementOp::kGelu, 6e-7, 1e-30},
        MathCase{ElementOp::kGeluTanh, 2e-6, 1e-4}, MathCase{ElementOp::kSiluGrad, 1e-6, 0.1},
        MathCase{ElementOp::kGeluGrad, 1e-6, 0.1}, MathCase{ElementOp::kGeluTanhGrad, 1e-6, 0.1},
        MathCase{ElementOp::kPower, 1e-7, 3e-38, 1.7},
        MathCase{ElementOp::kPower, 1e-7, 3e-38, -0.3},
        MathCase{ElementOp::kPower, 1e-7, 3e-38, 33}, MathCase{ElementOp::kPower, 3e-7, 3e-38, 3},
        MathCase{ElementOp::kPower, 3e-7, 3e-38, -2}));

struct SpecialCase {
  ElementOp op;
  float x, expected;
  double parameter = 0;
};

TEST(VectorMath, InfinitiesZerosAndNaN) {
  using Op = ElementOp;
  const SpecialCase cases[] = {{Op::kExp, kInfinity, kInfinity},
                               {Op::kExp, -kInfinity, 0},
                               {Op::kExp, 0, 1},
                               {Op::kExp, 88.8F, kInfinity},
                               {Op::kExp, kNan, kNan},
                               {Op::kLog, 0, -kInfinity},
                               {Op::kLog, -0.0F, -kInfinity},
                               {Op::kLog, -1, kNan},
                               {Op::kLog, 1, 0},
                               {Op::kLog, kInfinity, kInfinity},
                               {Op::kLog, kNan, kNan},
                               {Op::kTanh, kInfinity, 1},
                               {Op::kTanh, -kInfinity, -1},
                               {Op::kTanh, 0, 0},
                               {Op::kTanh, kNan, kNan},
                               {Op::kSigmoid, kInfinity, 1},
                               {Op::kSigmoid, -kInfinity, 0},
                               {Op::kSigmoid, kNan, kNan},
                               {Op::kSoftplus, kInfinity, kInfinity},
                               {Op::kSoftplus, -kInfinity, 0},
                               {Op::kSoftplus, kNan, kNan},
                               {Op::kRelu, kNan, kNan},
                               {Op::kRelu, -kInfinity, 0},
                               {Op::kElu, -kInfinity, -0.5F, 0.5},
                               {Op::kElu, kNan, kNan, 0.5},
                               {Op::kGelu, kInfinity, kInfinity},
                               {Op::kGelu, kNan, kNan},
                               {Op::kPower, 0, 0, 1.7},
                               {Op::kPower, 0, kInfinity, -1.7},
                               {Op::kPower, kInfinity, kInfinity, 0.3},
                               {Op::kPower, kInfinity, 0, -0.3},
                               {Op::kPower, -2, kNan, 0.5},
                               {Op::kPower, -2, -8, 3},
                               {Op::kPower, -1, -1, 17},
                               {Op::kPower, -1, 1, 18},
                               {Op::kPower, kNan, kNan, 1.7},
                               {Op::kPower, kNan, 1, 0},
                               {Op::kClipLow, kNan, kNan, 1},
                               {Op::kClipHigh, kNan, kNan, 1},
                               {Op::kSign, -0.0F, 0}};
  for (const VectorKernels* kernels : detail::all_vector_kernels()) {
    for (const SpecialCase& one : cases) {
      // Alone, and in the middle of a full vector.
      for (const std::size_t n : {1U, 37U}) {
        std::vector<float> x(n, 0.5F);
        x[n / 2] = one.x;
        const float y = apply(*kernels, one.op, x, x, one.parameter)[n / 2];
        const auto where = [&] {
          return testing::Message() << kernels->name << " " << element_op_info(one.op).name
                                    << " of " << one.x << " with " << one.parameter << ": " << y;
        };
        if (std::isnan(one.expected)) {
          EXPECT_TRUE(std::isnan(y)) << where();
        } else {
          EXPECT_EQ(y, one.expected) << where();
        }
      }
    }
  }
}

TEST(VectorMath, DenormalsAreZeros) {
  for (const VectorKernels* kernels : detail::all_vector_kernels()) {
    const std::vector<float> x(20, 1e-40F), half(20, 0.5F), least(20, kLeast);
    EXPECT_EQ(apply(*kernels, ElementOp::kScale, x, x, 1e10)[3], 0) << kernels->name;
    EXPECT_EQ(apply(*kernels, ElementOp::kMultiply, least, half, 0)[3], 0) << kernels->name;
    EXPECT_EQ(apply(*kernels, ElementOp::kLog, x, x, 0)[3], -kInfinity) << kernels->name;
  }
  // Outside, everything is as before.
  volatile float least = kLeast;
  EXPECT_GT(least * 0.5F, 0);
}

TEST(VectorMath, NothingIsWrittenBeyondTheEnd) {
  for (const VectorKernels* kernels : detail::all_vector_kernels()) {
    for (std::int64_t n = 0; n < 40; ++n) {
      std::vector<float> x(static_cast<std::size_t>(n), 1), y(static_cast<std::size_t>(n) + 20, 7);
      kernels->elements[static_cast<std::size_t>(ElementOp::kNegate)](x.data(), nullptr, nullptr,
                                                                      y.data(), n, 0);
      for (std::size_t i = 0; i < y.size(); ++i)
        ASSERT_EQ(y[i], i < x.size() ? -1 : 7) << kernels->name << " " << n;
    }
  }
}

TEST(VectorMath, GreatestElementsAndTheirPlaces) {
  for (const VectorKernels* kernels : detail::all_vector_kernels()) {
    for (std::int64_t n = 1; n < 80; ++n) {
      for (std::int64_t at = 0; at < n; at += 7) {
        std::vector<float> x(static_cast<std::size_t>(n), -3);
        x[static_cast<std::size_t>(at)] = x.back() = -1;  // equals: the first one counts
        EXPECT_EQ(kernels->argmax(x.data(), n), at) << kernels->name << " " << n;
        EXPECT_EQ(kernels->max(x.data(), n), -1);
        x[static_cast<std::size_t>(at)] = kNan;
        EXPECT_EQ(kernels->argmax(x.data(), n), at) << kernels->name << " " << n;
        EXPECT_TRUE(std::isnan(kernels->max(x.data(), n)));
        x[static_cast<std::size_t>(at)] = -kInfinity;
        x.back() = -kInfinity;
        EXPECT_EQ(kernels->max(x.data(), n), n > (at == n - 1 ? 1 : 2) ? -3 : -kInfinity);
      }
    }
  }
}

TEST(VectorMath, SumsOfManyFloatsKeepTheirDigits) {
  constexpr std::int64_t kCount = 3'000'001;
  std::vector<float> x(kCount, 0.1F);
  for (const VectorKernels* kernels : detail::all_vector_kernels()) {
    const double exact = double{0.1F} * kCount;
    EXPECT_NEAR(kernels->sum(x.data(), kCount), exact, 2e-6 * exact) << kernels->name;
    double column = 0;
    kernels->column_sums(x.data(), 1, kCount, 1, &column);
    EXPECT_NEAR(column, exact, 2e-6 * exact) << kernels->name;
  }
}

TEST(StrandMaxima, AreThoseOfPlainLoops) {
  const Philox random(4);
  for (const VectorKernels* kernels : detail::all_vector_kernels()) {
    SCOPED_TRACE(kernels->name);
    for (const std::int64_t n : {0, 1, 15, 16, 17, 127, 128, 700}) {
      std::vector<float> x(static_cast<std::size_t>(n)), ceiling(x.size(), kInfinity);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(random.uniform(i));
      for (std::size_t i = 3; i < x.size(); i += 40) x[i] = std::nanf("");
      for (std::size_t i = 0; i < x.size(); i += 5) ceiling[i] = i % 2 == 0 ? -kInfinity : 0.5F;
      for (const std::int64_t depth : {1, 4, 32}) {
        for (const bool all : {true, false}) {
          const auto count = static_cast<std::size_t>(strand_count(n, depth));
          std::vector<float> expected(count, -kInfinity), maxima(count, 9);
          for (std::int64_t i = 0; i < n; ++i) {
            float& most = expected[static_cast<std::size_t>(i / (depth * kStrands) * kStrands +
                                                            i % kStrands)];
            const auto at = static_cast<std::size_t>(i);
            const float score = all ? x[at] : std::min(x[at], ceiling[at]);
            if (!std::isnan(x[at])) most = std::max(most, score);
          }
          kernels->strand_maxima(x.data(), all ? nullptr : ceiling.data(), n, depth, maxima.data());
          EXPECT_EQ(maxima, expected) << n << ' ' << depth << ' ' << all;
        }
      }
    }
  }
}

}  // namespace
}  // namespace bascule
