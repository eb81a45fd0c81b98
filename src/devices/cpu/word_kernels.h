#pragma once
// The inner loops of products whose factors are bf16, next to those of floats in gemm_kernels.h.
//
// Neighbours along the summed dimension lie in pairs, in the two halves of a 32-bit word, the first
// in the lower one: that is what the processor's instruction for such products takes. A matrix of
// words is handled as a matrix of floats of another depth; a depth that is too short is filled with
// zeros.
//
// Pairs are the words of a product of bf16, half as many as elements. Thirds are those of a product
// of floats, each the sum of three bf16: the words of 32 elements are 16 of the largest thirds,
// then 16 of the middle ones, then 16 of the smallest.
#include "devices/cpu/gemm_kernels.h"

namespace bascule::detail {

struct WordKernels {
  bool native;  ///< with the processor's own products of bf16
  TileShape shape;
  TileTable tiles[kTileAccesses];  ///< a and b are words
  /// Of pairs: b is two rows of bf16 per k, which are paired as they are read (weights in halves);
  /// kRows.
  TileTable half_tiles;
  /// Of kColumns, or kRows if `shape.a_in_rows`; the weights are halves, of thirds floats.
  TileTable update_tiles[kUpdateRules];
  void (*release)();  ///< after a thread's last tile of a chunk; null: there is nothing to release

  // What follows is written for pairs, which are rounded to nearest even. Of thirds all depths are
  // filled up to 32 elements, and pair_across is null.

  /// words[i] = (x[2i], x[2i + 1]) for i < (n + 1) / 2.
  void (*pair_along)(const float* x, std::int64_t n, float* words);
  /// words[i] = (even[i], odd[i]); odd may be null: zeros.
  void (*pair_across)(const float* even, const float* odd, std::int64_t n, float* words);
  /// panel[k][j] = (source[2k · stride + j], source[(2k + 1) · stride + j]) for j < valid, 0 up to
  /// `width`, with k < (depth + 1) / 2.
  void (*pack_rows)(const float* source, std::int64_t stride, std::int64_t depth,
                    std::int64_t valid, std::int64_t width, float* panel);
  /// panel[k][j] = (source[j · stride + 2k], source[j · stride + 2k + 1]).
  void (*pack_columns)(const float* source, std::int64_t stride, std::int64_t depth,
                       std::int64_t valid, std::int64_t width, float* panel);
  /// words[j · words_stride + k] = (source[2k · stride + j], source[(2k + 1) · stride + j]) for
  /// j < valid <= kLanes, and zeros for k from (depth + 1) / 2 up to a multiple of kLanes; null
  /// unless `shape.a_in_rows`.
  void (*turn_rows)(const float* source, std::int64_t stride, std::int64_t depth,
                    std::int64_t valid, float* words, std::int64_t words_stride);
};

extern const WordKernels kPairsPortable;
#if defined(__x86_64__)
extern const WordKernels kPairsAvx2;
extern const WordKernels kPairsAvx512;
/// With the processor's own bf16 products.
extern const WordKernels kPairsAvx512Bf16;
/// With tile registers (AMX); what needs none is kPairsAvx512Bf16's.
const WordKernels& pairs_amx();
/// Products of floats in tile registers.
const WordKernels& thirds_amx();
#endif

}  // namespace bascule::detail
