#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/devices/device.h>
#include <bascule/graph/op.h>
#include <bascule/nn/explain.h>
#include <bascule/nn/saved_network.h>
#include <bascule/nn/training.h>
#include <bascule/run/spec_source.h>

#include "cli/layer_table.h"
#include "cli/summary_verbs.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

/// What the training step of a compiled model needs.
struct Needs {
  double flops = 0, bytes = 0;                            ///< of one step
  std::int64_t parameters = 0, variables = 0, arena = 0;  ///< bytes of the latter two
  std::int64_t batch = 0;
};

Needs measure(const Program& program, const nn::Network& network, std::int64_t batch) {
  Needs needs;
  needs.batch = batch;
  const Plan& plan = program.plan();
  for (const NodeId id : plan.order) {
    needs.flops += node_flops(plan.graph, plan.graph.node(id));
    needs.bytes += node_bytes(plan.graph, plan.graph.node(id));
  }
  for (const auto& [name, variable] : network.store().all())
    needs.variables += variable.memory->bytes();
  for (const nn::ModelVariable& variable : network.variables()) {
    if (variable.role == VariableRole::kParameter) needs.parameters += variable.type.shape.count();
  }
  needs.arena = plan.arena_bytes;
  return needs;
}

void print_needs(const std::vector<nn::LayerRow>& rows, const Needs& needs,
                 const Context& context) {
  if (context.json) {
    print_json(
        {{"layers", layers_json(rows)},
         {"totals",
          {{"parameters", needs.parameters},
           {"batch_size", needs.batch},
           {"flops", needs.flops},
           {"bytes", needs.bytes},
           {"memory", {{"cpu", {{"variables", needs.variables}, {"arena", needs.arena}}}}}}}});
    return;
  }
  fmt::print(
      "{}A training step on {} samples: {:.4g} GFLOP, {} moved; memory on cpu: {} of variables, "
      "{} of intermediate values\n",
      layer_table(rows), needs.batch, needs.flops / 1e9, human_bytes(needs.bytes),
      human_bytes(static_cast<double>(needs.variables)),
      human_bytes(static_cast<double>(needs.arena)));
}

Status summarise(const nn::NetworkSpec& spec, nn::Network& network, std::int64_t targets,
                 bool explain, const Context& context) {
  BASCULE_ASSIGN(const auto rows, spec.model().table(network.sample()));
  const nn::FitOptions options = spec.fit_options();
  BASCULE_ASSIGN(const Program program, nn::training_program(network, targets, options));
  print_needs(rows, measure(program, network, options.batch_size), context);
  if (explain) fmt::print(context.json ? stderr : stdout, "\n{}", program.explain());
  return {};
}

}  // namespace

Status summarise_network(const SummaryArguments& arguments, const Context& context) {
  BASCULE_ASSIGN(const std::unique_ptr<Device> device, context.open_device());
  BASCULE_ASSIGN(const CompileOptions compile, context.compile_options(device->target()));
  if (arguments.is_run) {
    BASCULE_ASSIGN(nn::SavedNetwork run,
                   nn::SavedNetwork::open(arguments.target, *device, compile));
    nn::Network& network = run.network();
    const std::int64_t targets = run.spec().classifies() ? 0 : network.output().count();
    return summarise(run.spec(), network, targets, arguments.explain, context);
  }
  BASCULE_ASSIGN(const Config config, load_spec(arguments.target, arguments.sets));
  BASCULE_ASSIGN(const nn::NetworkSpec spec, nn::NetworkSpec::parse(config));
  BASCULE_ASSIGN(const nn::DataForm data,
                 nn::load_data_form(spec, context.search_dirs(), default_pool()));
  BASCULE_ASSIGN(nn::Network network,
                 nn::Network::make(spec.model(), data.sample, *device, spec.seed(), compile));
  return summarise(spec, network, data.targets, arguments.explain, context);
}

}  // namespace bascule::cli
