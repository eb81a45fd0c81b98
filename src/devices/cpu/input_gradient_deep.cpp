#include "devices/cpu/input_gradient_deep.h"

#include <algorithm>

#include "devices/cpu/gemm_loops.h"

namespace bascule::detail {
namespace {

/// Outputs of a round: their parts of W and dy stay in the third cache until it ends.
constexpr std::int64_t kRound = 2048;
/// Inputs of a chunk.
constexpr std::int64_t kInputs = 64;
/// Outputs whose part of a chunk's W is turned round, and used, at a time: a panel of it stays in
/// the first cache, all of it and as much of dy, with their sums, in the second.
constexpr std::int64_t kPanelFloats = 1 << 13, kGradientFloats = 1 << 16;
constexpr std::int64_t kMostTurned = kPanelFloats / kLanes;

constexpr std::int64_t kLeastOutputs = 2 * kRound, kLeastBatch = 64;

/// In the words of the plan, whose product is dxᵀ: rows are inputs, columns samples.
struct Extents {
  std::int64_t inputs, outputs, batch;

  explicit Extents(const GemmPlan& plan)
      : inputs(plan.rows), outputs(plan.b.rows), batch(plan.b.columns) {}
  [[nodiscard]] std::int64_t padded_inputs() const {
    return (inputs + kInputs - 1) / kInputs * kInputs;
  }
};

/// panel[k][i] = w[i][output + k], for `count` inputs from `input` on.
void turn(const GemmPlan& plan, const float* w, std::int64_t input, std::int64_t count,
          Range outputs, std::int64_t width, float* panel) {
  const Panels& a = plan.a;
  for (std::int64_t k = outputs.begin; k < outputs.end; k += a.panel) {
    const std::int64_t p = k / a.panel, stride = a.width(p);
    plan.kernels->pack_columns(w + a.offset(p) + input * stride, stride,
                               std::min(a.panel, outputs.end - k), count, width,
                               panel + (k - outputs.begin) * width);
  }
}

}  // namespace

bool is_deep(const GemmPlan& plan) {
  const Extents e(plan);
  return plan.a_layout == MatrixLayout::kPanels && plan.words == nullptr &&
         e.outputs >= kLeastOutputs && e.batch >= kLeastBatch;
}

std::int64_t deep_floats(const GemmPlan& plan) {
  const Extents e(plan);
  return e.batch * e.padded_inputs();
}

void input_gradient_deep(const GemmPlan& plan, const float* dy, const float* w,
                         const BackwardEpilogue& epilogue, float* dx, float* workspace,
                         ThreadPool& pool) {
  const Extents e(plan);
  const std::int64_t stride = e.padded_inputs(), panel = plan.kernels->panel;
  const TileTable& tiles = plan.kernels->tiles[static_cast<std::size_t>(TileAccess::kRows)];
  const std::int64_t input_pieces = (e.inputs + kInputs - 1) / kInputs;
  const std::int64_t most_turned = kPanelFloats / panel;
  const std::int64_t most_samples = kGradientFloats / most_turned;
  const std::int64_t sample_pieces = (e.batch + most_samples - 1) / most_samples;

  const auto multiply = [&](Range inputs, Range samples, Range outputs, const float* turned) {
    const std::int64_t groups = (samples.size() + plan.kernels->rows - 1) / plan.kernels->rows;
    Tile tile{};
    for (std::int64_t i = inputs.begin; i < inputs.end; i += panel) {
      for (std::int64_t group = 0; group < groups; ++group) {
        const Range rows = piece(samples.size(), groups, group);
        const std::int64_t sample = samples.begin + rows.begin;
        tile.parts[0] = {dy + sample * e.outputs + outputs.begin, e.outputs, 1, outputs.size(), 0};
        tile.b = turned + (i - inputs.begin) * outputs.size();
        tile.c = workspace + sample * stride + i;
        tile.c_stride = stride;
        tile.accumulate = outputs.begin > 0;
        tiles[panel / kLanes - 1][rows.size() - 1](tile);
      }
    }
  };
  const auto finish = [&](Range inputs, Range samples) {
    for (std::int64_t s = samples.begin; s < samples.end; ++s) {
      const float* sums = workspace + s * stride;
      float* row = dx + s * e.inputs;
      const float* x = epilogue.x == nullptr ? nullptr : epilogue.x + s * e.inputs;
      for (std::int64_t i = inputs.begin; i < inputs.end; ++i)
        row[i] = epilogue.relu && !(x[i] > 0) ? 0 : sums[i];
      if (epilogue.derivative != nullptr)
        epilogue.derivative(row + inputs.begin, x + inputs.begin, inputs.size(), epilogue.context);
    }
  };
  for (std::int64_t begin = 0; begin < e.outputs; begin += kRound) {
    const std::int64_t end = std::min(begin + kRound, e.outputs);
    run_chunks(pool, input_pieces * sample_pieces, [&](std::int64_t chunk, int) {
      alignas(64) float turned[kMostTurned * kInputs];
      const Range samples = piece(e.batch, sample_pieces, chunk % sample_pieces);
      const std::int64_t first = chunk / sample_pieces * kInputs;
      const Range inputs = {first, std::min(first + kInputs, e.inputs)};
      for (std::int64_t k = begin; k < end; k += most_turned) {
        const Range outputs = {k, std::min(k + most_turned, end)};
        for (std::int64_t i = inputs.begin; i < inputs.end; i += panel)
          turn(plan, w, i, std::min(panel, inputs.end - i), outputs, panel,
               turned + (i - inputs.begin) * outputs.size());
        multiply(inputs, samples, outputs, turned);
      }
      if (end == e.outputs) finish(inputs, samples);
    });
  }
}

}  // namespace bascule::detail
