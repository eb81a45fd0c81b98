// The dense products of the cpu device, for every instruction set, against loops in double.
#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/base/threads.h>

#include "devices/cpu/linear.h"

namespace bascule::detail {
namespace {

constexpr float kGuard = -12345.5F;
constexpr std::int64_t kGuards = 64;

/// An array with guard elements on both sides, 64-byte aligned between them.
class Guarded {
 public:
  explicit Guarded(std::int64_t size, float value = 0)
      : size_(size), memory_(static_cast<std::size_t>(size + 3 * kGuards), kGuard) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    begin_ = kGuards + static_cast<std::int64_t>((64 - address % 64) % 64 / 4);
    std::fill_n(data(), size, value);
  }
  Guarded(const Guarded& other) : Guarded(other.size_) { std::copy_n(other.data(), size_, data()); }
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() {
    EXPECT_TRUE(std::all_of(memory_.begin(), memory_.begin() + begin_, is_guard));
    EXPECT_TRUE(std::all_of(memory_.begin() + begin_ + size_, memory_.end(), is_guard));
  }
  float* data() { return memory_.data() + begin_; }
  [[nodiscard]] const float* data() const { return memory_.data() + begin_; }
  float& operator[](std::int64_t i) { return data()[i]; }
  float operator[](std::int64_t i) const { return data()[i]; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::vector<float> values() const { return {data(), data() + size_}; }

 private:
  static bool is_guard(float x) { return x == kGuard; }
  std::int64_t size_, begin_ = 0;
  std::vector<float> memory_;
};

/// Uniform in [−1, 1).
Guarded random_array(std::int64_t size, std::uint64_t stream) {
  const Philox random(7, stream);
  Guarded out(size);
  for (std::int64_t i = 0; i < size; ++i)
    out[i] = static_cast<float>(2 * random.uniform(static_cast<std::uint64_t>(i)) - 1);
  return out;
}

struct Reference {
  std::vector<double> sum, magnitude;  ///< Σ a b and Σ |a| |b|
};
/// op(a) op(b), both given as functions of (row, column).
template <class A, class B>
Reference multiply(std::int64_t rows, std::int64_t depth, std::int64_t columns, const A& a,
                   const B& b) {
  Reference out;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      double sum = 0, magnitude = 0;
      for (std::int64_t k = 0; k < depth; ++k) {
        const double term = double(a(i, k)) * double(b(k, j));
        sum += term;
        magnitude += std::abs(term);
      }
      out.sum.push_back(sum);
      out.magnitude.push_back(magnitude);
    }
  }
  return out;
}

void expect_near(const Guarded& actual, const Reference& expected) {
  ASSERT_EQ(actual.size(), std::int64_t(expected.sum.size()));
  for (std::int64_t i = 0; i < actual.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    ASSERT_NEAR(actual[i], expected.sum[at], 1e-5 * expected.magnitude[at] + 1e-7) << "at " << i;
  }
}

/// A workspace full of NaN, so that nothing is read before it is written.
Guarded workspace_of(const GemmPlan& plan) {
  return Guarded(plan.workspace_floats(), std::nanf(""));
}

const std::vector<LinearShape>& shapes() {
  static const std::vector<LinearShape> all = {
      {1, 1, 1},      {1, 7, 5},      {2, 3, 1},       {3, 16, 2},     {5, 5, 17},
      {7, 12, 13},    {12, 31, 33},   {13, 1, 100},    {15, 17, 16},   {16, 128, 15},
      {17, 33, 31},   {31, 2, 128},   {33, 100, 7},    {100, 13, 3},   {128, 15, 12},
      {1, 128, 100},  {32, 784, 50},  {128, 512, 100}, {33, 512, 70},  {1, 1024, 10},
      {100, 31, 128}, {150, 257, 65}, {64, 300, 500},  {300, 40, 129}, {6, 512, 33},
      {40, 1040, 64}, {12, 64, 1024}, {14, 90, 900},   {3, 500, 700},  {1, 333, 1000},
      {270, 512, 64}};
  return all;
}

