#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace bascule {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`; `crc` is the value of what came before.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc = 0);

namespace detail {
/// The table-driven form, used where the processor has no CRC instruction.
std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t crc);
}  // namespace detail

}  // namespace bascule
