#include <fmt/format.h>

#include <bascule/graph/ops.h>

#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

class Embedding final : public Layer {
 public:
  Embedding(std::int64_t vocabulary, std::int64_t units, std::string init)
      : vocabulary_(vocabulary), units_(units), init_(std::move(init)) {}

  [[nodiscard]] std::string_view type() const override { return "embedding"; }
  [[nodiscard]] std::string details() const override { return fmt::format("{} rows", vocabulary_); }

  Value build(BuildContext& context, const Value& x) const override {
    auto shape = Shape::make({vocabulary_, units_});
    if (vocabulary_ < 1 || units_ < 1 || !shape.ok())
      throw GraphError("embedding", fmt::format("a table of {} x {}", vocabulary_, units_));
    const Value table = context.parameter("weight", *shape, require_initializer("embedding", init_),
                                          {vocabulary_, units_});
    return gather_rows(table, x.dtype() == DType::kI32 ? x : cast(x, DType::kI32));
  }

 private:
  std::int64_t vocabulary_, units_;
  std::string init_;
};

}  // namespace

LayerPtr embedding(std::int64_t vocabulary, std::int64_t units, std::string init) {
  return std::make_shared<Embedding>(vocabulary, units, std::move(init));
}

LayerType embedding_type() {
  constexpr double kMost = 1e9;
  return {"embedding",
          "a row of a table for each whole number",
          {keys::integer("vocabulary", "", 1, kMost, "numbers 0 ... vocabulary - 1 have a row"),
           keys::integer("units", "", 1, kMost, "length of a row"),
           initializer_key("init", "uniform(0.05)", "first values of the table")},
          [](const LayerArguments& a) {
            return embedding(a.integer("vocabulary"), a.integer("units"), a.text("init"));
          }};
}

}  // namespace bascule::nn
