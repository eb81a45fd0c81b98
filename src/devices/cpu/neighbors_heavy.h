#pragma once
// Heavy features. One user with thousands of ratings can cause half of all additions of item-kNN,
// nearly all of them for pairs that share nothing else and score too low to matter. Which features
// are heavy follows from the lengths of their lists alone.
#include <cstdint>
#include <span>

#include "devices/cpu/neighbors_data.h"

namespace bascule::detail {

/// Fills heavy_of from list_begin. None are chosen unless scores are sums of non-negative parts,
/// which is what the walk's bound rests on.
void choose_heavy(NeighborData& data);

/// Fills the other heavy arrays once the lists are there.
void write_out_heavy(NeighborData& data);

/// Offers to the list of point `rank` (`keys`, a heap of k keys with the worst first) every point
/// that shares only heavy features with it. Points that share more may be offered again; they are
/// in the list already or too low. `threshold` is a score that the k-th best is known to reach.
/// R. Fagin, A. Lotem, M. Naor, "Optimal Aggregation Algorithms for Middleware", 2003 (the
/// threshold algorithm): the heavy lists are walked by falling part until no unseen point can reach
/// the list.
void walk_heavy(const NeighborData& data, std::int32_t rank, float threshold,
                std::span<std::uint64_t> keys);

}  // namespace bascule::detail
