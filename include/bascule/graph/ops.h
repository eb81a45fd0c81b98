#pragma once
// The functions that build a graph. Binary functions broadcast as NumPy does. Axes may be negative.
// Every function throws GraphError, prefixed by the op, when its arguments do not fit.
#include <cstdint>
#include <span>
#include <vector>

#include <bascule/graph/graph.h>

namespace bascule {

// Element-wise, one operand.
Value negate(const Value& a);
Value abs(const Value& a);
Value sign(const Value& a);
Value exp(const Value& a);
Value log(const Value& a);
Value sqrt(const Value& a);
Value rsqrt(const Value& a);
Value reciprocal(const Value& a);
Value square(const Value& a);
Value tanh(const Value& a);
Value sigmoid(const Value& a);
Value softplus(const Value& a);
Value relu(const Value& a);
Value leaky_relu(const Value& a, double slope = 0.01);
Value elu(const Value& a, double alpha = 1);
Value gelu(const Value& a);
Value gelu_tanh(const Value& a);
Value silu(const Value& a);
Value scale(const Value& a, double factor);
Value offset(const Value& a, double term);
Value power(const Value& a, double exponent);
/// Between low and high; the gradient is 0 where it clips.
Value clip(const Value& a, double low, double high);
/// To another element type, rounding to nearest even.
Value cast(const Value& a, DType dtype);

// Element-wise, more operands.
Value add(const Value& a, const Value& b);
Value subtract(const Value& a, const Value& b);
Value multiply(const Value& a, const Value& b);
Value divide(const Value& a, const Value& b);
Value maximum(const Value& a, const Value& b);
Value minimum(const Value& a, const Value& b);
Value greater(const Value& a, const Value& b);
Value greater_equal(const Value& a, const Value& b);
Value equal(const Value& a, const Value& b);
Value select(const Value& condition, const Value& a, const Value& b);
inline Value operator+(const Value& a, const Value& b) {
  return add(a, b);
}
inline Value operator-(const Value& a, const Value& b) {
  return subtract(a, b);
}
inline Value operator*(const Value& a, const Value& b) {
  return multiply(a, b);
}
inline Value operator/(const Value& a, const Value& b) {
  return divide(a, b);
}
inline Value operator-(const Value& a) {
  return negate(a);
}

// Shapes.
Value reshape(const Value& a, const Shape& shape);
Value transpose(const Value& a, std::vector<std::int64_t> permutation);
Value broadcast_to(const Value& a, const Shape& shape);
Value concat(std::span<const Value> values, std::int64_t axis);
/// Elements begin … end−1 along an axis.
Value slice(const Value& a, std::int64_t axis, std::int64_t begin, std::int64_t end);

// Reductions over `axes` (all when empty); `keep` leaves extents of 1.
Value sum(const Value& a, std::vector<std::int64_t> axes = {}, bool keep = false);
Value mean(const Value& a, std::vector<std::int64_t> axes = {}, bool keep = false);
Value max(const Value& a, std::vector<std::int64_t> axes = {}, bool keep = false);
/// Sums so that the result has `shape`, which broadcasts to a's: the gradient of broadcasting.
Value sum_to(const Value& a, const Shape& shape);
/// Index of the largest element along the last axis, the first of equals: i32.
Value argmax(const Value& a);

// Products.
/// op(a) · op(b) of matrices, where op transposes if asked to.
Value matmul(const Value& a, const Value& b, bool transpose_a = false, bool transpose_b = false);
/// Whether a product, plain or fused, rounds its two factors to bf16 (attribute "bf16", which the
/// pass mixed_precision sets); sums stay f32.
bool multiplies_bf16(const Node& node);
/// The same for fp16 and attribute "fp16".
bool multiplies_fp16(const Node& node);
/// x w of a sparse matrix x [M, K], in CSR and without a gradient, and w [K, N].
Value sparse_matmul(const Value& x, const Value& w);
/// xᵀ y [K, N] of the same and y [M, N]: the gradient of sparse_matmul by w.
Value sparse_matmul_transposed(const Value& x, const Value& y);

// Rows.
/// Rows of `table` [V, D] at `indices` (i32, any shape S): S + [D]. Indices out of range give
/// zeros.
Value gather_rows(const Value& table, const Value& indices);
/// The gradient of gather_rows: rows of `values` added at `indices` into zeros of [rows, D], always
/// in the order of the indices.
Value scatter_add_rows(const Value& values, const Value& indices, std::int64_t rows);
/// From each row of a [M, C] the element at indices [M].
Value pick(const Value& a, const Value& indices);
/// The gradient of pick: zeros [M, columns] but values [M] at indices [M].
Value place(const Value& values, const Value& indices, std::int64_t columns);
/// 1 at the index, else 0: f32 S + [classes].
Value one_hot(const Value& indices, std::int64_t classes);

// Along the last axis.
Value softmax(const Value& a);
Value log_softmax(const Value& a);
/// Of each row −Σ_j counts_j log softmax(logits)_j [M], for logits [M, N] and counts [M, N] in CSR,
/// which have no gradient (D. Liang et al., WWW 2018).
Value multinomial_nll(const Value& logits, const Value& counts);

// Randomness: a pure function of (seed, stream, step, index of the element): see
// base/random_values.h. `step` is an i64 scalar, `seed` an attribute; `stream` tells the uses in
// one graph apart.
/// Uniform in [0, 1), the same bits on every device.
Value random_uniform(const Value& step, const Shape& shape, std::uint64_t seed,
                     std::uint64_t stream);
/// Standard normal; devices agree to 1e-6.
Value random_normal(const Value& step, const Shape& shape, std::uint64_t seed,
                    std::uint64_t stream);
/// 0 with probability `rate`, which is in [0, 1), else 1 / (1 − rate): multiply by it.
Value dropout_mask(const Value& step, const Shape& shape, double rate, std::uint64_t seed,
                   std::uint64_t stream);

/// step + 1, for i64 counters.
Value increment(const Value& step);

// Optimizer updates: pure functions from the old to the new values, all of one shape; `lr` is an
// f32 scalar. Gradient-free. Each gives the new weight first, then the new states. Where `lazy`,
// rows (along the first axis) whose gradient is all zeros stay as they are, states and decay
// included, as with torch.optim.SparseAdam.
/// w − lr (g + decay w).
std::vector<Value> sgd_update(const Value& w, const Value& g, const Value& lr, double decay,
                              bool lazy = false);
/// PyTorch's SGD when `scaled` is false: v' = µ v + g, w' = w − lr v' (Nesterov: lr (g + µ v')).
/// Lasagne's and Keras' when `scaled`: v' = µ v − lr g, w' = w + v' (Nesterov: w + µ v' − lr g).
std::vector<Value> momentum_update(const Value& w, const Value& v, const Value& g, const Value& lr,
                                   double momentum, bool nesterov, bool scaled, double decay,
                                   bool lazy = false);
/// v' = ρ v + (1 − ρ) g²; w' = w − lr g / (√v' + ε).
std::vector<Value> rmsprop_update(const Value& w, const Value& v, const Value& g, const Value& lr,
                                  double rho, double epsilon, double decay, bool lazy = false);
/// D. Kingma, J. Ba, "Adam", ICLR 2015, algorithm 1; `step` is the i64 number of steps done before
/// this one. ε is outside the root. decay adds decay w to the gradient; decoupled_decay is AdamW's
/// (I. Loshchilov, F. Hutter, ICLR 2019): w is first multiplied by 1 − lr · decoupled_decay.
std::vector<Value> adam_update(const Value& w, const Value& m, const Value& v, const Value& g,
                               const Value& lr, const Value& step, double beta1, double beta2,
                               double epsilon, double decay, double decoupled_decay,
                               bool lazy = false);
/// X. Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023 (Lion).
std::vector<Value> lion_update(const Value& w, const Value& m, const Value& g, const Value& lr,
                               double beta1, double beta2, double decoupled_decay);

}  // namespace bascule
