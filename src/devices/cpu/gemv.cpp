#include "devices/cpu/gemv.h"

#include <algorithm>

#include "devices/cpu/gemm_loops.h"

namespace bascule::detail {
namespace {

/// What one thread reads, from its second cache, before another could have been woken.
constexpr std::int64_t kLittle = std::int64_t{512} << 10;
/// Some 5 to 10 µs of reading.
constexpr std::int64_t kChunkBytes = std::int64_t{256} << 10;
constexpr std::int64_t kMostChunks = 32;

/// Neighbouring panels [first, first + full), then a narrow one if `last`.
struct Group {
  std::int64_t first, full;
  bool last;
};

bool in_panels(const GemvPlan& plan) {
  return plan.product.b_layout == MatrixLayout::kPanels;
}
/// The columns of panel p that vectors may read.
std::int64_t readable(const GemvPlan& plan, std::int64_t p) {
  const Panels& b = plan.product.b;
  return in_panels(plan) ? b.width(p) : b.valid(p);
}

/// As many panels from p on as are read side by side; none where whole vectors would read too far.
Group next_group(const GemvPlan& plan, std::int64_t p, std::int64_t end) {
  const std::int64_t panel = plan.product.b.panel;
  Group group{p, 0, false};
  while (p < end && group.full < plan.kernels->panels && readable(plan, p) == panel) {
    ++group.full;
    ++p;
  }
  group.last = p < end && panel > kLanes && readable(plan, p) == kLanes;
  return group;
}

/// Rows `rows` of panel p and those beside it.
GemvBlock make_block(const GemvPlan& plan, const float* x, const float* w, Range rows,
                     std::int64_t p, float* sums) {
  const Panels& b = plan.product.b;
  GemvBlock block{};
  block.x = x + rows.begin;
  block.rows = rows.size();
  block.panels = in_panels(plan) ? w + b.offset(p) + rows.begin * b.width(p)
                                 : w + rows.begin * b.columns + p * b.panel;
  block.row = in_panels(plan) ? b.width(p) : b.columns;
  block.panel = in_panels(plan) ? b.panel * b.rows : b.panel;
  block.accumulate = rows.begin > 0;
  block.sums = sums;
  return block;
}

void sum_group(const GemvPlan& plan, const Group& group, const float* x, const float* w, Range rows,
               float* sums) {
  GemvBlock block = make_block(plan, x, w, rows, group.first, sums);
  if (group.last) {
    const GemvBlock last = make_block(plan, x, w, rows, group.first + group.full, nullptr);
    block.last = last.panels;
    block.last_row = last.row;
  }
  plan.kernels->blocks[group.last ? 1 : 0][group.full](block);
}

/// The columns that end a row-major matrix, a vector at a time.
void sum_rest(const GemvPlan& plan, std::int64_t p, const float* x, const float* w, Range rows,
              float* sums) {
  const std::int64_t lanes = plan.kernels->lanes, valid = plan.product.b.valid(p);
  GemvBlock block = make_block(plan, x, w, rows, p, sums);
  block.last_row = block.row;
  for (std::int64_t j = 0; j < valid; j += lanes, block.sums += lanes) {
    block.last = block.panels + j;
    block.last_valid = std::min(valid - j, lanes);
    plan.kernels->partial(block);
  }
}

}  // namespace

GemvPlan plan_gemv(const GemmKernels& kernels, std::int64_t inputs, std::int64_t outputs,
                   MatrixLayout weights) {
  GemvPlan plan;
  plan.product.kernels = &kernels;
  plan.product.tile.depth_block = kernels.depth_block;
  plan.product.rows = 1;
  plan.product.b = {inputs, outputs, kernels.panel};
  plan.product.b_layout = weights;
  plan.kernels = kernels.gemv;
  const std::int64_t bytes = plan.product.b.floats() * static_cast<std::int64_t>(sizeof(float));
  if (bytes > kLittle)
    plan.chunks = std::min(plan.product.b.count(),
                           std::clamp<std::int64_t>(bytes / kChunkBytes, 2, kMostChunks));
  return plan;
}

void gemv(const GemvPlan& plan, const float* x, const float* w, const ForwardEpilogue& epilogue,
          float* y, ThreadPool& pool) {
  const GemmPlan& product = plan.product;
  const Panels& b = product.b;
  run_chunks(pool, plan.chunks, [&](std::int64_t chunk, int) {
    alignas(64) float sums[(kMostGemvPanels + 1) * kWidestPanel];
    const Range panels = piece(b.count(), plan.chunks, chunk);
    for (std::int64_t p = panels.begin; p < panels.end;) {
      const Group group = next_group(plan, p, panels.end);
      const std::int64_t count = std::max<std::int64_t>(group.full + (group.last ? 1 : 0), 1);
      for (std::int64_t k = 0, step = 0; k < b.rows; k += step) {
        step = depth_step(product, k, b.rows);
        if (group.full == 0 && !group.last) {
          sum_rest(plan, p, x, w, {k, k + step}, sums);
        } else {
          sum_group(plan, group, x, w, {k, k + step}, sums);
        }
      }
      const std::int64_t column = p * b.panel;
      const std::int64_t columns = std::min(count * b.panel, b.columns - column);
      const float* bias = epilogue.bias == nullptr ? nullptr : epilogue.bias + column;
      product.kernels->finish_rows(sums, 1, columns, bias, epilogue.relu, y + column, 0, columns);
      if (epilogue.activation != nullptr)
        epilogue.activation(y + column, columns, epilogue.context);
      p += count;
    }
  });
}

}  // namespace bascule::detail
