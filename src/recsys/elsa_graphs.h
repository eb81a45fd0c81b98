#pragma once
// The graphs of ELSA: one training step, and the scores of a batch of users.
#include <string_view>

#include <bascule/graph/graph.h>
#include <bascule/recsys/elsa.h>

namespace bascule::detail {

/// [items, factors], of any length while they are learned.
inline constexpr std::string_view kElsaItems = "elsa.items";

/// Input "x", rows of length 1. Adds the loss of every user to the control variable "sums.loss".
Graph elsa_training_graph(const ElsaOptions& options, std::int64_t items, std::int64_t batch,
                          std::int64_t capacity);
/// Input "x", output "scores" [batch, items], from which x is still to be taken. `unit`: the items'
/// rows have length 1 already.
Graph elsa_scoring_graph(const ElsaOptions& options, std::int64_t items, std::int64_t batch,
                         std::int64_t capacity, bool unit);

}  // namespace bascule::detail
