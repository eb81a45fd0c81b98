#pragma once
#include <cstdint>

namespace bascule {

/// The most memory that this process has had in use, in bytes, since it began or since
/// reset_peak_memory(); 0 when the system does not say.
std::int64_t peak_memory();
/// From now on peak_memory() counts anew; false when the system does not offer it.
bool reset_peak_memory();

}  // namespace bascule
