#pragma once
#include "devices/cpu/linear.h"

namespace bascule::detail {

/// Whether dx = dy Wᵀ is better summed up in rounds over the outputs: where there are so many that
/// neither W nor dy stays in a cache from one piece of dx to the next.
bool is_deep(const GemmPlan& plan);
/// Room for the sums.
std::int64_t deep_floats(const GemmPlan& plan);

/// input_gradient() of such a plan: W in panels, float.
void input_gradient_deep(const GemmPlan& plan, const float* dy, const float* w,
                         const BackwardEpilogue& epilogue, float* dx, float* workspace,
                         ThreadPool& pool);

}  // namespace bascule::detail
