#include "data/pixels.h"

namespace bascule {
namespace {

constexpr float kRed = .299F, kGreen = .587F, kBlue = .114F;

// One body for every instruction set: the compiler vectorises it for the function it is put into.
#define BASCULE_BODY   \
  template <bool kFma> \
  [[gnu::always_inline]] inline

/// value / 255, rounded correctly. Where products are fused, the product with the rounded
/// reciprocal is corrected by its own remainder, which gives the same bits for every float in
/// [0, 255] and takes no division (P. Markstein, "Computation of elementary functions on the IBM
/// RISC System/6000 processor", IBM J. Res. Dev. 34(1), 1990).
BASCULE_BODY float by_255(float value) {
  if constexpr (kFma) {
    constexpr float kReciprocal = 1.0F / 255.0F;
    const float quotient = value * kReciprocal;
    const float remainder = __builtin_fmaf(-quotient, 255.0F, value);
    return __builtin_fmaf(remainder, kReciprocal, quotient);
  } else {
    return value / 255.0F;
  }
}

BASCULE_BODY void scale_body(const std::uint8_t* __restrict in, std::int64_t count,
                             PixelScale scale, float* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i)
    out[i] = by_255<kFma>(static_cast<float>(in[i])) * scale.span + scale.low;
}

BASCULE_BODY void grey_body(const std::uint8_t* __restrict in, std::int64_t count, PixelScale scale,
                            float* __restrict out) {
  const std::uint8_t* __restrict green = in + count;
  const std::uint8_t* __restrict blue = green + count;
  for (std::int64_t i = 0; i < count; ++i) {
    const float luma = kRed * static_cast<float>(in[i]) + kGreen * static_cast<float>(green[i]) +
                       kBlue * static_cast<float>(blue[i]);
    out[i] = by_255<kFma>(luma) * scale.span + scale.low;
  }
}

#undef BASCULE_BODY

#define BASCULE_AVX2 __attribute__((target("avx2,fma")))

BASCULE_AVX2 void scale_avx2(const std::uint8_t* in, std::int64_t count, PixelScale scale,
                             float* out) {
  scale_body<true>(in, count, scale, out);
}
BASCULE_AVX2 void grey_avx2(const std::uint8_t* in, std::int64_t count, PixelScale scale,
                            float* out) {
  grey_body<true>(in, count, scale, out);
}
#undef BASCULE_AVX2

const bool kHasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");

}  // namespace

void scale_pixels(const std::uint8_t* in, std::int64_t count, PixelScale scale, float* out) {
  if (kHasAvx2) return scale_avx2(in, count, scale, out);
  scale_body<false>(in, count, scale, out);
}

void scale_grey_pixels(const std::uint8_t* in, std::int64_t count, PixelScale scale, float* out) {
  if (kHasAvx2) return grey_avx2(in, count, scale, out);
  grey_body<false>(in, count, scale, out);
}

void grey_pixels(const float* in, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i)
    out[i] = kRed * in[i] + kGreen * in[count + i] + kBlue * in[2 * count + i];
}

}  // namespace bascule
