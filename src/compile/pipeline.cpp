// From a graph to a plan, from top to bottom.
#include <algorithm>

#include <fmt/format.h>

#include <bascule/base/timer.h>
#include <bascule/graph/op.h>
#include <bascule/graph/print.h>
#include <bascule/graph/verify.h>

#include "compile/passes.h"
#include "compile/users.h"

namespace bascule {
namespace {

using detail::Compilation;

template <Graph (*kRewrite)(const Graph&, const Target&)>
Status graph_pass(Compilation& c) {
  c.plan.graph = kRewrite(c.plan.graph, c.target);
  return {};
}
/// One that cannot fail.
template <void (*kPass)(Compilation&)>
Status sure_pass(Compilation& c) {
  kPass(c);
  return {};
}

struct Pass {
  std::string_view name;
  bool optional;
  Status (*run)(Compilation& c);
};

constexpr Pass kPasses[] = {
    {"loss_scale", true, detail::loss_scale},
    {"simplify", true, graph_pass<detail::simplify>},
    {"fuse_loss", true, graph_pass<detail::fuse_loss>},
    {"fuse_linear", true, graph_pass<detail::fuse_linear>},
    {"fuse_update", true, graph_pass<detail::fuse_update>},
    {"group_updates", true, graph_pass<detail::group_updates>},
    {"mixed_precision", true, sure_pass<detail::mixed_precision>},
    {"fuse_map", true, graph_pass<detail::fuse_map>},
    {"layout", true, sure_pass<detail::choose_layouts>},
    {"schedule", false, sure_pass<detail::schedule>},
    {"memory_plan", false, sure_pass<detail::plan_memory>},
};

Status check_skips(const std::set<std::string>& skip) {
  for (const std::string& name : skip) {
    const auto* pass = std::find_if(std::begin(kPasses), std::end(kPasses),
                                    [&](const Pass& one) { return one.name == name; });
    if (pass == std::end(kPasses))
      return {Code::kUsage, fmt::format("there is no pass {}; passes are {}", name,
                                        fmt::join(pass_names(), ", "))};
    if (!pass->optional) return {Code::kUsage, fmt::format("the pass {} is always needed", name)};
  }
  return {};
}

Status check_supported(const Graph& graph, const Target& target) {
  if (!target.supports) return {};
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (detail::is_launched(node) && !target.supports(graph, node))
      return {Code::kUsage, fmt::format("[{}] has no kernel on {}", node.op->name, target.device)};
  }
  return {};
}

Status run_pass(const Pass& pass, Compilation& c) {
  PassReport report{std::string(pass.name), 0, c.plan.graph.size(), 0, {}};
  const Stopwatch watch;
  BASCULE_TRY(pass.run(c));
  report.seconds = watch.seconds();
  report.nodes_after = c.plan.graph.size();
  if (const Status status = verify(c.plan.graph); !status.ok())
    return {Code::kFailed,
            fmt::format("the pass {} broke the graph: {}", pass.name, status.error().message)};
  if (c.options.keep_texts) report.text = to_text(c.plan.graph);
  c.plan.passes.push_back(std::move(report));
  return {};
}

}  // namespace

std::string_view precision_name(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kFp16:
      break;
  }
  return "fp16";
}

std::vector<std::string> pass_names() {
  std::vector<std::string> names;
  for (const Pass& pass : kPasses) names.emplace_back(pass.name);
  return names;
}

bool is_optional_pass(std::string_view name) {
  return std::any_of(std::begin(kPasses), std::end(kPasses),
                     [&](const Pass& pass) { return pass.name == name && pass.optional; });
}

Result<Plan> compile(Graph graph, const Target& target, const CompileOptions& options) {
  BASCULE_TRY(check_skips(options.skip));
  if (options.precision == Precision::kFp16 && !target.fp16)
    return Error{Code::kUsage,
                 fmt::format("precision fp16: {} has no products of it", target.device)};
  BASCULE_TRY(verify(graph));
  Compilation c{{}, target, options};
  c.plan.graph = std::move(graph);
  const detail::Users users(c.plan.graph);
  for (const auto& [name, value] : c.plan.graph.variables()) {
    const bool used =
        users.leaves(value) || !users.of(value).empty() || c.plan.graph.assigns().contains(name);
    const auto fixed = options.variable_layouts.find(name);
    if (used)
      c.plan.layouts[name] =
          fixed == options.variable_layouts.end() ? Layout::kRowMajor : fixed->second;
  }
  for (const Pass& pass : kPasses) {
    if (!options.skip.contains(std::string(pass.name))) BASCULE_TRY(run_pass(pass, c));
  }
  BASCULE_TRY(check_supported(c.plan.graph, target));
  return std::move(c.plan);
}

}  // namespace bascule
