// What can be searched for: the keys of [tune], and what is usual for each type of model.
#include "recsys/tune_spec.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/recsys/metrics/registry.h>
#include <bascule/recsys/spec.h>
#include <bascule/recsys/tune.h>

namespace bascule {
namespace {

constexpr std::string_view kTable = "tune.", kRanges = "tune.ranges.";

/// Frequent for neighbours: M. Ferrari Dacrema et al., "A Troubling Analysis of Reproducibility and
/// Progress in Recommender Systems Research", TOIS 2021.
constexpr std::string_view kNeighbors = R"(
"model.neighbors" = { low = 5, high = 1000, scale = "log" }
"model.shrinkage" = { low = 0.0, high = 100.0 }
"model.weighting" = { choices = ["raw", "cosine", "tf-idf", "bm25"] }
)";

/// Factors and iterations are left to the user: more are better, and slower.
constexpr std::string_view kIals = R"(
"model.unobserved" = { low = 0.005, high = 1.0, scale = "log" }
"model.factor_l2" = { low = 0.0001, high = 0.1, scale = "log" }
)";

constexpr std::string_view kMultVae = R"(
"model.beta" = { low = 0.01, high = 1.0, scale = "log" }
"model.dropout" = { low = 0.1, high = 0.8 }
"train.optimizer.lr" = { low = 0.0002, high = 0.005, scale = "log" }
)";

constexpr std::string_view kMultDae = R"(
"model.dropout" = { low = 0.1, high = 0.8 }
"train.optimizer.lr" = { low = 0.0002, high = 0.005, scale = "log" }
"train.optimizer.weight_decay" = { low = 1e-7, high = 0.001, scale = "log" }
)";

constexpr std::string_view kRecVae = R"(
"model.gamma" = { low = 0.0005, high = 0.05, scale = "log" }
"model.dropout" = { low = 0.1, high = 0.8 }
"train.optimizer.lr" = { low = 0.0001, high = 0.0025, scale = "log" }
)";

/// Factors are left to the user: more are better, and slower.
constexpr std::string_view kElsa = R"(
"train.optimizer.lr" = { low = 0.001, high = 0.1, scale = "log" }
"train.batch_size" = { choices = [128, 256, 500, 1000] }
)";

const std::vector<std::string> kMultDaeKeys = {"model.hidden", "model.latent", "model.dropout",
                                               "model.sampled_softmax", "model.sampling_exponent"};

const std::vector<std::string> kKnnKeys = {"model.similarity", "model.neighbors", "model.shrinkage",
                                           "model.alpha",      "model.weighting", "model.bm25_k1",
                                           "model.bm25_b"};
/// Of all that learn by epochs.
const std::vector<std::string> kEpochKeys = {"train.epochs",
                                             "train.batch_size",
                                             "train.optimizer.type",
                                             "train.optimizer.lr",
                                             "train.optimizer.weight_decay",
                                             "train.early_stopping.patience"};

