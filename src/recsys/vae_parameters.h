#pragma once
#include <bascule/base/threads.h>
#include <bascule/run/variables.h>

#include "recsys/mult_vae_graphs.h"

namespace bascule::detail {

/// Makes the parameters of the form, of zeros.
Status declare_vae(const VaeForm& form, VariableStore& store);
/// Makes them with their first values: weights by Glorot's uniform law, small normal biases, as in
/// the published code.
Status initialize_vae(const VaeForm& form, std::uint64_t seed, VariableStore& store,
                      ThreadPool& pool);

}  // namespace bascule::detail
