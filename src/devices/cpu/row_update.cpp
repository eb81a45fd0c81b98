#include "devices/cpu/row_update.h"

#include <algorithm>

#include "devices/cpu/linear.h"

namespace bascule::detail {
namespace {

std::int64_t row_length(const Shape& weight) {
  std::int64_t n = 1;
  for (std::size_t axis = 1; axis < weight.rank(); ++axis) n *= weight[axis];
  return n;
}

}  // namespace

RowUpdate::RowUpdate(const CpuContext& context, const KernelRequest& request,
                     std::string_view optimizer, std::size_t weight)
    : context_(context),
      rule_(*optimizer_rule(optimizer, request.node.attributes)),
      weight_(weight),
      states_(request.node.outputs.size() - 1),
      lazy_(request.node.attributes.has("lazy")),
      n_(row_length(request.node.outputs[0].shape)) {
  steps_ = rule_.rule == UpdateRule::kAdam || rule_.rule == UpdateRule::kDecayedAdam;
  lr_ = request.inputs.size() - (steps_ ? 2 : 1);
  zeros_.assign(static_cast<std::size_t>((n_ + kLanes - 1) / kLanes * kLanes), 0.0F);
}

RowUpdate::Step::Step(const RowUpdate& update, const KernelArguments& arguments)
    : update_(update),
      arguments_(arguments),
      parameters_(
          update.rule_.at(*input<float>(arguments, update.lr_),
                          update.steps_ ? *input<std::int64_t>(arguments, update.lr_ + 1) : 0)) {}

void RowUpdate::Step::operator()(std::int64_t row, const float* gradient) const {
  const RowUpdate& u = update_;
  float* arrays[3] = {};
  for (std::size_t i = 0; i <= u.states_; ++i) {
    arrays[i] = output<float>(arguments_, i) + row * u.n_;
    const float* old = input<float>(arguments_, u.weight_ + i) + row * u.n_;
    if (old != arrays[i]) std::copy_n(old, u.n_, arrays[i]);
  }
  if (u.lazy_ && (gradient == nullptr ||
                  std::all_of(gradient, gradient + u.n_, [](float g) { return g == 0; })))
    return;
  update_array(u.context_.gemm, {u.rule_.rule, parameters_, arrays[0], {arrays[1], arrays[2]}},
               gradient == nullptr ? u.zeros_.data() : gradient, u.n_);
}

}  // namespace bascule::detail
