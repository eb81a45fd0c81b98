#pragma once
#include <cstdint>
#include <vector>

namespace bascule::detail {

/// Point `index` (from 0) of the Halton sequence in [0, 1)^dimensions, every digit of every
/// dimension permuted at random: A. Owen, "A randomized Halton algorithm in R", 2017. Up to 32
/// dimensions.
std::vector<double> halton_point(std::uint64_t index, std::size_t dimensions, std::uint64_t seed);

}  // namespace bascule::detail
