#pragma once
// Heavy features. One user with thousands of ratings can cause half of all additions of item-kNN,
// nearly all of them for pairs that share nothing else and score too low to matter. Which features
// are heavy follows from the lengths of their lists alone.
#include <cstdint>

#include "devices/cpu/neighbors_data.h"

namespace bascule::detail {

/// Fills heavy_of from list_begin. None are chosen unless scores are sums of non-negative parts,
/// which is what the walk's bound rests on.
void choose_heavy(NeighborData& data);

/// Fills the other heavy arrays once the lists are there.
void write_out_heavy(NeighborData& data, ThreadPool& pool);

/// Offers to `top`, which is in order, every point that shares only heavy features with a line.
/// Points that share more may be offered again; they are in the list already or too low.
/// R. Fagin, A. Lotem, M. Naor, "Optimal Aggregation Algorithms for Middleware", 2003 (the
/// threshold algorithm): the heavy lists are walked by falling part until no unseen point can reach
/// the list.
void walk_heavy(const NeighborData& data, const HeavyLine& line, float left, std::int32_t exclude,
                TopKeys& top);

}  // namespace bascule::detail
