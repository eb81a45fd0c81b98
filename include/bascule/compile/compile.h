#pragma once
// From a graph to a plan, by named passes. src/compile/pipeline.cpp lists them in their order.
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/compile/plan.h>

namespace bascule {

/// What the operands of products are rounded to. Sums, parameters, optimizer states and everything
/// that is not a product are float32 in any.
enum class Precision : std::uint8_t { kFp32, kBf16, kFp16 };

std::string_view precision_name(Precision precision);  ///< "fp32", "bf16", "fp16"

/// How the loss is scaled where the factors of products are fp16: doubled after so many steps in a
/// row whose gradients were finite, halved after one whose were not, which is skipped. The scale
/// and its counts are control variables.
struct LossScaling {
  double initial = 65536;
  std::int64_t growth_steps = 2000;
};
inline constexpr const char* kLossScale = "loss_scale";
inline constexpr const char* kSkippedSteps = "loss_scale.skipped";

struct CompileOptions {
  Precision precision = Precision::kFp32;
  LossScaling loss_scaling;    ///< of fp16
  std::set<std::string> skip;  ///< passes by name that are left out
  bool keep_texts = false;     ///< the graph after each pass goes into the reports
  /// Layouts that variables have already because another program uses them.
  std::map<std::string, Layout> variable_layouts;
};

/// Names of the passes in their order.
std::vector<std::string> pass_names();
/// Whether a pass may be left out: all that change the graph or the layouts.
bool is_optional_pass(std::string_view name);

/// kUsage for a pass that does not exist or must not be skipped, or an op or precision that the
/// target lacks; kFailed when a pass broke the graph (it is verified after each).
Result<Plan> compile(Graph graph, const Target& target, const CompileOptions& options = {});

}  // namespace bascule
