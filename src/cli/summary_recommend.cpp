#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <bascule/recsys/saved_run.h>
#include <bascule/recsys/spec.h>
#include <bascule/recsys/training.h>
#include <bascule/run/spec_source.h>

#include "cli/summary_verbs.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

struct Row {
  std::string name, type;
  std::vector<std::int64_t> output;
  std::int64_t parameters = 0;
  double flops = 0;  ///< of a fit, or of an epoch of it
  std::int64_t bytes = 0;
};

/// What a model consists of, the interactions first.
struct Size {
  std::string model;
  bool by_epochs = false;
  std::int64_t users = 0, items = 0, interactions = 0;
  std::vector<Row> rows;
};

Size measure(const Settings& settings, const CompressedView& matrix) {
  constexpr std::int64_t kFloat = 4, kNeighborBytes = 16;  // by item and by neighbour
  const std::unique_ptr<Recommender> model = make_recommender(settings);
  Size size{std::string(model->type()),
            model->learns_by_epochs(),
            matrix.majors,
            matrix.minors,
            matrix.nonzeros(),
            {}};
  size.rows.push_back({"interactions",
                       "csr",
                       {size.users, size.items},
                       0,
                       0,
                       (size.users + 1) * 8 + size.interactions * 8});
  if (model->type() == "item-knn") {
    double pairs = 0;  // of items that share a user
    for (std::int64_t u = 0; u < matrix.majors; ++u) {
      const auto n = static_cast<double>(matrix.length(u));
      pairs += n * n;
    }
    const std::int64_t neighbors = settings.integer("model.neighbors");
    const std::int64_t stored = size.items * neighbors;
    size.rows.push_back({"neighbors",
                         size.model,
                         {size.items, neighbors},
                         stored,
                         2 * pairs,
                         stored * kNeighborBytes});
  }
  for (const ModelLayer& layer : model->layers(matrix))
    size.rows.push_back({layer.name,
                         layer.type,
                         {layer.outputs},
                         layer.parameters,
                         layer.epoch_flops,
                         layer.parameters * kFloat});
  return size;
}

Row totals(const Size& size) {
  Row total;
  for (const Row& row : size.rows) {
    total.parameters += row.parameters;
    total.flops += row.flops;
    total.bytes += row.bytes;
  }
  return total;
}

void print_json(const Size& size) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const Row& row : size.rows)
    layers.push_back({{"name", row.name},
                      {"type", row.type},
                      {"output", row.output},
                      {"parameters", row.parameters},
                      {"flops", row.flops},
                      {"bytes", row.bytes}});
  const Row total = totals(size);
  cli::print_json({{"layers", layers},
                   {"totals",
                    {{"users", size.users},
                     {"items", size.items},
                     {"interactions", size.interactions},
                     {"parameters", total.parameters},
                     {"flops", total.flops},
                     {"bytes", total.bytes}}}});
}

void print_size(const Size& size, const Context& context) {
  if (context.json) return print_json(size);
  Table table({{"layer (type)"},
               {"output"},
               {"parameters", Table::Align::kRight},
               {size.by_epochs ? "flops an epoch" : "flops to fit", Table::Align::kRight},
               {"bytes", Table::Align::kRight}});
  const auto count = [](double flops) { return flops > 0 ? fmt::format("{:.3g}", flops) : "0"; };
  for (const Row& row : size.rows)
    table.add({fmt::format("{} ({})", row.name, row.type),
               fmt::format("[{}]", fmt::join(row.output, ", ")), with_commas(row.parameters),
               count(row.flops), human_bytes(static_cast<double>(row.bytes))});
  if (size.by_epochs) {
    const Row total = totals(size);
    table.add({"total", "", with_commas(total.parameters), count(total.flops),
               human_bytes(static_cast<double>(total.bytes))});
  }
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
  if (arguments.explain) return {Code::kUsage, "--explain: only networks can be explained"};
  if (arguments.is_run) {
    BASCULE_ASSIGN(const SavedRun run, SavedRun::open(arguments.target));
    print_size(measure(run.settings(), run.interactions().matrix), context);
    return {};
  }
  BASCULE_ASSIGN(const Config config, load_spec(arguments.target, arguments.sets));
  BASCULE_ASSIGN(const Settings settings, recommend_settings(config));
  BASCULE_ASSIGN(const LoadedData loaded,
                 load_data(settings, context.search_dirs(), default_pool()));
  print_size(measure(settings, loaded.data.matrix.view()), context);
  return {};
}

}  // namespace bascule::cli
