#include <filesystem>

#include <fmt/format.h>

#include <bascule/data/catalogue.h>
#include <bascule/nn/training.h>

namespace bascule::nn {
namespace {

/// Cuts the training part in two, unless the set comes with a validation part.
Result<SampleSplit> split(const NetworkSpec& spec, const LabelledSet& set) {
  const Settings& settings = spec.settings();
  SampleSplitOptions options;
  options.fraction = set.valid ? 0 : settings.number("data.valid_fraction");
  options.shuffle = settings.flag("data.valid_shuffle");
  options.stratified = settings.flag("data.valid_stratified") && spec.classifies();
  options.seed = spec.seed();
  return split_samples(set.train, options);
}

Result<std::unique_ptr<Features>> features(const LabelledData& part, const FeatureTransform& how,
                                           const FeatureStats& stats, ThreadPool& pool) {
  BASCULE_ASSIGN(Features made,
                 Features::make(part, how, stats, Keep::kBytes, std::int64_t{4} << 30, pool));
  return std::make_unique<Features>(std::move(made));
}

}  // namespace

Result<NetworkData> load_network_data(const NetworkSpec& spec,
                                      const std::vector<std::string>& data_dirs, ThreadPool& pool) {
  const Settings& settings = spec.settings();
  if (!settings.has("data.path"))
    return Error{Code::kUsage, "data.path is missing: say where the samples are"};
  NetworkData data;
  BASCULE_ASSIGN(const std::string found, find_set(settings.text("data.path"), data_dirs));
  std::error_code ignored;
  data.path = std::filesystem::absolute(found, ignored).lexically_normal().string();
  Stopwatch watch;
  BASCULE_ASSIGN(LabelledSet set, read_labelled(found, spec.read_options(), pool));
  data.times.emplace_back("read", watch.restart());
  data.set = std::make_unique<LabelledSet>(std::move(set));

  BASCULE_ASSIGN(SampleSplit parts, split(spec, *data.set));
  const FeatureTransform how = spec.transform();
  if (how.standardise) {
    BASCULE_ASSIGN(data.stats, feature_stats(data.set->train, how, parts.train, pool));
  }
  BASCULE_ASSIGN(data.train_features, features(data.set->train, how, data.stats, pool));
  data.train = {data.train_features.get(), &data.set->train, std::move(parts.train)};
  if (data.set->valid) {
    BASCULE_ASSIGN(data.valid_features, features(*data.set->valid, how, data.stats, pool));
    data.valid = all_samples(*data.valid_features, *data.set->valid);
  } else {
    data.valid = {data.train_features.get(), &data.set->train, std::move(parts.valid)};
  }
  if (data.set->test.samples > 0) {
    BASCULE_ASSIGN(data.test_features, features(data.set->test, how, data.stats, pool));
    data.test = all_samples(*data.test_features, data.set->test);
  }
  data.times.emplace_back("normalise", watch.restart());
  return data;
}

}  // namespace bascule::nn