class GemmTest : public testing::TestWithParam<std::tuple<int, LinearShape, MatrixLayout>> {
 protected:
  [[nodiscard]] static const GemmKernels& kernels() {
    return *all_gemm_kernels()[std::size_t(std::get<0>(GetParam()))];
  }
  [[nodiscard]] static LinearShape shape() { return std::get<1>(GetParam()); }
  [[nodiscard]] static MatrixLayout layout() { return std::get<2>(GetParam()); }
  [[nodiscard]] Panels panels() const { return {shape().inputs, shape().outputs, kernels().panel}; }
  /// A matrix [inputs, outputs] in the layout of the case, and back.
  [[nodiscard]] Guarded arranged(const Guarded& matrix) const {
    if (layout() == MatrixLayout::kRowMajor) return matrix;
    Guarded packed(panels().floats(), kGuard);
    pack_panels(kernels(), panels(), matrix.data(), packed.data());
    return packed;
  }
  [[nodiscard]] Guarded row_major(const Guarded& arranged_matrix) const {
    if (layout() == MatrixLayout::kRowMajor) return arranged_matrix;
    Guarded matrix(shape().inputs * shape().outputs);
    unpack_panels(panels(), arranged_matrix.data(), matrix.data());
    return matrix;
  }
  void expect_zero_padding(const Guarded& arranged_matrix) const {
    if (layout() == MatrixLayout::kRowMajor) return;
    const Panels p = panels();
    const std::int64_t last = p.count() - 1, width = p.width(last);
    for (std::int64_t r = 0; r < p.rows; ++r)
      for (std::int64_t j = p.valid(last); j < width; ++j)
        ASSERT_EQ(arranged_matrix[p.offset(last) + r * width + j], 0) << r << ' ' << j;
  }

  LinearShape s_ = shape();
  Guarded x_ = random_array(s_.batch * s_.inputs, 1);
  Guarded w_ = random_array(s_.inputs * s_.outputs, 2);
  Guarded bias_ = random_array(s_.outputs, 3);
  Guarded dy_ = random_array(s_.batch * s_.outputs, 4);
  ThreadPool one_{1}, two_{2}, three_{3};
};

/// Runs on one, two and three threads; all must agree to the bit. Returns the result.
template <class Run>
Guarded same_for_all_threads(const std::vector<ThreadPool*>& pools, const Guarded& initial,
                             const Run& run) {
  Guarded first(initial);
  run(*pools[0], first.data());
  for (std::size_t p = 1; p < pools.size(); ++p) {
    Guarded again(initial);
    run(*pools[p], again.data());
    EXPECT_EQ(again.values(), first.values());
  }
  return first;
}

TEST_P(GemmTest, Packing) {
  const Guarded packed = arranged(w_);
  expect_zero_padding(packed);
  EXPECT_EQ(row_major(packed).values(), w_.values());
}

TEST_P(GemmTest, Forward) {
  const Guarded w = arranged(w_);
  const GemmPlan plan = plan_linear_forward(kernels(), s_, layout());
  const auto run = [&](const ForwardEpilogue& epilogue) {
    return same_for_all_threads({&one_, &two_, &three_}, Guarded(s_.batch * s_.outputs, kGuard),
                                [&](ThreadPool& pool, float* y) {
                                  Guarded workspace = workspace_of(plan);
                                  linear_forward(plan, x_.data(), w.data(), epilogue, y,
                                                 workspace.data(), pool);
                                });
  };
  Reference expected = multiply(
      s_.batch, s_.inputs, s_.outputs, [&](auto i, auto k) { return x_[i * s_.inputs + k]; },
      [&](auto k, auto j) { return w_[k * s_.outputs + j]; });
  expect_near(run({}), expected);
  for (std::size_t i = 0; i < expected.sum.size(); ++i) {
    const double b = bias_[std::int64_t(i) % s_.outputs];
    expected.sum[i] += b;
    expected.magnitude[i] += std::abs(b);
  }
  ForwardEpilogue epilogue;
  epilogue.bias = bias_.data();
  expect_near(run(epilogue), expected);
  // A relation between the activation and its context, and that every element is seen once.
  epilogue.activation = [](float* row, std::int64_t n, const void* context) {
    for (std::int64_t i = 0; i < n; ++i) row[i] = row[i] * *static_cast<const float*>(context);
  };
  const float factor = -3;
  epilogue.context = &factor;
  Reference scaled = expected;
  for (double& sum : scaled.sum) sum *= -3;
  for (double& magnitude : scaled.magnitude) magnitude *= 3;
  expect_near(run(epilogue), scaled);
  epilogue.activation = nullptr;
  epilogue.relu = true;
  for (double& sum : expected.sum) sum = std::max(sum, 0.0);
  expect_near(run(epilogue), expected);
}

