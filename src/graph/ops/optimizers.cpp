// Updates of optimizers: old values in, new values out. All can be written over the old ones.
#include "graph/ops/optimizers.h"

#include <array>
#include <numeric>

#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace detail {
namespace {

constexpr std::array kUpdates = {
    UpdateSignature{"sgd_update", 0, false, 4}, UpdateSignature{"momentum_update", 1, false, 8},
    UpdateSignature{"rmsprop_update", 1, false, 10}, UpdateSignature{"adam_update", 2, true, 14},
    UpdateSignature{"lion_update", 1, false, 9}};

}  // namespace

std::span<const UpdateSignature> update_signatures() {
  return kUpdates;
}

const UpdateSignature* find_update(std::string_view name) {
  for (const UpdateSignature& signature : kUpdates) {
    if (signature.name == name) return &signature;
  }
  return nullptr;
}

bool is_gated(const Attributes& attributes) {
  return attributes.has("gated") && attributes.flag("gated");
}

std::vector<ValueType> infer_update(std::string_view op, const UpdateSignature& signature,
                                    std::span<const ValueType> inputs, bool gated) {
  const std::size_t like_w = 2 + signature.states;  // w, states, gradient
  require_count(op, inputs, like_w + 1 + (signature.step ? 1 : 0) + (gated ? 1 : 0));
  for (std::size_t i = 0; i <= like_w; ++i) {
    require_dense(op, inputs[i], DType::kF32);
    require_shape(op, inputs[i], i < like_w ? inputs[0].shape : Shape{});
  }
  const auto require_scalar = [&](const ValueType& type, DType dtype) {
    require_dense(op, type, dtype);
    require_shape(op, type, {});
  };
  if (signature.step) require_scalar(inputs[like_w + 1], DType::kI64);
  if (gated) require_scalar(inputs.back(), DType::kF32);
  return std::vector<ValueType>(1 + signature.states, inputs[0]);
}

namespace {

std::vector<Attributes> variants(std::string_view name) {
  if (name == "sgd_update")
    return {{{"decay", 0.0}}, {{"decay", 0.01}}, {{"decay", 0.01}, {"lazy", std::int64_t{1}}}};
  if (name == "momentum_update") {
    std::vector<Attributes> all;
    for (const std::int64_t nesterov : {0, 1})
      for (const std::int64_t scaled : {0, 1})
        all.push_back({{"momentum", 0.9},
                       {"nesterov", nesterov},
                       {"scaled", scaled},
                       {"decay", nesterov != 0 ? 0.01 : 0.0}});
    return all;
  }
  if (name == "rmsprop_update") return {{{"rho", 0.9}, {"epsilon", 1e-6}, {"decay", 0.01}}};
  if (name == "adam_update") {
    const Attributes adam = {{"beta1", 0.9},
                             {"beta2", 0.999},
                             {"epsilon", 1e-8},
                             {"decay", 0.01},
                             {"decoupled_decay", 0.0}};
    Attributes adamw = adam;
    adamw.set("decay", 0.0);
    adamw.set("decoupled_decay", 0.05);
    Attributes lazy = adamw;
    lazy.set("lazy", std::int64_t{1});
    return {adam, adamw, lazy};
  }
  return {{{"beta1", 0.9}, {"beta2", 0.99}, {"decoupled_decay", 0.1}}};
}

}  // namespace

std::vector<OpCase> update_cases(const UpdateSignature& signature, const Shape& shape) {
  std::vector<OpCase> all;
  for (const Attributes& attributes : variants(signature.name)) {
    std::vector<ValueType> inputs(2 + signature.states, f32(shape));
    std::vector<InputRange> ranges(inputs.size());
    // Second moments are never negative; the margin keeps Lion's sign from rounding.
    if (signature.name == "rmsprop_update") ranges[1] = {0.01, 1};
    if (signature.step) ranges[2] = {0.01, 1};
    ranges.back().margin = 0.01;
    if (signature.name == "lion_update") ranges[1] = {-0.01, 0.01};
    inputs.push_back(f32({}));
    ranges.push_back({0.001, 0.1});
    if (signature.step) {
      inputs.push_back(i64({}));
      ranges.push_back({0, 50});
    }
    all.push_back(op_case(std::move(inputs), attributes, std::move(ranges)));
  }
  return all;
}

std::vector<ValueType> infer_joined_update(std::string_view op, const Attributes& attributes,
                                           std::span<const ValueType> inputs,
                                           const ValueType& gradient) {
  const std::string& optimizer = attributes.text("optimizer");
  const UpdateSignature* signature = find_update(optimizer);
  require(signature != nullptr, op, fmt::format("no optimizer {}", optimizer));
  require(inputs.size() > 2 + signature->states, op,
          fmt::format("{} arguments are too few for {}", inputs.size(), optimizer));
  std::vector<ValueType> full(inputs.begin() + 2, inputs.end());
  full.insert(full.begin() + 1 + static_cast<std::ptrdiff_t>(signature->states), gradient);
  return infer_update(op, *signature, full);
}

double joined_update_flops(const Node& node) {
  const UpdateSignature* signature = find_update(node.attributes.text("optimizer"));
  return signature->flops * static_cast<double>(node.outputs[0].shape.count());
}

