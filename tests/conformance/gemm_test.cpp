// The dense products of the cpu device, for every instruction set, against loops in double.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/bf16.h>
#include <bascule/base/cpu_info.h>
#include <bascule/base/random.h>
#include <bascule/base/threads.h>

#include "devices/cpu/forward_in_halves.h"
#include "devices/cpu/gemm_by_depth.h"
#include "devices/cpu/linear.h"
#include "devices/cpu/tile_registers.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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
  /// To the bit: of halves some look like NaNs.
  [[nodiscard]] std::vector<std::uint32_t> values() const {
    std::vector<std::uint32_t> bits(static_cast<std::size_t>(size_));
    std::memcpy(bits.data(), data(), bits.size() * sizeof(float));
    return bits;
  }

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
  return Guarded(plan.workspace_floats(3), std::nanf(""));
}

const std::vector<LinearShape>& shapes() {
  static const std::vector<LinearShape> all = {
      {1, 1, 1},      {1, 7, 5},      {2, 3, 1},       {3, 16, 2},     {5, 5, 17},
      {7, 12, 13},    {12, 31, 33},   {13, 1, 100},    {15, 17, 16},   {16, 128, 15},
      {17, 33, 31},   {31, 2, 128},   {33, 100, 7},    {100, 13, 3},   {128, 15, 12},
      {1, 128, 100},  {32, 784, 50},  {128, 512, 100}, {33, 512, 70},  {1, 1024, 10},
      {100, 31, 128}, {150, 257, 65}, {64, 300, 500},  {300, 40, 129}, {6, 512, 33},
      {40, 1040, 64}, {12, 64, 1024}, {14, 90, 900},   {3, 500, 700},  {1, 333, 1000},
      {270, 512, 64}, {65, 37, 4131}, {1040, 40, 35},  {90, 1023, 72}, {2, 20, 9000},
      {70, 10, 4200}, {300, 37, 4131}};
  return all;
}

/// One shape, with its operands, for one instruction set and layout of the weights.
class GemmCase {
 public:
  GemmCase(const GemmKernels& kernels, const LinearShape& shape, MatrixLayout layout)
      : kernels_(kernels), s_(shape), layout_(layout) {}

  void check_packing();
  void check_forward();
  void check_input_gradient();
  void check_weight_gradient();
  void check_updates();
  void check_plain_product();

 private:
  [[nodiscard]] const GemmKernels& kernels() const { return kernels_; }
  [[nodiscard]] MatrixLayout layout() const { return layout_; }
  [[nodiscard]] Panels panels() const { return {s_.inputs, s_.outputs, kernels_.panel}; }
  [[nodiscard]] bool in_halves() const { return s_.bf16 && layout() == MatrixLayout::kPanels; }
  /// Weights [inputs, outputs] in the layout of the case, and back.
  [[nodiscard]] Guarded arranged_weights(const Guarded& matrix) const {
    if (!in_halves()) return arranged(matrix);
    const Halves halves(panels());
    Guarded split(halves.bytes() / 4, kGuard);
    split_halves(s_.inputs, halves, matrix.data(), split.data());
    return split;
  }
  [[nodiscard]] Guarded row_major_weights(const Guarded& weights) const {
    if (!in_halves()) return row_major(weights);
    Guarded matrix(s_.inputs * s_.outputs);
    join_halves(s_.inputs, Halves(panels()), weights.data(), matrix.data());
    return matrix;
  }
  /// The same for states.
  [[nodiscard]] Guarded arranged(const Guarded& matrix) const {
    if (layout() == MatrixLayout::kRowMajor) return matrix;
    Guarded packed(panels().floats(), kGuard);
    pack_panels(kernels(), panels(), matrix.data(), packed.data());
    return packed;
  }
  [[nodiscard]] Guarded row_major(const Guarded& arranged_matrix) const {
    if (layout() == MatrixLayout::kRowMajor) return arranged_matrix;
    Guarded matrix(s_.inputs * s_.outputs);
    unpack_panels(panels(), arranged_matrix.data(), matrix.data());
    return matrix;
  }
  /// Values that a bf16 product does not round; how it rounds is judged with the ops.
  [[nodiscard]] Guarded operand(std::int64_t size, std::uint64_t stream) const {
    Guarded out = random_array(size, stream);
    for (std::int64_t i = 0; s_.bf16 && i < size; ++i) out[i] = static_cast<float>(Bf16(out[i]));
    return out;
  }
  void expect_zero_padding(const Guarded& arranged_matrix) const {
    if (layout() == MatrixLayout::kRowMajor) return;
    const Panels p = panels();
    const std::int64_t last = p.count() - 1, width = p.width(last);
    for (std::int64_t r = 0; r < p.rows; ++r)
      for (std::int64_t j = p.valid(last); j < width; ++j)
        ASSERT_EQ(arranged_matrix[p.offset(last) + r * width + j], 0) << r << ' ' << j;
  }