TEST_P(GemmTest, InputGradient) {
  const Guarded w = arranged(w_);
  const GemmPlan plan = plan_input_gradient(kernels(), s_, layout());
  const auto run = [&](const BackwardEpilogue& epilogue) {
    return same_for_all_threads({&one_, &two_, &three_}, Guarded(s_.batch * s_.inputs, kGuard),
                                [&](ThreadPool& pool, float* dx) {
                                  Guarded workspace = workspace_of(plan);
                                  input_gradient(plan, dy_.data(), w.data(), epilogue, dx,
                                                 workspace.data(), pool);
                                });
  };
  Reference expected = multiply(
      s_.batch, s_.outputs, s_.inputs, [&](auto i, auto k) { return dy_[i * s_.outputs + k]; },
      [&](auto k, auto j) { return w_[j * s_.outputs + k]; });
  expect_near(run({}), expected);
  BackwardEpilogue epilogue;
  epilogue.x = x_.data();
  epilogue.derivative = [](float* row, const float* x, std::int64_t n, const void* context) {
    for (std::int64_t i = 0; i < n; ++i) row[i] *= x[i] * *static_cast<const float*>(context);
  };
  const float factor = 2;
  epilogue.context = &factor;
  Reference scaled = expected;
  for (std::size_t i = 0; i < scaled.sum.size(); ++i) scaled.sum[i] *= 2.0 * x_[std::int64_t(i)];
  expect_near(run(epilogue), scaled);
  epilogue.derivative = nullptr;
  epilogue.relu = true;
  for (std::size_t i = 0; i < expected.sum.size(); ++i)
    if (!(x_[std::int64_t(i)] > 0)) expected.sum[i] = 0;
  expect_near(run(epilogue), expected);
}

TEST_P(GemmTest, WeightGradient) {
  const GemmPlan plan = plan_weight_gradient(kernels(), s_);
  const Reference expected = multiply(
      s_.inputs, s_.batch, s_.outputs, [&](auto i, auto k) { return x_[k * s_.inputs + i]; },
      [&](auto k, auto j) { return dy_[k * s_.outputs + j]; });
  const std::int64_t size =
      layout() == MatrixLayout::kPanels ? panels().floats() : s_.inputs * s_.outputs;
  const Guarded dw = same_for_all_threads(
      {&one_, &two_, &three_}, Guarded(size, kGuard), [&](ThreadPool& pool, float* out) {
        Guarded workspace = workspace_of(plan);
        weight_gradient(plan, x_.data(), dy_.data(), layout(), out, workspace.data(), pool);
      });
  expect_zero_padding(dw);
  expect_near(row_major(dw), expected);
}

/// The rules in double on one element.
struct Element {
  double w, s0, s1;
};
Element updated(UpdateRule rule, const UpdateParameters& p, Element e, double g) {
  g += double(p.decay) * e.w;
  const double lr = p.lr, mu = p.momentum, square = p.square;
  switch (rule) {
    case UpdateRule::kSgd:
      return {e.w - lr * g, 0, 0};
    case UpdateRule::kMomentum:
      e.s0 = mu * e.s0 + g;
      return {e.w - lr * e.s0, e.s0, 0};
    case UpdateRule::kNesterov:
      e.s0 = mu * e.s0 + g;
      return {e.w - lr * (g + mu * e.s0), e.s0, 0};
    case UpdateRule::kScaledMomentum:
      e.s0 = mu * e.s0 - lr * g;
      return {e.w + e.s0, e.s0, 0};
    case UpdateRule::kScaledNesterov:
      e.s0 = mu * e.s0 - lr * g;
      return {e.w + mu * e.s0 - lr * g, e.s0, 0};
    case UpdateRule::kRmsProp:
      e.s0 = square * e.s0 + (1 - square) * g * g;
      return {e.w - lr * g / (std::sqrt(e.s0) + p.epsilon), e.s0, 0};
    case UpdateRule::kAdam:
      e.s0 = mu * e.s0 + (1 - mu) * g;
      e.s1 = square * e.s1 + (1 - square) * g * g;
      return {e.w * p.keep - lr * e.s0 / (std::sqrt(e.s1) * p.root + p.epsilon), e.s0, e.s1};
  }
  return e;
}

UpdateParameters parameters_of(UpdateRule rule, bool decay) {
  UpdateParameters p;
  p.lr = .05F;
  p.decay = decay ? .1F : 0;
  p.momentum = .9F;
  p.square = .98F;
  p.epsilon = 1e-6F;
  if (rule != UpdateRule::kAdam) return p;
  AdamSettings adam;
  adam.lr = .05;
  adam.epsilon = 1e-6;
  adam.decay = decay ? .1 : 0;
  adam.decoupled_decay = decay ? .2 : 0;
  return adam_parameters(adam, 3);
}

