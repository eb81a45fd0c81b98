#include <fmt/format.h>

#include <bascule/graph/ops.h>

#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

class Concat final : public Layer {
 public:
  explicit Concat(std::vector<std::vector<LayerPtr>> branches) : branches_(std::move(branches)) {}

  [[nodiscard]] std::string_view type() const override { return "concat"; }
  [[nodiscard]] std::string details() const override {
    return fmt::format("{} branches", branches_.size());
  }

  Value build(BuildContext& context, const Value& x) const override {
    if (branches_.empty()) throw GraphError("concat", "no branches");
    std::vector<Value> ends;
    for (const auto& branch : branches_) {
      Value y = x;
      for (const LayerPtr& layer : branch) y = context.apply(*layer, y);
      ends.push_back(y);
    }
    return bascule::concat(ends, -1);
  }

 private:
  std::vector<std::vector<LayerPtr>> branches_;
};

}  // namespace

LayerPtr concat(std::vector<std::vector<LayerPtr>> branches) {
  return std::make_shared<Concat>(std::move(branches));
}

LayerType concat_type() {
  return {"concat",
          "joins the outputs of its `branches` along the last axis",
          {},
          [](const LayerArguments& a) { return concat(a.branches); },
          Nesting::kBranches};
}

}  // namespace bascule::nn
