// The product of one row, for every instruction set, against the product of a batch, which
// gemm_test judges.
#include "devices/cpu/gemv.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/base/threads.h>

namespace bascule::detail {
namespace {

constexpr std::int64_t kBatch = 12;  // whole tiles of every instruction set

struct Sizes {
  std::int64_t inputs, outputs;
};
const Sizes kSizes[] = {{1, 1},     {7, 5},    {3, 16},    {31, 17},    {33, 32},    {100, 10},
                        {257, 48},  {500, 97}, {784, 500}, {300, 128},  {1024, 100}, {90, 900},
                        {1030, 63}, {64, 33},  {513, 145}, {200, 1000}, {9, 4096}};

std::vector<float> random_values(std::int64_t size, std::uint64_t stream) {
  const Philox random(11, stream);
  std::vector<float> out(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(2 * random.uniform(i) - 1);
  return out;
}

void square(float* row, std::int64_t n, const void* /*context*/) {
  for (std::int64_t i = 0; i < n; ++i) row[i] *= row[i];
}

class GemvTest : public testing::TestWithParam<int> {
 protected:
  [[nodiscard]] static const GemmKernels& kernels() {
    return *all_gemm_kernels()[static_cast<std::size_t>(GetParam())];
  }

  /// Weights as the layout has them, nothing after them.
  static std::vector<float> arranged(const std::vector<float>& w, const Sizes& s,
                                     MatrixLayout layout) {
    if (layout == MatrixLayout::kRowMajor) return w;
    const Panels panels{s.inputs, s.outputs, kernels().panel};
    std::vector<float> packed(static_cast<std::size_t>(panels.floats()));
    pack_panels(kernels(), panels, w.data(), packed.data());
    return packed;
  }

  /// [kBatch, outputs], by the tallest tiles and not cut.
  static std::vector<float> by_tiles(const Sizes& s, const std::vector<float>& x,
                                     const std::vector<float>& w, const ForwardEpilogue& epilogue) {
    GemmPlan plan =
        plan_linear_forward(kernels(), {kBatch, s.inputs, s.outputs}, MatrixLayout::kPanels);
    plan.grid.row_pieces = plan.grid.panel_pieces = 1;
    plan.tile.rows = kernels().rows;
    std::vector<float> y(static_cast<std::size_t>(kBatch * s.outputs));
    std::vector<float> workspace(static_cast<std::size_t>(plan.workspace_floats(1)));
    ThreadPool one(1);
    linear_forward(plan, x.data(), arranged(w, s, MatrixLayout::kPanels).data(), epilogue, y.data(),
                   workspace.data(), one);
    return y;
  }

  static std::vector<float> row_by_row(const Sizes& s, const std::vector<float>& x,
                                       const std::vector<float>& w, MatrixLayout layout,
                                       const ForwardEpilogue& epilogue, ThreadPool& pool) {
    const GemvPlan plan = plan_gemv(kernels(), s.inputs, s.outputs, layout);
    const std::vector<float> weights = arranged(w, s, layout);
    std::vector<float> all;
    for (std::int64_t i = 0; i < kBatch; ++i) {
      std::vector<float> y(static_cast<std::size_t>(s.outputs));
      gemv(plan, x.data() + i * s.inputs, weights.data(), epilogue, y.data(), pool);
      all.insert(all.end(), y.begin(), y.end());
    }
    return all;
  }
};

TEST_P(GemvTest, EqualsTheBatchToTheBit) {
  ThreadPool one(1), three(3);
  for (const Sizes& s : kSizes) {
    const std::vector<float> x = random_values(kBatch * s.inputs, 1),
                             w = random_values(s.inputs * s.outputs, 2),
                             bias = random_values(s.outputs, 3);
    ForwardEpilogue biased, relu, activated;
    biased.bias = relu.bias = activated.bias = bias.data();
    relu.relu = true;
    activated.activation = square;
    for (const ForwardEpilogue& epilogue : {ForwardEpilogue{}, biased, relu, activated}) {
      const std::vector<float> expected = by_tiles(s, x, w, epilogue);
      for (const MatrixLayout layout : {MatrixLayout::kRowMajor, MatrixLayout::kPanels}) {
        SCOPED_TRACE(testing::Message() << s.inputs << 'x' << s.outputs
                                        << (layout == MatrixLayout::kPanels ? " panels" : ""));
        EXPECT_EQ(row_by_row(s, x, w, layout, epilogue, one), expected);
        EXPECT_EQ(row_by_row(s, x, w, layout, epilogue, three), expected);
      }
    }
  }
}

TEST_P(GemvTest, LittleWeightsWakeNobody) {
  EXPECT_EQ(plan_gemv(kernels(), 1024, 100, MatrixLayout::kPanels).chunks, 1);
  EXPECT_GT(plan_gemv(kernels(), 500, 500, MatrixLayout::kPanels).chunks, 1);
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, GemvTest,
                         testing::Range(0, static_cast<int>(all_gemm_kernels().size())),
                         [](const auto& instance) {
                           return std::string(
                               all_gemm_kernels()[static_cast<std::size_t>(instance.param)]->name);
                         });

}  // namespace
}  // namespace bascule::detail
