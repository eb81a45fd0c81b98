#pragma once
// The inner loops of the dense products, compiled once per instruction set and chosen at run time.
//
// All products are made of one: a tile c of some rows and one panel of columns is the sum over k of
// a(i, k) · b[k], with b[k] a short contiguous row that fills whole vectors. Where the operands are
// bf16 (word_kernels.h) an element of a or b is a pair of them, and the product a sum of two.
#include <cstdint>
#include <span>

#include "devices/cpu/update.h"

namespace bascule::detail {

/// Panels are padded to a multiple of this many columns.
inline constexpr std::int64_t kLanes = 16;
inline constexpr std::int64_t kWidestPanel = 32;
inline constexpr int kMostTileRows = 32;

/// Where a(i, k) lies.
enum class TileAccess {
  kRows,        ///< a[i · stride + k]
  kWeightRows,  ///< the same, fetched ahead
  kColumns,     ///< a[k · stride + i]
};
inline constexpr int kTileAccesses = 3;

/// Some k: `segments` pieces of `length`, which lie `segment_stride` apart in a.
struct TilePart {
  const float* a;
  std::int64_t stride, segments, length, segment_stride;
};

struct Tile {
  TilePart parts[2];  ///< one after the other
  const float* b;     ///< rows of the panel's width, one after another
  float* c;           ///< [rows, width], `c_stride` apart
  std::int64_t c_stride;
  std::int64_t rows;  ///< for functions that serve any number of them
  bool accumulate;    ///< adds to c
  /// Of an update: the sum (with c, if `accumulate`) is the gradient of these, which have the
  /// stride `target_stride`.
  float* targets[3];
  std::int64_t target_stride;
  /// Weights in halves (panels.h), in place of targets[0], with the same stride.
  std::uint16_t *upper, *lower;
  const UpdateParameters* parameters;
  /// What is needed next, fetched during this tile if `lines` > 0: of kRows, `lines` lines from
  /// ahead[0] on, into the second cache; of kWeightRows, a of parts[0]'s shape; of kColumns,
  /// `lines` lines of three arrays, two from each row, or `lines` rows where the weights, whose
  /// upper halves are ahead[0] then, are in halves; a state that the rule lacks is null there.
  const float* ahead[3];
  std::int64_t ahead_stride, lines;
};
using TileFunction = void (*)(const Tile&);
/// By panel width / kLanes − 1, and rows − 1.
using TileTable = TileFunction[2][kMostTileRows];

/// What a product is cut into. k counts in units of A and B, floats or words (word_kernels.h).
struct TileShape {
  std::int64_t elements = 1, words = 1;  ///< so many elements along k become so many units
  int rows = 0;                          ///< most rows of a tile
  std::int64_t row_unit = 1;             ///< tiles begin at multiples of this many rows
  std::int64_t depth_unit = 1;     ///< operands that are copied get zeros up to a multiple of this
  std::int64_t depth_block = 256;  ///< k multiplied in one go: their piece of b stays in a cache
  std::int64_t rows_a_cycle = 1;   ///< that are multiplied by a vector of b
  bool a_in_rows = false;          ///< tiles of kRows serve a transposed A too; its copy is turned

  /// Units of so many elements, the last of them filled up, and the element at which one begins.
  [[nodiscard]] std::int64_t units(std::int64_t count) const {
    return (count + elements - 1) / elements * words;
  }
  [[nodiscard]] std::int64_t element(std::int64_t unit) const { return unit / words * elements; }
};

struct WordKernels;
struct GemvKernels;

struct GemmKernels {
  const char* name;
  std::int64_t panel;        ///< columns: 16 or 32
  int rows;                  ///< most rows of a tile
  std::int64_t depth_block;  ///< of a TileShape
  TileTable tiles[kTileAccesses];
  TileTable update_tiles[kUpdateRules];  ///< of kColumns
  const WordKernels* pairs;              ///< the products of bf16
  const WordKernels* thirds;             ///< large products of floats; null: `tiles` are faster
  const GemvKernels* gemv;               ///< the product of one row

  /// panel[k][j] = source[k · stride + j] for j < valid, 0 up to `width`.
  void (*pack_rows)(const float* source, std::int64_t stride, std::int64_t rows, std::int64_t valid,
                    std::int64_t width, float* panel);
  /// panel[k][j] = source[j · stride + k].
  void (*pack_columns)(const float* source, std::int64_t stride, std::int64_t rows,
                       std::int64_t valid, std::int64_t width, float* panel);
  /// tiles[(i / R · depth + k) · R + i % R] = source[k · stride + i] for i < valid, with R = rows;
  /// what a last tile has beyond them is left as it is.
  void (*pack_tiles)(const float* source, std::int64_t stride, std::int64_t depth,
                     std::int64_t valid, float* tiles);
  /// y[i · stride + j] = tile[i][j] + bias[j] (null: 0), then max(·, 0) if `relu`, for j < valid.
  void (*finish_rows)(const float* tile, std::int64_t rows, std::int64_t width, const float* bias,
                      bool relu, float* y, std::int64_t stride, std::int64_t valid);
  /// y[j · stride + i] = tile[i][j], or 0 where mask[j · stride + i] is not above 0 (mask may be
  /// null), for j < valid.
  void (*finish_columns)(const float* tile, std::int64_t rows, std::int64_t width,
                         const float* mask, float* y, std::int64_t stride, std::int64_t valid);
  /// out[i] = Σ_s Σ_j w[s · segment_stride + i · width + j] · d[s · width + j].
  void (*dot_rows)(const float* w, std::int64_t rows, std::int64_t segments, std::int64_t width,
                   std::int64_t segment_stride, const float* d, bool accumulate, float* out);
  /// By rule: new weights and states from n gradients.
  void (*updates[kUpdateRules])(float* w, float* state0, float* state1, const float* gradient,
                                std::int64_t n, const UpdateParameters& parameters);
};

/// The best for this processor.
const GemmKernels& gemm_kernels();
/// Whether the processor itself multiplies bf16; otherwise floats stand for them.
bool has_bf16_products(const GemmKernels& kernels);
/// All that this processor can run, the portable one first; for tests.
std::span<const GemmKernels* const> all_gemm_kernels();

}  // namespace bascule::detail