std::vector<std::string> with(std::vector<std::string> keys, const std::vector<std::string>& more) {
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

const std::vector<detail::TunableModel>& models() {
  static const std::vector<detail::TunableModel> all = {
      {"item-knn", kKnnKeys, kNeighbors},
      {"user-knn", kKnnKeys, kNeighbors},
      {"popularity", {}, ""},
      {"ease", {"model.l2"}, R"("model.l2" = { low = 1.0, high = 10000.0, scale = "log" })"},
      {"edlae",
       {"model.l2", "model.dropout"},
       R"("model.l2" = { low = 1.0, high = 10000.0, scale = "log" }
          "model.dropout" = { low = 0.05, high = 0.9 })"},
      {"slim",
       {"model.l1", "model.l2", "model.candidates", "model.tolerance", "model.iterations"},
       R"("model.l1" = { low = 0.1, high = 20.0, scale = "log" }
          "model.l2" = { low = 10.0, high = 5000.0, scale = "log" })"},
      {"rp3beta",
       {"model.neighbors", "model.transition_exponent", "model.popularity_exponent",
        "model.normalise"},
       R"("model.neighbors" = { low = 20, high = 500, scale = "log" }
          "model.transition_exponent" = { low = 0.2, high = 1.6 }
          "model.popularity_exponent" = { low = 0.0, high = 1.2 })"},
      {"ials",
       {"model.factors", "model.iterations", "model.unobserved", "model.factor_l2",
        "model.frequency_exponent"},
       kIals},
      {"elsa", with(kEpochKeys, {"model.factors"}), kElsa},
      {"mult-vae",
       with(with(kEpochKeys, kMultDaeKeys),
            {"model.beta", "model.anneal_steps", "model.anneal_share"}),
       kMultVae},
      {"mult-dae", with(kEpochKeys, kMultDaeKeys), kMultDae},
      {"recvae",
       with(kEpochKeys,
            {"model.width", "model.depth", "model.latent", "model.dropout", "model.gamma",
             "model.beta", "train.encoder_passes", "train.decoder_passes"}),
       kRecVae},
  };
  return all;
}

Schema tune_schema() {
  using keys::integer, keys::word;
  return {integer("tune.trials", "", 1, static_cast<double>(kMostTrials), "how many, in all"),
          word("tune.metric", "\"ndcg@100\"", "to be as large as it can be"),
          word("tune.data", "", "written into a search: checksum of the data and their split"),
          word("tune.precision", "", "written into a search: that of its fits")};
}

/// The keys below `prefix`, without it.
Config below(const Config& config, std::string_view prefix) {
  Config part;
  for (const auto& [key, value] : config.values())
    if (key.starts_with(prefix)) part.put(key.substr(prefix.size()), value);
  return part;
}

Result<Settings> tune_settings(const Config& config) {
  Config keys;
  for (const auto& [key, value] : config.values())
    if (key.starts_with(kTable) && !key.starts_with(kRanges)) keys.put(key, value);
  return Settings::resolve(keys, tune_schema());
}

/// The spec's, or where there are none the usual ones; those of the command line before both.
Result<SearchSpace> declared_space(const Config& config, const std::vector<std::string>& options,
                                   const detail::TunableModel& model) {
  BASCULE_ASSIGN(SearchSpace space, parse_ranges(below(config, kRanges), recommend_schema()));
  SearchSpace given;
  for (const std::string& option : options) {
    BASCULE_ASSIGN(const Config fields, parse_range_option(option));
    BASCULE_ASSIGN(const SearchSpace one, parse_ranges(fields, recommend_schema()));
    given.insert(given.end(), one.begin(), one.end());
  }
  for (SearchRange& range : given) {
    std::erase_if(space, [&](const SearchRange& other) { return other.key == range.key; });
    space.push_back(std::move(range));
  }
  if (space.size() > kMostRanges)
    return Error{Code::kUsage,
                 fmt::format("--range: more than {} ranges are declared", kMostRanges)};
  if (!space.empty()) {
    std::sort(space.begin(), space.end(),
              [](const SearchRange& a, const SearchRange& b) { return a.key < b.key; });
    return space;
  }
  if (model.ranges.empty())
    return Error{Code::kUsage,
                 fmt::format("model.type is {}: it has no options to search", model.type)};
  BASCULE_ASSIGN(const Config usual, Config::parse(model.ranges, "default"));
  return parse_ranges(usual, recommend_schema());
}

Status check_keys(const SearchSpace& space, const detail::TunableModel& model) {
  for (const SearchRange& range : space) {
    if (std::find(model.keys.begin(), model.keys.end(), range.key) != model.keys.end()) continue;
    const bool compared =
        range.key == "seed" || range.key.starts_with("data.") || range.key.starts_with("evaluate.");
    return {
        Code::kUsage,
        compared
            ? fmt::format("{}: {} changes what trials are compared on, and cannot be "
                          "searched",
                          range.origin, range.key)
            : fmt::format(
                  "{}: {} is no option of {}, which has {}", range.origin, range.key, model.type,
                  model.keys.empty() ? "none" : fmt::format("{}", fmt::join(model.keys, ", ")))};
  }
  return {};
}

}  // namespace

const detail::TunableModel* detail::tunable_model(std::string_view type) {
  const auto found = std::find_if(models().begin(), models().end(),
                                  [&](const TunableModel& model) { return model.type == type; });
  return found == models().end() ? nullptr : &*found;
}

Result<TuneSpec> tune_spec(const Config& config, const std::vector<std::string>& ranges) {
  BASCULE_ASSIGN(Settings settings, recommend_settings(config));
  BASCULE_ASSIGN(const Settings tune, tune_settings(config));
  const std::string type = settings.text("model.type");
  const detail::TunableModel* model = detail::tunable_model(type);
  if (model == nullptr)
    return Error{Code::kUsage, fmt::format("model.type is {}: it cannot be searched yet", type)};
  TuneSpec spec;
  BASCULE_ASSIGN(spec.space, declared_space(config, ranges, *model));
  BASCULE_TRY(check_keys(spec.space, *model));
  const Result<Metric> metric = parse_metric(tune.text("tune.metric"));
  if (!metric.ok())
    return Error{Code::kUsage, fmt::format("{}: tune.metric: {}", tune.origin("tune.metric"),
                                           metric.error().message)};
  spec.metric = metric->name();
  if (tune.has("tune.trials")) spec.trials = tune.integer("tune.trials");
  spec.settings = with_model_defaults(std::move(settings));
  return spec;
}

}  // namespace bascule
