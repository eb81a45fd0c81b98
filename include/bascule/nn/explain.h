#pragma once
#include <bascule/nn/trainer.h>

namespace bascule::nn {

/// The program of one training step on a full batch of samples with so many targets (0: with
/// classes), compiled as fit() does it: for explain(), profile() and what it plans to need. kUsage
/// when loss, options and targets do not fit.
Result<Program> training_program(Network& network, std::int64_t targets, const FitOptions& options);

}  // namespace bascule::nn
