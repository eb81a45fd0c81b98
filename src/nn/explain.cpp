#include <bascule/nn/explain.h>

#include "nn/step_graphs.h"

namespace bascule::nn {

Result<Program> training_program(Network& network, std::int64_t targets,
                                 const FitOptions& options) {
  try {
    const TargetForm form{targets == 0, targets};
    return Program::make(training_graph(network, options.batch_size, form, options),
                         network.store(), network.compile_options());
  } catch (const GraphError& error) {
    return Error{Code::kUsage, error.what()};
  }
}

}  // namespace bascule::nn
