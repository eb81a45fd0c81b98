#pragma once
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace bascule::detail {

/// Numbers below 2⁻¹²⁶ are read and written as zeros while it lives: arithmetic on them takes a
/// hundred times as long, and dying units would slow training down. Every chunk of every kernel
/// runs under one, so that results are the same on all threads.
class FlushDenormals {
 public:
#if defined(__SSE__)
  FlushDenormals() : saved_(_mm_getcsr()) {
    _mm_setcsr(saved_ | kFlushToZero | kDenormalsAreZero);
  }
  ~FlushDenormals() {
    _mm_setcsr(saved_);
  }

 private:
  static constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x40;
  unsigned saved_;
#else
  FlushDenormals() = default;
#endif

 public:
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
};

}  // namespace bascule::detail
