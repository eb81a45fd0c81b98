#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/recsys/saved_run.h>
#include <bascule/recsys/spec.h>
#include <bascule/recsys/training.h>
#include <bascule/run/spec_source.h>

#include "cli/summary_verbs.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

/// What a neighbour model consists of, in the words of a layer table.
struct Size {
  std::string model;
  std::int64_t users = 0, items = 0, interactions = 0, neighbors = 0;
  double multiply_adds = 0;  ///< of all pairs that share a user (item-kNN) or item (user-kNN)

  [[nodiscard]] bool has_lists() const { return model == "item-knn"; }
  [[nodiscard]] std::int64_t parameters() const { return has_lists() ? items * neighbors : 0; }
  [[nodiscard]] std::int64_t list_bytes() const {
    return parameters() * 16;
  }  // by item and by neighbour
  [[nodiscard]] std::int64_t history_bytes() const { return (users + 1) * 8 + interactions * 8; }
};

Size measure(const Settings& settings, const CompressedView& matrix) {
  Size size{settings.text("model.type"),
            matrix.majors,
            matrix.minors,
            matrix.nonzeros(),
            settings.integer("model.neighbors"),
            0};
  for (std::int64_t u = 0; u < matrix.majors; ++u) {
    const auto n = static_cast<double>(matrix.length(u));
    size.multiply_adds += n * n;
  }
  return size;
}

void print_size(const Size& size, const Context& context) {
  const double flops = size.has_lists() ? 2 * size.multiply_adds : 0;
  if (context.json) {
    nlohmann::ordered_json layers = nlohmann::ordered_json::array();
    layers.push_back({{"name", "interactions"},
                      {"type", "csr"},
                      {"output", {size.users, size.items}},
                      {"parameters", 0},
                      {"flops", 0},
                      {"bytes", size.history_bytes()}});
    if (size.has_lists())
      layers.push_back({{"name", "neighbors"},
                        {"type", size.model},
                        {"output", {size.items, size.neighbors}},
                        {"parameters", size.parameters()},
                        {"flops", flops},
                        {"bytes", size.list_bytes()}});
    print_json({{"layers", layers},
                {"totals",
                 {{"users", size.users},
                  {"items", size.items},
                  {"interactions", size.interactions},
                  {"parameters", size.parameters()},
                  {"flops", flops},
                  {"bytes", size.history_bytes() + (size.has_lists() ? size.list_bytes() : 0)}}}});
    return;
  }
  Table table({{"layer (type)"},
               {"output"},
               {"parameters", Table::Align::kRight},
               {"flops to fit", Table::Align::kRight},
               {"bytes", Table::Align::kRight}});
  table.add({"interactions (csr)", fmt::format("[{}, {}]", size.users, size.items), "0", "0",
             human_bytes(static_cast<double>(size.history_bytes()))});
  if (size.has_lists())
    table.add({fmt::format("neighbors ({})", size.model),
               fmt::format("[{}, {}]", size.items, size.neighbors), with_commas(size.parameters()),
               fmt::format("{:.3g}", flops), human_bytes(static_cast<double>(size.list_bytes()))});
  const double cells = static_cast<double>(size.users) * static_cast<double>(size.items);
  fmt::print(
      "{}\n{} {} interactions, density {:.3g}; written out as a dense float32 matrix it would "
      "take {}\n",
      table.to_string(), with_commas(size.interactions), size.model,
      static_cast<double>(size.interactions) / cells, human_bytes(cells * 4));
}

}  // namespace

Status summarise_recommend(const SummaryArguments& arguments, const Context& context) {
  BASCULE_TRY(context.resolve_device());
  if (arguments.explain) return {Code::kUsage, "--explain: a neighbour model has no graph"};
  if (arguments.is_run) {
    BASCULE_ASSIGN(const SavedRun run, SavedRun::open(arguments.target));
    print_size(measure(run.settings(), run.interactions().matrix), context);
    return {};
  }
  BASCULE_ASSIGN(const Config config, load_spec(arguments.target, arguments.sets));
  BASCULE_ASSIGN(const Settings settings, Settings::resolve(config, recommend_schema()));
  BASCULE_ASSIGN(const LoadedData loaded,
                 load_data(settings, context.search_dirs(), default_pool()));
  print_size(measure(settings, loaded.data.matrix.view()), context);
  return {};
}

}  // namespace bascule::cli
