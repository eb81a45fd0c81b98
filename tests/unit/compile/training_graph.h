#pragma once
// Graphs that the tests of passes and programs share.
#include <string>
#include <vector>

#include <bascule/compile/compile.h>
#include <bascule/graph/ops.h>

namespace bascule::test {

/// A dense network with its training step: inputs x [batch, widths[0]] and labels [batch],
/// variables w0, b0, … lr, step and the optimizer's states, output loss.
struct TrainingOptions {
  std::int64_t batch = 6;
  std::vector<std::int64_t> widths = {5, 7, 3};
  std::string activation = "relu";
  std::string optimizer = "sgd";
  double dropout = 0;
  bool clip = false;          ///< gradients by their global norm
  bool tied = false;          ///< hidden layers share one weight; their widths must be equal
  double weight_penalty = 0;  ///< of the squares of all weights, in the loss
};
Graph training_graph(const TrainingOptions& options);

/// Has every fused op and no kernels.
Target planning_target();
/// All optional passes but these.
std::set<std::string> all_but(const std::set<std::string>& passes);
/// The graph after this pass, when only it is made (and those in `before`).
std::string after(Graph graph, const std::string& pass, const Target& target = planning_target(),
                  std::set<std::string> before = {});
/// Which ops the plan launches, in its order: "linear relu_grad …".
std::string launches(const Plan& plan);

}  // namespace bascule::test
