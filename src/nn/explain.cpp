#include <bascule/nn/explain.h>

#include "nn/step_graphs.h"

namespace bascule::nn {

Result<Program> training_program(Network& network, const LabelledData& part,
                                 const FitOptions& options) {
  try {
    return Program::make(training_graph(network, options.batch_size, target_form(part), options),
                         network.store(), options.compile);
  } catch (const GraphError& error) {
    return Error{Code::kUsage, error.what()};
  }
}

}  // namespace bascule::nn
