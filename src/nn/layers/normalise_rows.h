#pragma once
#include <bascule/graph/ops.h>

namespace bascule::nn {

/// Layer normalisation (J. Ba, J. Kiros, G. Hinton, 2016): every row along the last axis moved and
/// scaled to mean 0 and variance 1, then by `weight` and `bias`.
inline Value normalise_rows(const Value& x, const Value& weight, const Value& bias,
                            double epsilon) {
  const Value centred = x - mean(x, {-1}, true);
  const Value variance = mean(square(centred), {-1}, true);
  return centred * rsqrt(offset(variance, epsilon)) * weight + bias;
}

}  // namespace bascule::nn
