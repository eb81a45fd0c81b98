#pragma once
// Rows of pixels into floats, with the widest instructions of the machine. All of them round alike.
#include <cstdint>

namespace bascule {

/// From bytes 0..255 to value / 255 * span + low.
struct PixelScale {
  float span = 1, low = 0;
};

/// out[i] = scale(in[i]).
void scale_pixels(const std::uint8_t* in, std::int64_t count, PixelScale scale, float* out);
/// `in` is three planes of `count` pixels: out[i] = scale(luma of pixel i).
void scale_grey_pixels(const std::uint8_t* in, std::int64_t count, PixelScale scale, float* out);
/// The same for planes of floats, without scaling.
void grey_pixels(const float* in, std::int64_t count, float* out);

}  // namespace bascule
