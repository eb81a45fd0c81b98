#pragma once
#include <cstdint>

namespace bascule::test {

/// How often this program has called operator new so far, on any thread.
std::int64_t allocations();

}  // namespace bascule::test
