// Products of floats in tile registers (AMX), which multiply bf16 alone: a float is the sum of
// three of them, and of the nine products of two such sums the six that matter are added up in
// float (Henry, Tang, Heinecke 2019, "Leveraging the bfloat16 artificial intelligence datatype for
// higher-precision computations"). What is left out is below 2⁻²⁴ of a product.
//
// An infinite factor gives NaN, and so does one from 0x1.ffp127 on.
#if defined(__x86_64__)
#include <array>
#include <type_traits>
#include <utility>

#include "devices/cpu/lanes_avx512.h"
#include "devices/cpu/word_kernels.h"

#undef BASCULE_TARGET
#define BASCULE_TARGET \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,fma")))

namespace bascule::detail {
namespace {

#include "devices/cpu/amx_tiles.inc"

constexpr std::int64_t kElements = 2 * kSide;  // of a block
constexpr std::int64_t kThirds = 3;

/// A block is three registers of words, for each third one.
struct ThirdTerms {
  static constexpr std::int64_t kWords = kThirds * kSide;
  static constexpr int kFetchedRows = 2;

  template <int kVectors, bool kLower>
  BASCULE_KERNEL static void add(const float* a, std::int64_t a_stride, const float* b) {
    constexpr std::int64_t kThird = kVectors * kSide * kSide;
    const float* lower = a + kSide * a_stride;
    read_b<kVectors>(b);
#pragma GCC unroll 3
    for (int third = 0; third < 3; ++third)
      multiply<kVectors, kLower>(a + third * kSide, lower + third * kSide, a_stride);
    read_b<kVectors>(b + kThird);
#pragma GCC unroll 2
    for (int third = 1; third >= 0; --third)
      multiply<kVectors, kLower>(a + third * kSide, lower + third * kSide, a_stride);
    // The largest third of A is still there.
    read_b<kVectors>(b + 2 * kThird);
    multiply_upper<kVectors>();
    if constexpr (kLower) multiply_lower<kVectors>();
  }

