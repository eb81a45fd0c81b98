#pragma once
#include <cstdint>
#include <initializer_list>

#include <bascule/tensor/compressed.h>

namespace bascule {

/// Of all that the matrices hold; those without rows add nothing.
std::uint32_t checksum(std::initializer_list<CompressedView> matrices);

}  // namespace bascule
