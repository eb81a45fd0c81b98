#pragma once
#include <cstddef>
#include <span>

namespace bascule::nn {

/// Logits to probabilities, row by row of `width`, in double precision.
void softmax_rows(std::span<float> rows, std::size_t width);

}  // namespace bascule::nn
