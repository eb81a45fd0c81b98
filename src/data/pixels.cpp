#include "data/pixels.h"

namespace bascule {
namespace {

constexpr float kRed = .299F, kGreen = .587F, kBlue = .114F;

// One body for every instruction set: the compiler vectorises it for the function it is put into.
#define BASCULE_BODY [[gnu::always_inline]] inline

BASCULE_BODY float scaled(float value, PixelScale scale) {
  return value / 255.0F * scale.span + scale.low;
}

BASCULE_BODY void scale_body(const std::uint8_t* __restrict in, std::int64_t count,
                             PixelScale scale, float* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = scaled(static_cast<float>(in[i]), scale);
}

BASCULE_BODY void grey_body(const std::uint8_t* __restrict in, std::int64_t count, PixelScale scale,
                            float* __restrict out) {
  const std::uint8_t* __restrict green = in + count;
  const std::uint8_t* __restrict blue = green + count;
  for (std::int64_t i = 0; i < count; ++i) {
    const float luma = kRed * static_cast<float>(in[i]) + kGreen * static_cast<float>(green[i]) +
                       kBlue * static_cast<float>(blue[i]);
    out[i] = scaled(luma, scale);
  }
}

#undef BASCULE_BODY

#define BASCULE_AVX2 __attribute__((target("avx2")))
#define BASCULE_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,prefer-vector-width=512")))

BASCULE_AVX2 void scale_avx2(const std::uint8_t* in, std::int64_t count, PixelScale scale,
                             float* out) {
  scale_body(in, count, scale, out);
}
BASCULE_AVX2 void grey_avx2(const std::uint8_t* in, std::int64_t count, PixelScale scale,
                            float* out) {
  grey_body(in, count, scale, out);
}
BASCULE_AVX512 void scale_avx512(const std::uint8_t* in, std::int64_t count, PixelScale scale,
                                 float* out) {
  scale_body(in, count, scale, out);
}
BASCULE_AVX512 void grey_avx512(const std::uint8_t* in, std::int64_t count, PixelScale scale,
                                float* out) {
  grey_body(in, count, scale, out);
}

#undef BASCULE_AVX2
#undef BASCULE_AVX512

const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl");
const bool has_avx2 = __builtin_cpu_supports("avx2");

}  // namespace

void scale_pixels(const std::uint8_t* in, std::int64_t count, PixelScale scale, float* out) {
  if (has_avx512) return scale_avx512(in, count, scale, out);
  if (has_avx2) return scale_avx2(in, count, scale, out);
  scale_body(in, count, scale, out);
}

void scale_grey_pixels(const std::uint8_t* in, std::int64_t count, PixelScale scale, float* out) {
  if (has_avx512) return grey_avx512(in, count, scale, out);
  if (has_avx2) return grey_avx2(in, count, scale, out);
  grey_body(in, count, scale, out);
}

void grey_pixels(const float* in, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i)
    out[i] = kRed * in[i] + kGreen * in[count + i] + kBlue * in[2 * count + i];
}

}  // namespace bascule
