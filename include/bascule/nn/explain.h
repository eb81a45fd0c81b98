#pragma once
#include <bascule/nn/trainer.h>

namespace bascule::nn {

/// The program of one training step on a full batch of samples like those of `part`, compiled as
/// fit() does it: for explain(), profile() and what it plans to need. kUsage when loss, options and
/// data do not fit.
Result<Program> training_program(Network& network, const LabelledData& part,
                                 const FitOptions& options);

}  // namespace bascule::nn
