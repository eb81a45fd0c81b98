#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace bascule {

/// Text from outside made safe to print in a message: at most `max_bytes` bytes of it ("…" after a
/// cut), quotes and backslashes escaped, every byte that is not printable ASCII as \xNN.
std::string printable(std::string_view text, std::size_t max_bytes = 60);

}  // namespace bascule
