#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace bascule::metrics {

/// −log2 of the share of training users who have the item, for every item. An item that nobody has
/// counts as if one user had it, the most that can be said for it. `users` >= 1.
std::vector<double> self_information(std::span<const std::int64_t> item_users, std::int64_t users);

/// novelty@K: the mean self-information, in bits, of the first k recommended items, or of as many
/// as there are; nothing for an empty list. An item of −1 ends the list. k >= 1. (T. Zhou et al.,
/// "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS 2010.)
std::optional<double> novelty(std::span<const std::int32_t> list,
                              std::span<const double> information, std::int32_t k);

}  // namespace bascule::metrics
