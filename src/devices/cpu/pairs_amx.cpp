// Products of bf16 in tile registers (AMX). What needs none is done as on processors without them.
#if defined(__x86_64__)
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "devices/cpu/lanes_avx512.h"
#include "devices/cpu/word_kernels.h"

#undef BASCULE_TARGET
#define BASCULE_TARGET \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")))

namespace bascule::detail {
namespace {

#include "devices/cpu/pairs_words_avx512bf16.inc"

/// Takes apart what Interleaving joins: odd elements, then even ones.
struct alignas(64) Parting {
  std::array<std::int16_t, 32> index{};
  constexpr Parting() {
    for (std::size_t i = 0; i < 32; ++i)
      index[i] = static_cast<std::int16_t>(i % 16 * 2 + (i < 16 ? 1 : 0));
  }
  BASCULE_KERNEL __m512i load() const { return _mm512_load_si512(index.data()); }
};

#include "devices/cpu/amx_tiles.inc"

/// A block is a register of words.
struct PairTerms {
  static constexpr std::int64_t kWords = kSide;
  /// None: weights and states come in the order of their use, which the processor follows.
  static constexpr int kFetchedRows = 0;

  template <int kVectors, bool kLower>
  BASCULE_KERNEL static void add(const float* a, std::int64_t a_stride, const float* b) {
    constexpr std::int64_t kStride = kVectors * kRowBytes;
    _tile_loadd(4, a, 4 * a_stride);
    _tile_loadd(6, b, kStride);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kVectors == 2) {
      _tile_loadd(7, b + kSide, kStride);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (kLower) {
      _tile_loadd(5, a + kSide * a_stride, 4 * a_stride);
      _tile_dpbf16ps(2, 5, 6);
      if constexpr (kVectors == 2) _tile_dpbf16ps(3, 5, 7);
    }
  }
};

/// A tile of kWeightRows: the last panel of the weights may be narrower than a register.
template <int kVectors, bool kLower>
BASCULE_TARGET void weight_tile(const Tile& t) {
  alignas(64) float wide[kRows * kSide];
  Tile filled = t;
  for (TilePart& part : filled.parts) {
    if (part.segments == 0 || part.stride >= kSide) continue;
    for (std::int64_t i = 0; i < t.rows; ++i)
      store(wide + i * kSide, load_first(part.a + i * part.stride, part.length));
    part = {wide, kSide, 1, kSide, 0};
  }
  tile<PairTerms, kVectors, kLower>(filled);
}

/// Rows of bf16 made words, a register of them at a time. Of two vectors the lower four columns of
/// every eight come first, then the upper ones: an order that one instruction makes.
template <int kVectors>
class HalfWords {
 public:
  static constexpr std::int64_t kBlock = kVectors * kSide * kSide;
  static constexpr std::int64_t kAhead = 2, kBlocks = 4;  // stores are done when they are read

  BASCULE_KERNEL HalfWords(const float* b, std::int64_t rows) : b_(b), rows_(rows) {
    for (std::int64_t block = 0; block < kAhead; ++block) make(block);
  }
  /// Block `block`, asked for one after another.
  BASCULE_KERNEL const float* next(std::int64_t block) {
    make(block + kAhead);
    finish_stores();
    return words_ + block % kBlocks * kBlock;
  }

 private:
  BASCULE_KERNEL void make(std::int64_t block) {
    const std::int64_t rows = rows_ - block * kSide;
    if (rows <= 0) return;
    const float* source = b_ + block * kBlock;
    float* place = words_ + block % kBlocks * kBlock;
    const std::int64_t count = rows < kSide ? rows : kSide;
    if (count == kSide) {
#pragma GCC unroll 16
      for (std::int64_t r = 0; r < kSide; ++r) make_row(source, place, r);
      return;
    }
    for (std::int64_t r = 0; r < count; ++r) make_row(source, place, r);
    for (std::int64_t i = count * kVectors * kSide; i < kBlock; i += kWidth)
      store(place + i, Vec{});
  }
  BASCULE_KERNEL static void make_row(const float* source, float* place, std::int64_t r) {
    const float* row = source + r * kVectors * kSide;
    float* out = place + r * kVectors * kSide;
    if constexpr (kVectors == 2) {
      const auto even = (__m512i)load(row), odd = (__m512i)load(row + kSide);
      store(out, (Vec)_mm512_unpacklo_epi16(even, odd));
      store(out + kSide, (Vec)_mm512_unpackhi_epi16(even, odd));
    } else {
      store(out, (Vec)_mm512_permutexvar_epi16(kHalfWords.load(), (__m512i)load(row)));
    }
  }

