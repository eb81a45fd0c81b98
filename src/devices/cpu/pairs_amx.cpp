// Products of bf16 in tile registers (AMX): C in registers 0 to 3, of 16 × 16 sums each, two of A
// and two of B beside it. What needs no tile registers is done as on processors without them.
// Nothing is fetched ahead: weights and states lie in the order of their use, which the processor
// follows.
#if defined(__x86_64__)
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "devices/cpu/lanes_avx512.h"
#include "devices/cpu/pairs_kernels.h"

#undef BASCULE_TARGET
#define BASCULE_TARGET \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")))

namespace bascule::detail {
namespace {

#include "devices/cpu/gemm_rules.inc"
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

constexpr std::int64_t kSide = 16;  // rows of a register, and words of a row
constexpr std::int64_t kRows = 2 * kSide;
constexpr std::int64_t kRowBytes = 4 * kSide;

/// What LDTILECFG reads, of tiles of some rows.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0;
  std::array<std::uint8_t, 14> reserved{};
  std::array<std::uint16_t, 16> row_bytes{};
  std::array<std::uint8_t, 16> register_rows{};

  constexpr explicit TileConfig(std::int64_t rows) {
    const auto upper = static_cast<std::uint8_t>(rows < kSide ? rows : kSide);
    const auto lower = static_cast<std::uint8_t>(rows - upper);
    for (const std::size_t one : {0U, 1U, 4U}) register_rows[one] = upper;
    for (const std::size_t one : {2U, 3U, 5U}) register_rows[one] = lower;
    for (const std::size_t one : {6U, 7U}) register_rows[one] = kSide;
    for (std::size_t i = 0; i < 8; ++i) row_bytes[i] = register_rows[i] > 0 ? kRowBytes : 0;
  }
};
template <std::size_t... kIndex>
constexpr std::array<TileConfig, sizeof...(kIndex)> make_configs(std::index_sequence<kIndex...>) {
  return {TileConfig(static_cast<std::int64_t>(kIndex) + 1)...};
}
constexpr auto kConfigs = make_configs(std::make_index_sequence<kRows>());

/// Rows that this thread's tile registers are set up for; 0: they are free.
thread_local std::int64_t configured_rows = 0;

BASCULE_KERNEL void configure(std::int64_t rows) {
  if (configured_rows == rows) return;
  _tile_loadconfig(&kConfigs[static_cast<std::size_t>(rows - 1)]);
  configured_rows = rows;
}
BASCULE_TARGET void release() {
  if (configured_rows == 0) return;
  _tile_release();
  configured_rows = 0;
}

/// Compilers do not know that tiles are loaded from memory.
BASCULE_KERNEL void finish_stores() {
  asm volatile("" ::: "memory");
}

/// A panel of kVectors · kSide columns and a tile of up to kRows rows, more than kSide of them if
/// `kLower`: what is done to the registers of C.
template <int kVectors, bool kLower>
struct Sums {
  BASCULE_KERNEL static void clear() {
    _tile_zero(0);
    if constexpr (kVectors == 2) _tile_zero(1);
    if constexpr (kLower) _tile_zero(2);
    if constexpr (kLower && kVectors == 2) _tile_zero(3);
  }
  BASCULE_KERNEL static void read(const float* c, std::int64_t stride) {
    const float* lower = c + kSide * stride;
    _tile_loadd(0, c, 4 * stride);
    if constexpr (kVectors == 2) _tile_loadd(1, c + kSide, 4 * stride);
    if constexpr (kLower) _tile_loadd(2, lower, 4 * stride);
    if constexpr (kLower && kVectors == 2) _tile_loadd(3, lower + kSide, 4 * stride);
  }
  BASCULE_KERNEL static void write(float* c, std::int64_t stride) {
    float* lower = c + kSide * stride;
    _tile_stored(0, c, 4 * stride);
    if constexpr (kVectors == 2) _tile_stored(1, c + kSide, 4 * stride);
    if constexpr (kLower) _tile_stored(2, lower, 4 * stride);
    if constexpr (kLower && kVectors == 2) _tile_stored(3, lower + kSide, 4 * stride);
  }
  /// Adds the products of kSide words of each row of a with as many rows of b.
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

/// Adds the products of a tile to the registers of C; b is words, filled up to whole registers.
template <int kVectors, bool kLower, TileAccess kAccess>
BASCULE_KERNEL void add_products(const Tile& t) {
  const float* b = t.b;
  for (const TilePart& part : t.parts) {
    for (std::int64_t s = 0; s < part.segments; ++s) {
      const float* a = part.a + s * part.segment_stride;
      if (kAccess == TileAccess::kWeightRows && part.stride < kSide) {
        // The last panel of the weights is not as wide as a register.
        alignas(64) float wide[kRows * kSide];
        for (std::int64_t i = 0; i < t.rows; ++i)
          store(wide + i * kSide, load_first(a + i * part.stride, part.length));
        finish_stores();
        Sums<kVectors, kLower>::add(wide, kSide, b);
        return;
      }
      for (std::int64_t k = 0; k < part.length; k += kSide, b += kVectors * kSide * kSide) {
        Sums<kVectors, kLower>::add(a + k, part.stride, b);
      }
    }
  }
}

/// The sums of a tile in registers.
template <int kVectors, bool kLower, TileAccess kAccess>
BASCULE_KERNEL void sum_tile(const Tile& t) {
  configure(t.rows);
  finish_stores();
  if (t.accumulate) {
    Sums<kVectors, kLower>::read(t.c, t.c_stride);
  } else {
    Sums<kVectors, kLower>::clear();
  }
  add_products<kVectors, kLower, kAccess>(t);
}

template <int kVectors, bool kLower, TileAccess kAccess>
BASCULE_TARGET void tile(const Tile& t) {
  sum_tile<kVectors, kLower, kAccess>(t);
  Sums<kVectors, kLower>::write(t.c, t.c_stride);
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
    C::add(part.a + k, part.stride, words.next(block));
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

/// Rows whose sums are spent at a time.
constexpr int kSpent = 4;

/// A tile whose sums are spent as gradients.
template <int kVectors, bool kLower, UpdateRule kRule>
BASCULE_TARGET void update_tile(const Tile& t) {
  constexpr std::int64_t kStride = kVectors * kSide;
  alignas(64) float sums[kRows * kStride];
  sum_tile<kVectors, kLower, TileAccess::kRows>(t);
  Sums<kVectors, kLower>::write(sums, kStride);
  const UpdateParameters p = *t.parameters;
  std::int64_t row = 0;
  const auto spend_rows = [&]<int kCount>(std::integral_constant<int, kCount>) BASCULE_TARGET {
    Vec gradient[kCount][kVectors];
    for (int r = 0; r < kCount; ++r) {
      for (int v = 0; v < kVectors; ++v)
        gradient[r][v] = load(sums + (row + r) * kStride + v * kWidth);
    }
    spend<HalfWeights, kCount, kVectors, kRule>(t, p, row, gradient);
    row += kCount;
  };
  while (row + kSpent <= t.rows) spend_rows(std::integral_constant<int, kSpent>());
  while (row < t.rows) spend_rows(std::integral_constant<int, 1>());
}

template <int kVectors, UpdateRule... kRule>
void fill_updates(PairKernels& table, int rows, bool lower, Rules<kRule...>) {
  ((table.update_tiles[static_cast<int>(kRule)][kVectors - 1][rows] =
        lower ? update_tile<kVectors, true, kRule> : update_tile<kVectors, false, kRule>),
   ...);
}
template <int kVectors>
void fill_tiles(PairKernels& table) {
  const auto functions = [&](TileAccess access) {
    return table.tiles[static_cast<int>(access)][kVectors - 1];
  };
  constexpr auto kByRows = TileAccess::kRows, kByWeights = TileAccess::kWeightRows;
  for (int rows = 0; rows < kRows; ++rows) {
    const bool lower = rows >= kSide;
    functions(kByRows)[rows] =
        lower ? tile<kVectors, true, kByRows> : tile<kVectors, false, kByRows>;
    functions(kByWeights)[rows] =
        lower ? tile<kVectors, true, kByWeights> : tile<kVectors, false, kByWeights>;
    table.half_tiles[kVectors - 1][rows] =
        lower ? half_tile<kVectors, true> : half_tile<kVectors, false>;
    fill_updates<kVectors>(table, rows, lower, AllRules{});
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

PairKernels make_pairs_amx() {
  PairKernels table = kPairsAvx512Bf16;
  table.shape.rows = kRows;
  table.shape.row_unit = kSide;
  table.shape.depth_unit = kSide;
  table.shape.depth_block = 512;
  table.shape.rows_a_cycle = 16;
  table.shape.a_in_rows = true;
  fill_tiles<1>(table);
  fill_tiles<2>(table);
  for (auto& functions : table.tiles[static_cast<int>(TileAccess::kColumns)])
    for (TileFunction& function : functions) function = nullptr;
  table.release = release;
  table.turn_rows = turn_rows;
  return table;
}

}  // namespace

const PairKernels& pairs_amx() {
  static const PairKernels table = make_pairs_amx();
  return table;
}

}  // namespace bascule::detail
#endif