TEST_P(GemmTest, UpdateOfWeights) {
  const GemmPlan plan = plan_weight_gradient(kernels(), s_);
  for (int r = 0; r < kUpdateRules; ++r) {
    const auto rule = static_cast<UpdateRule>(r);
    SCOPED_TRACE(testing::Message() << "rule " << r);
    const UpdateParameters parameters = parameters_of(rule, r % 2 == s_.batch % 2);
    Guarded second = random_array(w_.size(), 6);
    for (std::int64_t i = 0; i < second.size(); ++i) second[i] = std::abs(second[i]);
    const Guarded first = random_array(w_.size(), 5);
    Guarded s0 = arranged(rule == UpdateRule::kRmsProp ? second : first), s1 = arranged(second);
    const Guarded old_w = arranged(w_), old_s0(s0), old_s1(s1);
    // The gradient itself is judged elsewhere; here it is the one the product gives.
    Guarded gradient(old_w.size());
    {
      Guarded workspace = workspace_of(plan);
      weight_gradient(plan, x_.data(), dy_.data(), layout(), gradient.data(), workspace.data(),
                      one_);
    }
    const Guarded w =
        same_for_all_threads({&one_, &two_, &three_}, old_w, [&](ThreadPool& pool, float* weights) {
          std::copy_n(old_s0.data(), s0.size(), s0.data());
          std::copy_n(old_s1.data(), s1.size(), s1.data());
          Guarded workspace = workspace_of(plan);
          update_weights(plan, x_.data(), dy_.data(), layout(),
                         {rule, parameters, weights, {s0.data(), s1.data()}}, workspace.data(),
                         pool);
        });
    expect_zero_padding(w);
    expect_zero_padding(s0);
    expect_zero_padding(s1);
    for (std::int64_t i = 0; i < w.size(); ++i) {
      const Element e =
          updated(rule, parameters, {old_w[i], old_s0[i], old_s1[i]}, double(gradient[i]));
      const double scale = 1 + std::abs(double(gradient[i]));
      ASSERT_NEAR(w[i], e.w, 2e-6 * scale) << i;
      if (update_states(rule) > 0) {
        ASSERT_NEAR(s0[i], e.s0, 2e-6 * scale * scale) << i;
      }
      if (update_states(rule) > 1) {
        ASSERT_NEAR(s1[i], e.s1, 2e-6 * scale * scale) << i;
      }
    }
    // On flat arrays, the same rule gives the same bits.
    Guarded flat_w(old_w), flat_s0(old_s0), flat_s1(old_s1);
    update_array(kernels(), {rule, parameters, flat_w.data(), {flat_s0.data(), flat_s1.data()}},
                 gradient.data(), flat_w.size());
    EXPECT_EQ(flat_w.values(), w.values());
  }
}

TEST_P(GemmTest, PlainProduct) {
  if (layout() == MatrixLayout::kPanels) return;
  const Guarded b = random_array(s_.outputs * s_.inputs, 9);
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      SCOPED_TRACE(testing::Message() << transpose_a << transpose_b);
      const GemmShape shape{s_.batch, s_.inputs, s_.outputs, transpose_a, transpose_b};
      const GemmPlan plan = plan_gemm(kernels(), shape);
      const Guarded c =
          same_for_all_threads({&one_, &two_, &three_}, Guarded(s_.batch * s_.outputs, kGuard),
                               [&](ThreadPool& pool, float* out) {
                                 Guarded workspace = workspace_of(plan);
                                 gemm(plan, x_.data(), b.data(), out, workspace.data(), pool);
                               });
      expect_near(c, multiply(
                         s_.batch, s_.inputs, s_.outputs,
                         [&](auto i, auto k) {
                           return x_[transpose_a ? k * s_.batch + i : i * s_.inputs + k];
                         },
                         [&](auto k, auto j) {
                           return b[transpose_b ? j * s_.inputs + k : k * s_.outputs + j];
                         }));
    }
  }
}

std::string case_name(const testing::TestParamInfo<GemmTest::ParamType>& info) {
  const LinearShape s = std::get<1>(info.param);
  return std::string(all_gemm_kernels()[std::size_t(std::get<0>(info.param))]->name) + "_" +
         std::to_string(s.batch) + "_" + std::to_string(s.inputs) + "_" +
         std::to_string(s.outputs) +
         (std::get<2>(info.param) == MatrixLayout::kPanels ? "_panels" : "_rows");
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, GemmTest,
    testing::Combine(testing::Range(0, int(all_gemm_kernels().size())), testing::ValuesIn(shapes()),
                     testing::Values(MatrixLayout::kRowMajor, MatrixLayout::kPanels)),
    case_name);

}  // namespace
}  // namespace bascule::detail