std::vector<OpCase> joined_update_cases(std::span<const ValueType> factors, const Shape& weight) {
  std::vector<OpCase> all;
  for (const UpdateSignature& signature : update_signatures()) {
    for (OpCase& update : update_cases(signature, weight)) {
      // The factors take the place of the gradient.
      const auto place = 1 + static_cast<std::ptrdiff_t>(signature.states);
      std::vector<ValueType> inputs(factors.begin(), factors.end());
      std::vector<InputRange> ranges(factors.size(), InputRange{0.1, 1});
      update.inputs.erase(update.inputs.begin() + place);
      update.ranges.erase(update.ranges.begin() + place);
      inputs.insert(inputs.end(), update.inputs.begin(), update.inputs.end());
      ranges.insert(ranges.end(), update.ranges.begin(), update.ranges.end());
      Attributes attributes = update.attributes;
      attributes.set("optimizer", std::string(signature.name));
      all.push_back(op_case(std::move(inputs), std::move(attributes), std::move(ranges)));
    }
  }
  return all;
}

}  // namespace detail

namespace {

using detail::UpdateSignature;

/// Cases whose gate is this.
std::vector<OpCase> gated_cases(const UpdateSignature& signature, double gate) {
  std::vector<OpCase> all;
  for (OpCase& c : detail::update_cases(signature, {33, 100})) {
    c.inputs.push_back(f32({}));
    c.ranges.push_back({gate, gate});
    c.attributes.set("gated", std::int64_t{1});
    all.push_back(
        detail::op_case(std::move(c.inputs), std::move(c.attributes), std::move(c.ranges)));
    all.back().name += gate == 0 ? " closed" : " open";
  }
  return all;
}

/// A function per optimizer, so that it fits the plain pointers of OpInfo.
template <std::size_t kIndex>
OpInfo declare() {
  OpInfo info;
  info.name = detail::update_signatures()[kIndex].name;
  info.infer = [](std::span<const ValueType> inputs, const Attributes& attributes) {
    const UpdateSignature& signature = detail::update_signatures()[kIndex];
    return detail::infer_update(signature.name, signature, inputs, detail::is_gated(attributes));
  };
  info.flops = [](const Node& node, std::span<const ValueType>) {
    return detail::update_signatures()[kIndex].flops *
           static_cast<double>(node.outputs[0].shape.count());
  };
  info.cases = [] {
    std::vector<OpCase> all;
    for (const Shape& shape : {Shape{}, {7}, {33, 100}, {0, 3}}) {
      for (OpCase& c : detail::update_cases(detail::update_signatures()[kIndex], shape))
        all.push_back(std::move(c));
    }
    for (const double gate : {0.25, 0.0}) {
      for (OpCase& c : gated_cases(detail::update_signatures()[kIndex], gate))
        all.push_back(std::move(c));
    }
    return all;
  };
  info.in_place.resize(1 + detail::update_signatures()[kIndex].states);
  std::iota(info.in_place.begin(), info.in_place.end(), 0);
  return info;
}

std::vector<Value> update(std::string_view op, std::span<const Value> inputs, Attributes attributes,
                          bool lazy = false) {
  if (lazy) attributes.set("lazy", std::int64_t{1});
  return inputs[0].graph().add(get_op(op), inputs, std::move(attributes));
}

}  // namespace

std::span<const OpInfo> optimizer_ops() {
  static const std::array ops = {declare<0>(), declare<1>(), declare<2>(), declare<3>(),
                                 declare<4>()};
  return ops;
}

std::vector<Value> sgd_update(const Value& w, const Value& g, const Value& lr, double decay,
                              bool lazy) {
  return update("sgd_update", std::array{w, g, lr}, {{"decay", decay}}, lazy);
}

std::vector<Value> momentum_update(const Value& w, const Value& v, const Value& g, const Value& lr,
                                   double momentum, bool nesterov, bool scaled, double decay,
                                   bool lazy) {
  return update("momentum_update", std::array{w, v, g, lr},
                {{"momentum", momentum},
                 {"nesterov", std::int64_t{nesterov}},
                 {"scaled", std::int64_t{scaled}},
                 {"decay", decay}},
                lazy);
}

std::vector<Value> rmsprop_update(const Value& w, const Value& v, const Value& g, const Value& lr,
                                  double rho, double epsilon, double decay, bool lazy) {
  return update("rmsprop_update", std::array{w, v, g, lr},
                {{"rho", rho}, {"epsilon", epsilon}, {"decay", decay}}, lazy);
}

std::vector<Value> adam_update(const Value& w, const Value& m, const Value& v, const Value& g,
                               const Value& lr, const Value& step, double beta1, double beta2,
                               double epsilon, double decay, double decoupled_decay, bool lazy) {
  return update("adam_update", std::array{w, m, v, g, lr, step},
                {{"beta1", beta1},
                 {"beta2", beta2},
                 {"epsilon", epsilon},
                 {"decay", decay},
                 {"decoupled_decay", decoupled_decay}},
                lazy);
}

std::vector<Value> lion_update(const Value& w, const Value& m, const Value& g, const Value& lr,
                               double beta1, double beta2, double decoupled_decay) {
  return update("lion_update", std::array{w, m, g, lr},
                {{"beta1", beta1}, {"beta2", beta2}, {"decoupled_decay", decoupled_decay}});
}

}  // namespace bascule
