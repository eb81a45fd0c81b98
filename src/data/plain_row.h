#pragma once
// The short cut for rows without anything unusual: at most 63 bytes, no escapes, no doubled quotes.
// Line end, separators and quotes of a row are found at once, as bits of three words.
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include <emmintrin.h>

#include "data/fields.h"

namespace bascule {

class PlainRow {
 public:
  static constexpr std::size_t kWindow = 64;  ///< bytes that must be readable at the row's start
  static constexpr int kMaxFields = 32;

  PlainRow(const Dialect& dialect, int fields)
      : fields_(static_cast<unsigned>(fields)),
        separator_size_(static_cast<unsigned>(dialect.separator.size())),
        newline_(_mm_set1_epi8('\n')),
        separator_(_mm_set1_epi8(dialect.separator[0])),
        // Where quotes or escapes mean nothing, their place is taken by a byte that ends the row.
        quote_(_mm_set1_epi8(dialect.quotes ? '"' : '\n')),
        escape_(_mm_set1_epi8(dialect.escape ? '\\' : '\n')) {}

  /// Cuts the row at `p`, which must end with '\n'. False for a row that needs the careful way.
  bool cut(const char* p) {
    // Most rows end within half the window.
    if (const std::uint64_t newlines = find<2>(p, newline_)) return cut_within<2>(p, newlines);
    const std::uint64_t newlines = find<4>(p, newline_);
    return newlines != 0 && cut_within<4>(p, newlines);
  }
  [[nodiscard]] const char* next() const { return start_ + size_; }
  [[nodiscard]] std::string_view text() const { return {start_, length_}; }
  std::string_view operator[](std::size_t i) const {
    return {start_ + begins_[i], static_cast<std::size_t>(ends_[i] - begins_[i])};
  }

 private:
  // Where `what` stands in the first kParts * 16 bytes.
  template <int kParts>
  static std::uint64_t find(const char* p, __m128i what) {
    std::uint64_t found = 0;
    for (int i = 0; i < kParts; ++i) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i);
      const auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, what)));
      found |= std::uint64_t{bits} << (16 * i);
    }
    return found;
  }

  template <int kParts>
  bool cut_within(const char* p, std::uint64_t newlines) {
    start_ = p;
    auto length = static_cast<unsigned>(std::countr_zero(newlines));
    size_ = length + 1;
    if (length > 0 && p[length - 1] == '\r') --length;
    if (length == 0) return false;
    const std::uint64_t within = (std::uint64_t{1} << length) - 1;
    if ((find<kParts>(p, escape_) & within) != 0) return false;
    const std::uint64_t quotes = find<kParts>(p, quote_) & within;
    std::uint64_t separators = find<kParts>(p, separator_) & within;
    if (separator_size_ == 2) separators &= separators >> 1;
    length_ = static_cast<std::uint8_t>(length);
    return place(quotes, separators, length);
  }

  bool place(std::uint64_t quotes, std::uint64_t separators, unsigned length) {
    unsigned at = 0;
    for (unsigned f = 0; f < fields_; ++f) {
      const bool last = f + 1 == fields_;
      const bool quoted = (quotes >> at & 1) != 0;
      const unsigned begin = at + (quoted ? 1 : 0);
      const std::uint64_t ends = (quoted ? quotes : separators) & ~std::uint64_t{0} << begin;
      unsigned end = length;
      if (quoted || !last) {
        if (ends == 0) return false;
        end = static_cast<unsigned>(std::countr_zero(ends));
        at = end + (quoted ? 1 : 0);
        if (last ? at != length : (separators >> at & 1) == 0) return false;
        at += separator_size_;
        if (!last && at > length) return false;
      } else if (ends != 0) {
        return false;
      }
      begins_[f] = static_cast<std::uint8_t>(begin);
      ends_[f] = static_cast<std::uint8_t>(end);
    }
    return true;
  }

  unsigned fields_, separator_size_;
  __m128i newline_, separator_, quote_, escape_;
  const char* start_ = nullptr;
  std::size_t size_ = 0;
  std::uint8_t length_ = 0;
  std::array<std::uint8_t, kMaxFields> begins_, ends_;
};

}  // namespace bascule