 private:
  template <int kVectors>
  BASCULE_KERNEL static void read_b(const float* b) {
    _tile_loadd(6, b, kVectors * kRowBytes);
    if constexpr (kVectors == 2) _tile_loadd(7, b + kSide, kVectors * kRowBytes);
  }
  template <int kVectors>
  BASCULE_KERNEL static void multiply_upper() {
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kVectors == 2) _tile_dpbf16ps(1, 4, 7);
  }
  template <int kVectors>
  BASCULE_KERNEL static void multiply_lower() {
    _tile_dpbf16ps(2, 5, 6);
    if constexpr (kVectors == 2) _tile_dpbf16ps(3, 5, 7);
  }
  template <int kVectors, bool kLower>
  BASCULE_KERNEL static void multiply(const float* upper, const float* lower, std::int64_t stride) {
    _tile_loadd(4, upper, 4 * stride);
    multiply_upper<kVectors>();
    if constexpr (!kLower) return;
    _tile_loadd(5, lower, 4 * stride);
    multiply_lower<kVectors>();
  }
};

using Words __attribute__((vector_size(64))) = std::uint32_t;

/// Takes from x what is nearest to it among the bf16 and leaves the rest, without an error. The
/// last third is all that is left: it is one.
BASCULE_KERNEL Vec take_third(Vec& x, std::int64_t which) {
  if (which == kThirds - 1) return x;
  const Vec third = (Vec)(((Words)x + 0x8000) & 0xFFFF0000);
  x = x - third;
  return third;
}
/// Words of the upper halves of `even` and `odd`.
BASCULE_KERNEL Vec join_across(Vec even, Vec odd) {
  return (Vec)_mm512_mask_blend_epi16(0xAAAAAAAA, (__m512i)((Words)even >> 16), (__m512i)odd);
}
/// Words of the upper halves of neighbours in x, then in y.
struct alignas(64) UpperHalves {
  std::array<std::int16_t, 32> index{};
  constexpr UpperHalves() {
    for (std::size_t i = 0; i < 32; ++i) index[i] = static_cast<std::int16_t>(2 * i + 1);
  }
};
constexpr UpperHalves kUpperHalves;
BASCULE_KERNEL Vec join_along(Vec x, Vec y) {
  const __m512i index = _mm512_load_si512(kUpperHalves.index.data());
  return (Vec)_mm512_permutex2var_epi16((__m512i)x, index, (__m512i)y);
}

/// The first n of 16 floats, then zeros.
BASCULE_KERNEL Vec load_some(const float* p, std::int64_t n) {
  if (n >= kWidth) return load(p);
  return n > 0 ? load_first(p, n) : Vec{};
}

BASCULE_TARGET void split_along(const float* x, std::int64_t n, float* words) {
  for (; n > 0; n -= kElements, x += kElements, words += ThirdTerms::kWords) {
    Vec first = load_some(x, n), second = load_some(x + kWidth, n - kWidth);
#pragma GCC unroll 3
    for (int third = 0; third < 3; ++third) {
      const Vec one = take_third(first, third), other = take_third(second, third);
      store(words + third * kSide, join_along(one, other));
    }
  }
}

/// How far ahead rows are fetched: each may lie in a page of its own.
constexpr std::int64_t kAheadRows = 16;

/// Of two lines of floats the words of the three thirds, `stride` apart.
BASCULE_KERNEL void split_across(Vec even, Vec odd, float* words, std::int64_t stride) {
#pragma GCC unroll 3
  for (int third = 0; third < 3; ++third) {
    const Vec one = take_third(even, third), other = take_third(odd, third);
    store(words + third * stride, join_across(one, other));
  }
}

BASCULE_TARGET void pack_rows(const float* source, std::int64_t stride, std::int64_t depth,
                              std::int64_t valid, std::int64_t width, float* panel) {
  const std::int64_t third = kSide * width;
  for (; depth > 0; depth -= kElements, source += kElements * stride, panel += kThirds * third) {
    for (std::int64_t r = 0; r < kSide; ++r) {
      const float *even = source + 2 * r * stride, *odd = even + stride;
      const bool has_even = 2 * r < depth, has_odd = 2 * r + 1 < depth;
      for (std::int64_t j = 0; j < width; j += kWidth) {
        if (2 * r + kAheadRows + 1 < depth) {
          __builtin_prefetch(even + kAheadRows * stride + j);
          __builtin_prefetch(odd + kAheadRows * stride + j);
        }
        split_across(has_even ? load_some(even + j, valid - j) : Vec{},
                     has_odd ? load_some(odd + j, valid - j) : Vec{}, panel + r * width + j, third);
      }
    }
  }
}

BASCULE_TARGET void pack_columns(const float* source, std::int64_t stride, std::int64_t depth,
                                 std::int64_t valid, std::int64_t width, float* panel) {
  for (std::int64_t k = 0; k < depth; k += kElements, panel += ThirdTerms::kWords * width) {
    for (std::int64_t j = 0; j < width; j += kSide) {
      Vec first[kSide], second[kSide];
      for (std::int64_t i = 0; i < kSide; ++i) {
        const bool there = j + i < valid;
        const float* line = source + (j + i) * stride + k;
        __builtin_prefetch(line + kElements);
        __builtin_prefetch(line + kElements + kWidth);
        first[i] = there ? load_some(line, depth - k) : Vec{};
        second[i] = there ? load_some(line + kWidth, depth - k - kWidth) : Vec{};
      }
      for (std::int64_t third = 0; third < kThirds; ++third) {
        Vec block[kSide];
#pragma GCC unroll 16
        for (int i = 0; i < kSide; ++i) {
          const Vec one = take_third(first[i], third), other = take_third(second[i], third);
          block[i] = join_along(one, other);
        }
        transpose(block);
        float* place = panel + third * kSide * width + j;
#pragma GCC unroll 16
        for (int i = 0; i < kSide; ++i) store(place + i * width, block[i]);
      }
    }
  }
}

BASCULE_TARGET void turn_rows(const float* source, std::int64_t stride, std::int64_t depth,
                              std::int64_t valid, float* words, std::int64_t words_stride) {
  for (; depth > 0; depth -= kElements, source += kElements * stride, words += ThirdTerms::kWords) {
    alignas(64) float lines[kThirds * kSide * kSide];
    for (std::int64_t r = 0; r < kSide; ++r) {
      const float* even = source + 2 * r * stride;
      const bool has_even = 2 * r < depth, has_odd = 2 * r + 1 < depth;
      split_across(has_even ? load_some(even, valid) : Vec{},
                   has_odd ? load_some(even + stride, valid) : Vec{}, lines + r * kSide,
                   kSide * kSide);
    }
    for (std::int64_t third = 0; third < kThirds; ++third) {
      Vec block[kSide];
#pragma GCC unroll 16
      for (int r = 0; r < kSide; ++r) block[r] = load(lines + (third * kSide + r) * kSide);
      transpose(block);
      for (std::int64_t j = 0; j < valid; ++j)
        store(words + j * words_stride + third * kSide, block[j]);
    }
  }
}

WordKernels make_thirds() {
  WordKernels table = {};
  table.native = true;
  set_shape(table.shape);
  table.shape.elements = kElements;
  table.shape.words = ThirdTerms::kWords;
  table.shape.depth_unit = ThirdTerms::kWords;
  table.shape.depth_block = 24 * ThirdTerms::kWords;
  table.shape.rows_a_cycle = 8;
  fill_tiles<ThirdTerms, FloatWeights, 1>(table);
  fill_tiles<ThirdTerms, FloatWeights, 2>(table);
  table.pair_along = split_along;
  table.pack_rows = pack_rows;
  table.pack_columns = pack_columns;
  table.release = release;
  table.turn_rows = turn_rows;
  return table;
}

}  // namespace

const WordKernels& thirds_amx() {
  static const WordKernels table = make_thirds();
  return table;
}

}  // namespace bascule::detail
#endif
