#include <filesystem>
#include <numeric>

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
  options.first = settings.flag("data.valid_first");
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

/// Its path is absolute.
Result<LabelledSet> find_and_read(const NetworkSpec& spec,
                                  const std::vector<std::string>& data_dirs, bool test_only,
                                  ThreadPool& pool) {
  const Settings& settings = spec.settings();
  if (!settings.has("data.path"))
    return Error{Code::kUsage, "data.path is missing: say where the samples are"};
  BASCULE_ASSIGN(const std::string found, find_set(settings.text("data.path"), data_dirs));
  LabelledReadOptions options = spec.read_options();
  options.test_only = test_only;
  BASCULE_ASSIGN(LabelledSet set, read_labelled(found, options, pool));
  std::error_code ignored;
  set.path = std::filesystem::absolute(found, ignored).lexically_normal().string();
  return set;
}

}  // namespace

Result<NetworkData> load_network_data(const NetworkSpec& spec,
                                      const std::vector<std::string>& data_dirs, ThreadPool& pool) {
  NetworkData data;
  Stopwatch watch;
  BASCULE_ASSIGN(LabelledSet set, find_and_read(spec, data_dirs, false, pool));
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

Result<HeldOut> load_held_out(const NetworkSpec& spec, const std::vector<std::string>& data_dirs,
                              ThreadPool& pool) {
  BASCULE_ASSIGN(LabelledSet set, find_and_read(spec, data_dirs, true, pool));
  HeldOut held{set.path, set.test.samples > 0 ? "test" : "valid", {}, {}};
  if (set.test.samples == 0 && !set.valid) {
    BASCULE_ASSIGN(SampleSplit parts, split(spec, set));
    if (parts.valid.empty())
      return Error{Code::kUsage,
                   fmt::format("{} has neither a test nor a validation part", held.path)};
    held.numbers = std::move(parts.valid);
    held.part = std::move(set.train);
    return held;
  }
  held.part = std::move(set.test.samples > 0 ? set.test : *set.valid);
  held.numbers.resize(static_cast<std::size_t>(held.part.samples));
  std::iota(held.numbers.begin(), held.numbers.end(), 0);
  return held;
}

Result<DataForm> load_data_form(const NetworkSpec& spec, const std::vector<std::string>& data_dirs,
                                ThreadPool& pool) {
  BASCULE_ASSIGN(const LabelledSet set, find_and_read(spec, data_dirs, true, pool));
  const LabelledData& part = set.test.samples > 0 ? set.test : set.train;
  FeatureTransform how = spec.transform();
  how.standardise = false;  // changes no shape
  BASCULE_ASSIGN(const Features seen, Features::make(part, how));
  return DataForm{seen.shape(), part.target_width};
}

}  // namespace bascule::nn