  const GemmKernels& kernels_;
  LinearShape s_;
  MatrixLayout layout_;
  Guarded x_ = operand(s_.batch * s_.inputs, 1);
  Guarded w_ = operand(s_.inputs * s_.outputs, 2);
  Guarded bias_ = random_array(s_.outputs, 3);
  Guarded dy_ = operand(s_.batch * s_.outputs, 4);
  ThreadPool one_{1}, two_{2}, three_{3};  // these start threads when first used
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

void GemmCase::check_packing() {
  const Guarded matrix = random_array(w_.size(), 2);
  const Guarded packed = arranged_weights(matrix);
  if (!in_halves()) expect_zero_padding(packed);
  EXPECT_EQ(row_major_weights(packed).values(), matrix.values());
}

void GemmCase::check_forward() {
  const Guarded w = arranged_weights(w_);
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

void GemmCase::check_input_gradient() {
  const Guarded w = arranged_weights(w_);
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

void GemmCase::check_weight_gradient() {
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
    case UpdateRule::kDecayedAdam:
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
  if (rule == UpdateRule::kAdam) decay = false;
  if (rule != UpdateRule::kAdam && rule != UpdateRule::kDecayedAdam) return p;
  AdamSettings adam;
  adam.lr = .05;
  adam.epsilon = 1e-6;
  adam.decay = decay ? .1 : 0;
  adam.decoupled_decay = decay ? .2 : 0;
  return adam_parameters(adam, 3);
}

void GemmCase::check_updates() {
  const GemmPlan plan = plan_weight_gradient(kernels(), s_);
  for (int r = 0; r < kUpdateRules; ++r) {
    const auto rule = static_cast<UpdateRule>(r);
    SCOPED_TRACE(testing::Message() << "rule " << r);
    const UpdateParameters parameters = parameters_of(rule, r % 2 == s_.batch % 2);
    Guarded second = random_array(w_.size(), 6);
    for (std::int64_t i = 0; i < second.size(); ++i) second[i] = std::abs(second[i]);
    const Guarded first = random_array(w_.size(), 5);
    const Guarded old_w = random_array(w_.size(), 2);
    const Guarded old_s0(rule == UpdateRule::kRmsProp ? second : first), old_s1(second);
    Guarded states0 = arranged(old_s0), states1 = arranged(old_s1);
    // The gradient itself is judged elsewhere; here it is the one the product gives.
    Guarded gradient(old_w.size());
    {
      Guarded workspace = workspace_of(plan);
      weight_gradient(plan, x_.data(), dy_.data(), MatrixLayout::kRowMajor, gradient.data(),
                      workspace.data(), one_);
    }
    const Guarded weights = same_for_all_threads(
        {&one_, &two_, &three_}, arranged_weights(old_w), [&](ThreadPool& pool, float* memory) {
          const Guarded again0 = arranged(old_s0), again1 = arranged(old_s1);
          std::copy_n(again0.data(), again0.size(), states0.data());
          std::copy_n(again1.data(), again1.size(), states1.data());
          Guarded workspace = workspace_of(plan);
          update_weights(plan, x_.data(), dy_.data(), layout(),
                         {rule, parameters, memory, {states0.data(), states1.data()}},
                         workspace.data(), pool);
        });
    if (!in_halves()) expect_zero_padding(weights);
    expect_zero_padding(states0);
    expect_zero_padding(states1);
    const Guarded w = row_major_weights(weights), s0 = row_major(states0), s1 = row_major(states1);
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

void GemmCase::check_plain_product() {
  const Guarded b = operand(s_.outputs * s_.inputs, 9);
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      SCOPED_TRACE(testing::Message() << transpose_a << transpose_b);
      const GemmShape shape{s_.batch, s_.inputs, s_.outputs, transpose_a, transpose_b, s_.bf16};
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

// Whatever the bits, and the upper half is the nearest bf16 unless two are equally near.
TEST(Halves, KeepEveryBit) {
  const Philox random(11, 3);
  std::vector<float> values = {0.0F,      -0.0F,       INFINITY,      -INFINITY, 1.0F,
                               0x1.01p0F, 0x1.0101p0F, 3.4028235e38F, 1e-45F};
  for (std::uint64_t i = 0; values.size() < 33 * 35; ++i) {
    const auto value = std::bit_cast<float>(random.bits(i));
    if (!std::isnan(value)) values.push_back(value);
  }
  const Halves halves({33, 35, 32});
  Guarded memory(halves.bytes() / 4, kGuard), back(33 * 35);
  split_halves(33, halves, values.data(), memory.data());
  join_halves(33, halves, memory.data(), back.data());
  EXPECT_EQ(std::memcmp(back.data(), values.data(), values.size() * sizeof(float)), 0);
  for (std::size_t r = 0; r < 33; ++r) {
    for (std::size_t j = 0; j < 32; ++j) {
      const float value = values[r * 35 + j];
      if ((std::bit_cast<std::uint32_t>(value) & 0xFFFF) == 0x8000) continue;
      EXPECT_EQ(halves.upper(memory.data())[r * 32 + j], Bf16(value).bits) << value;
    }
  }
}

#if defined(__x86_64__)
/// Whether the tile registers of this thread hold anything.
__attribute__((target("xsave"))) bool tile_registers_in_use() {
  return (_xgetbv(1) >> 18 & 1) != 0;
}
TEST(TileRegisters, ServeProductsOfBf16AndAreFreeAfterwards) {
  if (!has_instruction_set("amx_bf16")) GTEST_SKIP() << "this machine has no tile registers (AMX)";
  if (!may_use_tile_registers()) GTEST_SKIP() << "the system does not lend its tile registers";
  const LinearShape shape{40, 70, 50, true};
  const GemmPlan plan = plan_linear_forward(gemm_kernels(), shape, MatrixLayout::kRowMajor);
  EXPECT_STREQ(gemm_kernels().name, "amx_bf16");
  Guarded workspace(plan.workspace_floats(1)), y(shape.batch * shape.outputs);
  static bool used;
  used = false;
  ForwardEpilogue epilogue;
  epilogue.activation = [](float*, std::int64_t, const void*) { used = tile_registers_in_use(); };
  ThreadPool pool(1);
  linear_forward(plan, random_array(shape.batch * shape.inputs, 1).data(),
                 random_array(shape.inputs * shape.outputs, 2).data(), epilogue, y.data(),
                 workspace.data(), pool);
  EXPECT_TRUE(used);
  EXPECT_FALSE(tile_registers_in_use());
}
TEST(TileRegisters, SumUpByDepthInPiecesOfRowsAndColumns) {
  if (!may_use_tile_registers()) GTEST_SKIP() << "no tile registers (AMX) here";
  const LinearShape shape{137, 533, 4123, true};
  const GemmPlan plan = plan_input_gradient(gemm_kernels(), shape, MatrixLayout::kPanels);
  EXPECT_TRUE(goes_by_depth(plan));
  EXPECT_EQ(DepthGrid(plan).chunks(), 4);
  GemmCase(gemm_kernels(), shape, MatrixLayout::kPanels).check_input_gradient();
}
#endif

/// The kernels that take floats apart, or null.
const GemmKernels* kernels_with_thirds() {
  const GemmKernels& best = gemm_kernels();
  return best.thirds != nullptr ? &best : nullptr;
}
TEST(Thirds, ServeLargeProductsOfFloats) {
  const GemmKernels* kernels = kernels_with_thirds();
  if (kernels == nullptr) GTEST_SKIP() << "no tile registers (AMX) here";
  const auto forward = [&](const LinearShape& shape) {
    return plan_linear_forward(*kernels, shape, MatrixLayout::kPanels).in_thirds();
  };
  const auto input = [&](const LinearShape& shape) {
    return plan_input_gradient(*kernels, shape, MatrixLayout::kPanels).in_thirds();
  };
  const auto weight = [&](const LinearShape& shape) {
    return plan_weight_gradient(*kernels, shape).in_thirds();
  };
  const LinearShape wide{500, 600, 20108};
  EXPECT_TRUE(forward(wide) && input(wide) && weight(wide));
  const LinearShape few{32, 600, 20108};
  EXPECT_FALSE(forward(few) || input(few) || weight(few));
  const LinearShape narrow{128, 1024, 100};
  EXPECT_FALSE(forward(narrow)) << "its halves stay in caches";
  EXPECT_TRUE(weight(narrow));
  const LinearShape halves{500, 600, 20108, true};
  EXPECT_FALSE(forward(halves) || input(halves) || weight(halves));
}
// Pieces of columns and of rows, depths of several blocks, panels at once; edges everywhere.
TEST(Thirds, ServeAllShapes) {
  const GemmKernels* kernels = kernels_with_thirds();
  if (kernels == nullptr) GTEST_SKIP() << "no tile registers (AMX) here";
  for (const LinearShape& shape : {LinearShape{64, 64, 64},
                                   {97, 70, 65},
                                   {65, 97, 2081},
                                   {270, 530, 99},
                                   {67, 801, 240},
                                   {270, 661, 1090}}) {
    for (const MatrixLayout layout : {MatrixLayout::kRowMajor, MatrixLayout::kPanels}) {
      SCOPED_TRACE(testing::Message()
                   << shape.batch << 'x' << shape.inputs << 'x' << shape.outputs);
      GemmCase one(*kernels, shape, layout);
      one.check_forward();
      one.check_input_gradient();
      one.check_weight_gradient();
      one.check_updates();
      if (layout == MatrixLayout::kRowMajor) one.check_plain_product();
    }
  }
}
// Factors of all sizes, whose products differ by 2⁴⁰.
TEST(Thirds, AreAsExactAsFloats) {
  const GemmKernels* kernels = kernels_with_thirds();
  if (kernels == nullptr) GTEST_SKIP() << "no tile registers (AMX) here";
  GemmKernels floats = *kernels;
  floats.thirds = nullptr;
  constexpr std::int64_t kRows = 96, kDepth = 500, kColumns = 80;
  const Philox random(5, 1);
  const auto sized = [&](std::int64_t size, std::uint64_t stream) {
    Guarded out = random_array(size, stream);
    for (std::int64_t i = 0; i < size; ++i)
      out[i] =
          std::ldexp(out[i], static_cast<int>(random.bits(static_cast<std::uint64_t>(i)) % 21));
    return out;
  };
  const Guarded a = sized(kRows * kDepth, 1), b = sized(kDepth * kColumns, 2);
  const Reference expected = multiply(
      kRows, kDepth, kColumns, [&](auto i, auto k) { return a[i * kDepth + k]; },
      [&](auto k, auto j) { return b[k * kColumns + j]; });
  const auto errors = [&](const GemmKernels& of) {
    const GemmPlan plan = plan_gemm(of, {kRows, kDepth, kColumns});
    EXPECT_EQ(plan.in_thirds(), of.thirds != nullptr);
    Guarded workspace = workspace_of(plan), c(kRows * kColumns);
    ThreadPool pool(1);
    gemm(plan, a.data(), b.data(), c.data(), workspace.data(), pool);
    double worst = 0, squares = 0;
    for (std::int64_t i = 0; i < c.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double error = std::abs(c[i] - expected.sum[at]) / expected.magnitude[at];
      worst = std::max(worst, error);
      squares += error * error;
    }
    return std::pair(worst, std::sqrt(squares / double(c.size())));
  };
  const auto [worst, typical] = errors(*kernels);
  const auto [float_worst, float_typical] = errors(floats);
  EXPECT_LT(worst, 1.1 * float_worst);
  EXPECT_LT(typical, 1.1 * float_typical);
}
TEST(Thirds, KeepWhatIsNoNumber) {
  const GemmKernels* kernels = kernels_with_thirds();
  if (kernels == nullptr) GTEST_SKIP() << "no tile registers (AMX) here";
  constexpr std::int64_t kSize = 64;
  const GemmPlan plan = plan_gemm(*kernels, {kSize, kSize, kSize});
  ASSERT_TRUE(plan.in_thirds());
  for (const float odd : {std::nanf(""), std::bit_cast<float>(0x7FFFFFFFU), INFINITY, -INFINITY}) {
    Guarded a = random_array(kSize * kSize, 1), c(kSize * kSize), workspace = workspace_of(plan);
    const Guarded b = random_array(kSize * kSize, 2);
    a[3 * kSize + 5] = odd;
    ThreadPool pool(1);
    gemm(plan, a.data(), b.data(), c.data(), workspace.data(), pool);
    for (std::int64_t i = 0; i < kSize * kSize; ++i)
      ASSERT_EQ(std::isfinite(c[i]), i / kSize != 3) << odd << " at " << i;
  }
}

// Both products of the layer, so that a thread finds in its cache the weights that it wrote.
TEST(Gemm, DeepAndNarrowLayersAreCutByInputs) {
  const GemmKernels& kernels = gemm_kernels();
  const auto in_halves = [&](const LinearShape& shape) {
    return goes_in_halves(plan_linear_forward(kernels, shape, MatrixLayout::kPanels));
  };
  const auto cut_by_columns = [&](const LinearShape& shape) {
    return plan_weight_gradient(kernels, shape).grid.panel_pieces > 1;
  };
  for (const LinearShape& shape : {LinearShape{128, 1024, 100}, {16, 1024, 56}, {90, 1023, 72}}) {
    EXPECT_TRUE(in_halves(shape)) << shape.batch;
    EXPECT_FALSE(cut_by_columns(shape)) << shape.batch;
  }
  for (const LinearShape& shape : {LinearShape{300, 1024, 100}, {32, 500, 500}, {1, 1024, 10}})
    EXPECT_FALSE(in_halves(shape)) << shape.batch;
  EXPECT_TRUE(cut_by_columns({32, 500, 500}));
}
// A tile of six rows reads less than half of each line of a factor that it reads by columns.
TEST(Gemm, TransposedFactorsAreCopiedTileByTile) {
  for (const GemmKernels* kernels : all_gemm_kernels()) {
    const auto in_tiles = [&](const LinearShape& shape) {
      const GemmPlan plan = plan_weight_gradient(*kernels, shape);
      EXPECT_TRUE(!plan.a_in_tiles || plan.grid.row_unit % plan.tile.rows == 0);
      return plan.a_in_tiles;
    };
    const bool narrow = 2 * kernels->rows <= kLanes;
    EXPECT_EQ(in_tiles({128, 1000, 100}), narrow) << kernels->name;
    EXPECT_FALSE(in_tiles({128, 100, 10})) << kernels->name;  // read once
    EXPECT_FALSE(in_tiles({16, 500, 500})) << kernels->name;
    // In a few sets of the cache; thirds are copied anyway.
    EXPECT_EQ(in_tiles({1024, 4096, 600}), kernels->thirds == nullptr) << kernels->name;
  }
}
TEST(Gemm, WeightsOfFewSamplesStayWhereTheyWereUpdated) {
  const auto by_depth = [](const LinearShape& shape) {
    const GemmPlan plan = plan_input_gradient(gemm_kernels(), shape, MatrixLayout::kPanels);
    return goes_by_depth(plan) && !plan.in_thirds();
  };
  EXPECT_TRUE(by_depth({32, 500, 500}));
  EXPECT_FALSE(by_depth({128, 500, 500}));
  EXPECT_FALSE(by_depth({32, 3072, 3000}));
  EXPECT_FALSE(by_depth({128, 1024, 100}));
}

class GemmTest : public testing::TestWithParam<int> {
 protected:
  [[nodiscard]] static const GemmKernels& kernels() {
    return *all_gemm_kernels()[static_cast<std::size_t>(GetParam())];
  }
  static void for_all(void (GemmCase::*check)()) {
    for (LinearShape s : shapes()) {
      for (const bool bf16 : {false, true}) {
        s.bf16 = bf16;
        for (const MatrixLayout layout : {MatrixLayout::kRowMajor, MatrixLayout::kPanels}) {
          SCOPED_TRACE(testing::Message()
                       << s.batch << 'x' << s.inputs << 'x' << s.outputs << (bf16 ? " bf16" : "")
                       << (layout == MatrixLayout::kPanels ? " panels" : ""));
          GemmCase one(kernels(), s, layout);
          (one.*check)();
          if (HasFatalFailure()) return;
        }
      }
    }
  }
};

TEST_P(GemmTest, Packing) {
  for_all(&GemmCase::check_packing);
}
TEST_P(GemmTest, Forward) {
  for_all(&GemmCase::check_forward);
}
TEST_P(GemmTest, InputGradient) {
  for_all(&GemmCase::check_input_gradient);
}
TEST_P(GemmTest, WeightGradient) {
  for_all(&GemmCase::check_weight_gradient);
}
TEST_P(GemmTest, UpdateOfWeights) {
  for_all(&GemmCase::check_updates);
}
TEST_P(GemmTest, PlainProduct) {
  for (LinearShape s : shapes()) {
    for (const bool bf16 : {false, true}) {
      s.bf16 = bf16;
      SCOPED_TRACE(testing::Message()
                   << s.batch << 'x' << s.inputs << 'x' << s.outputs << (bf16 ? " bf16" : ""));
      GemmCase(kernels(), s, MatrixLayout::kRowMajor).check_plain_product();
      if (HasFatalFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, GemmTest,
                         testing::Range(0, static_cast<int>(all_gemm_kernels().size())),
                         [](const testing::TestParamInfo<int>& isa) {
                           return std::string(
                               all_gemm_kernels()[static_cast<std::size_t>(isa.param)]->name);
                         });

}  // namespace
}  // namespace bascule::detail