  const float* b_;
  std::int64_t rows_;
  alignas(64) float words_[kBlocks * kBlock];
};

/// c, or c + sums, from sums whose columns are in the order of HalfWords<2>.
BASCULE_KERNEL void place_sums(const float* sums, const Tile& t) {
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
  const __m512i second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  for (std::int64_t i = 0; i < t.rows; ++i, sums += 2 * kSide) {
    const auto lower = (__m512i)load(sums), upper = (__m512i)load(sums + kSide);
    auto x = (Vec)_mm512_permutex2var_epi64(lower, first, upper);
    auto y = (Vec)_mm512_permutex2var_epi64(lower, second, upper);
    float* c = t.c + i * t.c_stride;
    if (t.accumulate) {
      x = x + load(c);
      y = y + load(c + kSide);
    }
    store(c, x);
    store(c + kSide, y);
  }
}

/// A tile of weights in halves.
template <int kVectors, bool kLower>
BASCULE_TARGET void half_tile(const Tile& t) {
  using C = Sums<kVectors, kLower>;
  const TilePart& part = t.parts[0];
  configure(t.rows);
  if (kVectors == 1 && t.accumulate) {
    finish_stores();
    C::read(t.c, t.c_stride);
  } else {
    C::clear();
  }
  HalfWords<kVectors> words(t.b, part.length);
  for (std::int64_t k = 0, block = 0; k < part.length; k += kSide, ++block)
    PairTerms::add<kVectors, kLower>(part.a + k, part.stride, words.next(block));
  if constexpr (kVectors == 1) {
    C::write(t.c, t.c_stride);
  } else {
    alignas(64) float sums[kRows * 2 * kSide];
    C::write(sums, 2 * kSide);
    place_sums(sums, t);
  }
}

/// Weights of a tile in halves (panels.h): the nearest bf16 as the upper half of a float and what
/// is missing as its lower one, but that the latter is a signed number.
class HalfWeights {
 public:
  BASCULE_KERNEL HalfWeights(const Tile& t, std::int64_t at)
      : upper_(t.upper + at), lower_(t.lower + at) {}
  BASCULE_KERNEL Vec read(std::int64_t at) const {
    const auto upper = _mm512_castsi256_si512(load_half(upper_ + at));
    const __m512i both = _mm512_maskz_inserti64x4(0xff, upper, load_half(lower_ + at), 1);
    const auto words = (Words)_mm512_permutexvar_epi16(kJoin.load(), both);
    return (Vec)(words - (words << 1 & 0x10000));
  }
  BASCULE_KERNEL void write(std::int64_t at, Vec w) const {
    const auto bits = (Words)w;
    const __m512i halves =
        _mm512_mask_blend_epi16(0x55555555, (__m512i)(bits + 0x8000), (__m512i)bits);
    const __m512i both = _mm512_permutexvar_epi16(kPart.load(), halves);
    store_half(upper_ + at, _mm512_maskz_extracti64x4_epi64(0xff, both, 0));
    store_half(lower_ + at, _mm512_maskz_extracti64x4_epi64(0xff, both, 1));
  }

 private:
  using Words __attribute__((vector_size(64))) = std::uint32_t;
  /// Lower halves come second where they lie apart.
  static constexpr Interleaving kJoin{16, -16};
  static constexpr Parting kPart{};

  BASCULE_KERNEL static __m256i load_half(const std::uint16_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  BASCULE_KERNEL static void store_half(std::uint16_t* p, __m256i v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
  }

  std::uint16_t *upper_, *lower_;
};

template <int kVectors>
void fill_weight_tiles(WordKernels& table) {
  auto* of_weights = table.tiles[static_cast<int>(TileAccess::kWeightRows)][kVectors - 1];
  for (int rows = 0; rows < kRows; ++rows) {
    const bool lower = rows >= kSide;
    of_weights[rows] = lower ? weight_tile<kVectors, true> : weight_tile<kVectors, false>;
    table.half_tiles[kVectors - 1][rows] =
        lower ? half_tile<kVectors, true> : half_tile<kVectors, false>;
  }
}

/// kSide words of each of kSide columns, from two lines each; what is not there is zero.
template <bool kWhole>
BASCULE_KERNEL void turn_block(const float* source, std::int64_t stride, std::int64_t lines,
                               std::int64_t valid, float* words, std::int64_t words_stride) {
  Vec block[kSide];
  const auto read = [&](std::int64_t line) BASCULE_TARGET {
    const float* from = source + line * stride;
    if constexpr (kWhole) {
      __builtin_prefetch(from + 2 * kSide);
      return load(from);
    }
    return line < lines ? valid < kSide ? load_first(from, valid) : load(from) : Vec{};
  };
#pragma GCC unroll 16
  for (int k = 0; k < kSide; ++k) block[k] = words_across(read(2 * k), read(2 * k + 1));
  transpose(block);
  if constexpr (kWhole) {
#pragma GCC unroll 16
    for (int j = 0; j < kSide; ++j) store(words + j * words_stride, block[j]);
  } else {
    for (int j = 0; j < valid; ++j) store(words + j * words_stride, block[j]);
  }
}

BASCULE_TARGET void turn_rows(const float* source, std::int64_t stride, std::int64_t depth,
                              std::int64_t valid, float* words, std::int64_t words_stride) {
  for (std::int64_t k = 0; k < depth; k += 2 * kSide) {
    const bool whole = valid == kSide && depth - k >= 2 * kSide;
    (whole ? turn_block<true> : turn_block<false>)(source + k * stride, stride, depth - k, valid,
                                                   words + k / 2, words_stride);
  }
}

WordKernels make_pairs_amx() {
  WordKernels table = kPairsAvx512Bf16;
  set_shape(table.shape);
  table.shape.depth_unit = kSide;
  table.shape.depth_block = 512;
  table.shape.rows_a_cycle = 16;
  fill_tiles<PairTerms, HalfWeights, 1>(table);
  fill_tiles<PairTerms, HalfWeights, 2>(table);
  fill_weight_tiles<1>(table);
  fill_weight_tiles<2>(table);
  for (auto& functions : table.tiles[static_cast<int>(TileAccess::kColumns)])
    for (TileFunction& function : functions) function = nullptr;
  table.release = release;
  table.turn_rows = turn_rows;
  return table;
}

}  // namespace

const WordKernels& pairs_amx() {
  static const WordKernels table = make_pairs_amx();
  return table;
}

}  // namespace bascule::detail
#endif
