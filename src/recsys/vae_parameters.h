#pragma once
#include <bascule/base/threads.h>
#include <bascule/run/variables.h>

#include "recsys/mult_vae_graphs.h"

namespace bascule::detail {

/// Gives the parameters, which the store has, their first values: weights by Glorot's uniform law,
/// small normal biases, as in the published code.
Status initialize_vae(const VaeForm& form, std::uint64_t seed, VariableStore& store,
                      ThreadPool& pool);

}  // namespace bascule::detail
