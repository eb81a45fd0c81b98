#pragma once
// The inner loops of everything but products, compiled once per instruction set and chosen at run
// time. All run with denormals flushed to zero (flush_denormals.h). Matrices are row-major.
#include <array>
#include <cstdint>
#include <span>

#include <bascule/base/bf16.h>
#include <bascule/devices/top_scores.h>
#include <bascule/graph/element_op.h>

namespace bascule::detail {

inline constexpr std::size_t kElementOpCount = static_cast<std::size_t>(ElementOp::kSelect) + 1;
/// out[i] = f(a[i], b[i], c[i]); unused operands may be null, `out` may be one of the others.
using ElementFunction = void (*)(const float* a, const float* b, const float* c, float* out,
                                 std::int64_t n, double parameter);

struct CrossEntropyRows {
  const float* logits;
  const std::int32_t* labels;
  const float* gradient;  ///< of the loss; null when the loss itself is wanted
  float* out;             ///< loss by row, or the logits' gradient (may be `logits`)
  std::int64_t rows, columns;
};

/// Rows of logits and what each row's distribution is compared with: of row r the counts at
/// offsets[r] … offsets[r + 1] − 1.
struct MultinomialRows {
  const float* logits;
  const std::int64_t* offsets;
  const std::int32_t* indices;
  const float* counts;
  const float* gradient;  ///< of the loss; null: that of the logits is not wanted
  float* out;             ///< the logits' gradient; may be `logits`
  float* loss;            ///< by row; null when it is not wanted
  std::int64_t rows, columns;
};

/// Words of random_values.h.
struct RandomStretch {
  std::array<std::uint32_t, 2> key;
  std::uint64_t step;
  std::uint64_t first;  ///< block of four elements
  std::int64_t count;   ///< elements, from the first of the block on
};

/// Some rows of a dense matrix, or the first ones where `index` is null; `width` is a multiple of
/// 16.
struct PickedRows {
  const float* rows;
  std::int64_t stride, width;
  const std::int32_t* index;
  const float* weights;
  std::int64_t count;
};

struct VectorKernels {
  const char* name;
  ElementFunction elements[kElementOpCount];  ///< by ElementOp

  double (*sum)(const float* x, std::int64_t n);
  /// sums[j] += Σᵢ x[i · stride + j].
  void (*column_sums)(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                      double* sums);
  /// NaN when one of them is; n > 0.
  float (*max)(const float* x, std::int64_t n);
  /// best[j] = max(best[j], maxᵢ x[i · stride + j]).
  void (*column_max)(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                     float* best);
  /// The first of the greatest elements, a NaN being greater than any number; n > 0.
  std::int32_t (*argmax)(const float* x, std::int64_t n);

  /// The result may be written over either operand.
  void (*softmax)(const float* x, float* y, std::int64_t rows, std::int64_t columns);
  void (*log_softmax)(const float* x, float* y, std::int64_t rows, std::int64_t columns);
  void (*softmax_grad)(const float* g, const float* y, float* dx, std::int64_t rows,
                       std::int64_t columns);
  void (*log_softmax_grad)(const float* g, const float* y, float* dx, std::int64_t rows,
                           std::int64_t columns);
  void (*cross_entropy)(const CrossEntropyRows&);
  void (*multinomial)(const MultinomialRows&);

  /// See top_scores.h; `ceiling` may be null.
  void (*strand_maxima)(const float* x, const float* ceiling, std::int64_t n, std::int64_t depth,
                        float* out);

  void (*random_uniform)(const RandomStretch&, float* out);
  void (*random_normal)(const RandomStretch&, float* out);
  /// 0 where the uniform number is below `rate`, else `kept`.
  void (*dropout_mask)(const RandomStretch&, float rate, float kept, float* out);

  /// out[j · out_stride + i] = x[i · stride + j], four-byte elements.
  void (*transpose)(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                    float* out, std::int64_t out_stride);
  void (*to_bf16)(const float* x, Bf16* y, std::int64_t n);
  void (*from_bf16)(const Bf16* x, float* y, std::int64_t n);
  /// y[i] += factor · x[i].
  void (*add_scaled)(const float* x, float factor, float* y, std::int64_t n);
  /// y += Σ_e weights[e] row_e.
  void (*add_rows)(const PickedRows&, float* y);
  /// y += Σ_e weights[e] (x · row_e) row_e.
  void (*add_projections)(const PickedRows&, const float* x, float* y);
  float (*dot)(const float* x, const float* y, std::int64_t n);
};

extern const VectorKernels kVectorPortable;
#if defined(__x86_64__)
extern const VectorKernels kVectorAvx2;
extern const VectorKernels kVectorAvx512;
#endif

/// The best for this processor.
const VectorKernels& vector_kernels();
/// All that this processor can run, the portable one first; for tests.
std::span<const VectorKernels* const> all_vector_kernels();

}  // namespace bascule::detail
