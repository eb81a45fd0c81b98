#pragma once
#include <cstdint>

#include <bascule/graph/graph.h>

namespace bascule::test {

/// About 30 nodes of continuous functions over inputs x [4, 6], row [6] and column [4, 1] and
/// variables w [6, 6], v [4, 6] and u [4, 6], with outputs and assigns among them, swaps included.
Graph random_graph(std::uint64_t seed);

}  // namespace bascule::test
