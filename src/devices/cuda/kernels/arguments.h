#pragma once
// What the kernels are given: plain structures, passed by value, the same for both compilers.
#include <cstdint>

#include <bascule/base/dtype.h>
#include <bascule/graph/element_op.h>

#include "devices/cuda/kernels/walk.h"

namespace bascule::cuda {

inline constexpr int kThreads = 256;  ///< of every block

/// y = op(x[0], x[1], x[2]), one thread per element.
struct ElementArguments {
  const float* x[3] = {};
  float* y = nullptr;
  Walk walks[3];  ///< of the operands, along y
  std::int64_t count = 0;
  std::int32_t operands = 0;
  ElementOp op = ElementOp::kNegate;
  float parameter = 0;
};

inline constexpr int kMapInputs = 12, kMapInstructions = 24, kMapOutputs = 4;

/// A MapCode, one thread per element.
struct MapArguments {
  struct Instruction {
    ElementOp op;
    std::uint8_t a, b, c;
    float parameter;
  };
  const float* x[kMapInputs] = {};
  float* y[kMapOutputs] = {};
  Walk walks[kMapInputs];
  Instruction code[kMapInstructions] = {};
  std::uint8_t results[kMapOutputs] = {};
  std::int32_t inputs = 0, instructions = 0, outputs = 0;
  std::int64_t count = 0;
};

/// Element i goes from its place in one walk to its place in another; one thread per element.
struct MoveArguments {
  const void* from = nullptr;
  void* to = nullptr;
  Walk from_walk, to_walk;
  std::int64_t count = 0;
  std::int32_t element_bytes = 0;  ///< 2, 4 or 8
};

struct CastArguments {
  const void* from = nullptr;
  void* to = nullptr;
  std::int64_t count = 0;
  DType from_type = DType::kF32, to_type = DType::kF32;
};

struct IncrementArguments {
  const std::int64_t* x = nullptr;
  std::int64_t* y = nullptr;
  std::int64_t count = 0;
};

/// Output i stands for the elements at outer(i) + inner(0), outer(i) + inner(1), …
struct ReduceArguments {
  const float* x = nullptr;
  void* y = nullptr;  ///< float, int32 of argmax
  Walk outer, inner;
  std::int64_t outputs = 0, elements = 0;
};

/// A block per row.
struct RowArguments {
  const float* x = nullptr;
  const float* second = nullptr;  ///< y of the softmax, of a gradient
  float* y = nullptr;
  std::int64_t columns = 0;
};

/// A block per row.
struct CrossEntropyArguments {
  const float* logits = nullptr;
  const std::int32_t* labels = nullptr;
  const float* gradient = nullptr;  ///< of the losses
  float* y = nullptr;
  std::int64_t columns = 0;
};

/// Rows and elements named by indices; those out of range give 0.
struct IndexArguments {
  const float* x = nullptr;
  const std::int32_t* indices = nullptr;
  float* y = nullptr;
  std::int64_t count = 0;  ///< elements of y, one thread each
  std::int64_t rows = 0, columns = 0;
};

enum class Draw : std::int32_t { kUniform, kNormal, kDropout };

/// A thread per block of four elements.
struct RandomArguments {
  const std::int64_t* step = nullptr;
  float* y = nullptr;
  std::int64_t count = 0;
  std::uint32_t key[2] = {};
  Draw draw = Draw::kUniform;
  std::uint32_t dropped_below = 0;  ///< of the upper 24 bits of a word
  float kept = 0;                   ///< value of what is not dropped
};

enum class UpdateRule : std::int32_t { kSgd, kMomentum, kRmsprop, kAdam, kLion, kNone };

/// graph/ops.h has the formulas. What is one minus another is computed in double, where 1 − 0.999
/// keeps its digits.
struct UpdateArguments {
  const float* w = nullptr;
  const float* states[2] = {};
  float* new_w = nullptr;
  float* new_states[2] = {};
  const float* gradient = nullptr;  ///< null where a product gives it
  const float* lr = nullptr;
  const std::int64_t* step = nullptr;
  const float* gate = nullptr;          ///< multiplies the gradient; 0: nothing changes; null: 1
  std::int64_t count = 0, columns = 1;  ///< of all elements, of a row
  double beta1 = 0, beta2 = 0;          ///< also momentum and rho, as beta1
  float rest1 = 0, rest2 = 0;           ///< 1 − beta
  float epsilon = 0, decay = 0, decoupled = 0;
  std::int32_t state_count = 0;
  UpdateRule rule = UpdateRule::kSgd;
  bool nesterov = false, scaled = false;
  bool lazy = false;  ///< rows whose gradient is all zeros stay as they are
};

/// Elements that a block updates at most.
inline constexpr int kUpdateTile = 4 * kThreads;

/// Several weights by one rule, blocks of one after those of another.
inline constexpr int kUpdateParts = 48;
struct MultiUpdateArguments {
  struct Part {
    const float* w = nullptr;
    const float* states[2] = {};
    float* new_w = nullptr;
    float* new_states[2] = {};
    const float* gradient = nullptr;
    std::int64_t count = 0;
    std::int64_t first_block = 0;
  };
  UpdateArguments rule;  ///< without pointers to a weight and what belongs to it
  Part parts[kUpdateParts] = {};
  std::int32_t count = 0;  ///< of parts
};

/// What the factors of a product are rounded to.
enum class Factors : std::int32_t { kF32, kBf16, kF16 };

/// c[m, n] = f(a[m, k] b[k, n] + bias), element (i, j) of an operand at i · row + j · column.
struct ProductArguments {
  struct Matrix {
    const float* data = nullptr;
    std::int64_t row = 0, column = 0;
  };
  Matrix a, b;
  float* c = nullptr;
  const float* bias = nullptr;   ///< [n], or null
  const float* other = nullptr;  ///< second operand of f, laid out as c, or null
  std::int64_t m = 0, n = 0, k = 0;
  float parameter = 0;
  ElementOp function = ElementOp::kNegate;
  bool has_function = false;
  Factors factors = Factors::kF32;  ///< operands are rounded first
};

/// Rows of float32 as 16 bits an element, rows `stride` elements apart; one thread per element.
struct NarrowArguments {
  const float* from = nullptr;
  std::uint16_t* to = nullptr;
  std::int64_t columns = 0, stride = 0, count = 0;
  Factors factors = Factors::kBf16;
};

/// Elements of c that a block makes, in either direction, and steps of depth that it loads at once.
inline constexpr int kProductTile = 64, kProductDepth = 16;

/// A CSR matrix on the GPU. How many elements it has is known there alone: by its offsets.
struct SparseMatrix {
  const std::int64_t* offsets = nullptr;  ///< rows + 1
  const std::int32_t* indices = nullptr;  ///< ascending in a row
  const float* values = nullptr;
};

/// y[m, n] = x[m, k] w[k, n], one thread per element.
struct SparseProductArguments {
  SparseMatrix x;
  const float* w = nullptr;
  float* y = nullptr;
  std::int64_t columns = 0, count = 0;  ///< of y: n, m n
};

/// Columns of a result that a block sums up at most.
inline constexpr int kSlab = 1024;

/// Where elements belong, as one integer each: the row of the result above, the element's own
/// number below. They are sorted by tiles, then so many lists at a time are merged, until one is
/// left: then the elements of a row stand side by side, in their order.
inline constexpr int kPlaceTile = 2048, kPlaceGroup = 16;

struct PlaceArguments {
  const std::int32_t* rows = nullptr;    ///< of the result, by element; what is none is left out
  const std::int64_t* stored = nullptr;  ///< how many elements there are; null: all
  std::uint64_t* sorted = nullptr;       ///< filled up to whole tiles
  std::int64_t count = 0;                ///< of elements, at most
  std::int64_t result_rows = 0;
};

/// One thread for each.
struct PlaceMergeArguments {
  const std::uint64_t* from = nullptr;
  std::uint64_t* to = nullptr;
  std::int64_t count = 0;  ///< of all lists together
  std::int64_t width = 0;  ///< of each list; the last one may be shorter
};

/// Sorted places; null where every row looks for its elements by itself.
struct Places {
  const std::uint64_t* sorted = nullptr;
  std::int64_t count = 0;
};

/// out[k, n] = x[m, k]ᵀ y[m, n], a block per row of it and slab of its columns.
struct SparseTransposedArguments {
  SparseMatrix x;
  Places places;  ///< of the elements of x
  const float* y = nullptr;
  float* out = nullptr;
  std::int64_t rows = 0, columns = 0;  ///< m, n
};

struct SparseUpdateArguments {
  SparseTransposedArguments product;  ///< gives the gradient of element (i, j)
  UpdateArguments update;
};

/// Rows of x added up by their indices, a block per row of y and slab of its columns.
struct ScatterArguments {
  const float* x = nullptr;
  const std::int32_t* indices = nullptr;
  Places places;  ///< of the rows of x
  float* y = nullptr;
  std::int64_t count = 0, columns = 0;  ///< of x
};

struct RowsUpdateArguments {
  ScatterArguments rows;  ///< give the gradient
  UpdateArguments update;
};

/// A block per row.
struct MultinomialArguments {
  const float* logits = nullptr;
  SparseMatrix counts;
  const float* gradient = nullptr;  ///< of the losses
  float* y = nullptr;
  float* loss = nullptr;  ///< where y is the gradient; null: it is not wanted
  std::int64_t columns = 0;
};

struct ProductUpdateArguments {
  ProductArguments product;  ///< gives the gradient of element (i, j)
  UpdateArguments update;
};

}  // namespace bascule::cuda
