#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/base/text.h>
#include <bascule/nn/saved_network.h>
#include <bascule/nn/training.h>

#include "nn/softmax_rows.h"

namespace bascule::nn {
namespace {

constexpr std::string_view kSample = "sample_shape";

Error damaged(const SafetensorsFile& file, const std::string& what) {
  return {Code::kBadData, fmt::format("{}: {}", file.path(), what)};
}

Result<Shape> read_sample_shape(const SafetensorsFile& file) {
  const auto at = file.metadata().find(kSample);
  if (at == file.metadata().end()) return damaged(file, "says no shape of a sample");
  std::vector<std::int64_t> extents;
  const char *next = at->second.data(), *end = next + at->second.size();
  while (next != end) {
    std::int64_t extent = 0;
    const auto parsed = std::from_chars(next, end, extent);
    if (parsed.ec != std::errc() || (parsed.ptr != end && *parsed.ptr != ','))
      return damaged(file, "the shape of a sample is not readable");
    extents.push_back(extent);
    next = parsed.ptr == end ? end : parsed.ptr + 1;
  }
  Result<Shape> shape = Shape::make(std::move(extents));
  if (!shape.ok()) return damaged(file, shape.error().message);
  return shape;
}

Result<std::vector<float>> read_statistic(const SafetensorsFile& file, std::string_view name) {
  BASCULE_ASSIGN(const auto values, file.get<float>(name));
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
    return damaged(file, fmt::format("{} is not finite", name));
  return std::vector<float>(values.begin(), values.end());
}

/// The set names no classes.
bool are_numbers(const std::vector<std::string>& classes) {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] != std::to_string(i)) return false;
  }
  return true;
}

/// The labels of `part` as indices into `known`.
Result<std::vector<std::int32_t>> translate_labels(const LabelledData& part,
                                                   const std::vector<std::string>& known) {
  if (part.classes == known) return part.labels;
  std::vector<std::int32_t> index;
  bool named = false;
  for (const std::string& name : part.classes) {
    const auto at = std::find(known.begin(), known.end(), name);
    named = named || at != known.end();
    index.push_back(at == known.end() ? -1 : static_cast<std::int32_t>(at - known.begin()));
  }
  if (!named && (are_numbers(part.classes) || are_numbers(known)))
    for (std::size_t i = 0; i < std::min(index.size(), known.size()); ++i)
      index[i] = static_cast<std::int32_t>(i);
  std::vector<std::int32_t> labels;
  labels.reserve(part.labels.size());
  for (const std::int32_t label : part.labels) {
    const auto from = static_cast<std::size_t>(label);
    if (index[from] < 0)
      return Error{Code::kUsage, fmt::format("the network knows no class \"{}\", only {}",
                                             printable(part.classes[from]),
                                             printable(fmt::format("{}", fmt::join(known, ", "))))};
    labels.push_back(index[from]);
  }
  return labels;
}

/// A cross-entropy on a network that ends without activation was computed on logits.
bool gives_logits(const NetworkSpec& spec, const Shape& sample) {
  Graph graph;
  BuildContext context(graph, false, 0);
  const Value y = spec.model().build(context, graph.input("x", f32(batch_shape(1, sample))));
  const bool classes = spec.loss().name.ends_with("cross_entropy") && sample_shape(y).count() > 1 &&
                       spec.loss().name != "binary_cross_entropy";
  return classes && context.activation_of(y).name == "linear";
}

}  // namespace

Status add_model(const VariableSnapshot& variables, const Shape& sample, const FeatureStats& stats,
                 SafetensorsWriter& writer) {
  variables.add_to(writer);
  writer.set_metadata("model", "network");
  writer.set_metadata(std::string(kSample), fmt::format("{}", fmt::join(sample.extents(), ",")));
  if (stats.mean.empty()) return {};
  const Shape shape{static_cast<std::int64_t>(stats.mean.size())};
  writer.add("features.mean", shape, std::span<const float>(stats.mean));
  writer.add("features.deviation", shape, std::span<const float>(stats.deviation));
  return {};
}

Result<SavedNetwork> SavedNetwork::open(const std::string& path, Device& device,
                                        CompileOptions compile) {
  constexpr std::array<std::string_view, 2> kNeeded = {kSpecFile, kModelFile};
  BASCULE_ASSIGN(const Run run, Run::open(path, kNeeded));
  BASCULE_ASSIGN(const std::string text, run.spec());
  const auto damaged_spec = [&](const Error& error) {
    return Error{Code::kBadData, fmt::format("{}: {}", run.file(kSpecFile), error.message)};
  };
  Result<Config> config = Config::parse(text, std::string(kSpecFile));
  if (!config.ok()) return damaged_spec(config.error());
  Result<NetworkSpec> spec = NetworkSpec::parse(*config);
  if (!spec.ok()) return damaged_spec(spec.error());
  BASCULE_ASSIGN(const auto file, run.model());
  BASCULE_ASSIGN(const Shape sample, read_sample_shape(*file));
  Result<std::vector<LayerRow>> table = spec->model().table(sample);
  if (!table.ok()) return damaged(*file, table.error().message);
  BASCULE_ASSIGN(Network network,
                 Network::make(spec->model(), sample, device, spec->seed(), std::move(compile)));
  BASCULE_TRY(network.load(*file));
  const bool logits = gives_logits(*spec, sample);
  SavedNetwork saved(std::move(spec).value(), std::move(network));
  saved.softmax_ = logits;
  if (saved.spec_.transform().standardise) {
    BASCULE_ASSIGN(saved.stats_.mean, read_statistic(*file, "features.mean"));
    BASCULE_ASSIGN(saved.stats_.deviation, read_statistic(*file, "features.deviation"));
  }
  if (saved.spec_.classifies()) {
    if (!run.has(kLabelsFile))
      return Error{Code::kBadData, fmt::format("{}: is missing", run.file(kLabelsFile))};
    BASCULE_ASSIGN(saved.labels_, run.labels());
    const auto outputs = static_cast<std::size_t>(saved.network_.output().count());
    if (outputs != 1 && saved.labels_.size() != outputs)
      return Error{Code::kBadData,
                   fmt::format("{}: {} labels for {} outputs", run.file(kLabelsFile),
                               saved.labels_.size(), outputs)};
  }
  return saved;
}

Result<Features> SavedNetwork::features(const LabelledData& part) const {
  const std::int64_t channels = spec_.transform().grey ? 3 : 1;
  if (part.sample_shape.count() != channels * network_.sample().count())
    return Error{
        Code::kUsage,
        fmt::format("a sample is {}, the network takes {}{}", part.sample_shape.to_string(),
                    network_.sample().to_string(), channels > 1 ? " made of colours" : "")};
  return Features::make(part, spec_.transform(), stats_);
}

Result<std::vector<float>> SavedNetwork::predict(const LabelledData& part) {
  constexpr std::int64_t kBatch = 256;
  BASCULE_ASSIGN(const Features made, features(part));
  const std::int64_t width = made.width(), out = network_.output().count();
  std::vector<float> outputs(static_cast<std::size_t>(part.samples * out));
  std::vector<float> batch(static_cast<std::size_t>(std::min(kBatch, part.samples) * width));
  std::vector<std::int32_t> numbers;
  for (std::int64_t begin = 0; begin < part.samples; begin += kBatch) {
    const std::int64_t count = std::min(kBatch, part.samples - begin);
    numbers.resize(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), static_cast<std::int32_t>(begin));
    made.read(numbers, batch.data());
    BASCULE_TRY(network_.predict(
        std::span<const float>(batch).first(static_cast<std::size_t>(count * width)),
        std::span(outputs).subspan(static_cast<std::size_t>(begin * out),
                                   static_cast<std::size_t>(count * out))));
  }
  if (softmax_) softmax_rows(outputs, static_cast<std::size_t>(out));
  return outputs;
}

Result<Predictor> SavedNetwork::predictor(std::int64_t batch) const {
  PredictorOptions options;
  options.batch = batch;
  options.transform = spec_.transform();
  options.stats = stats_;
  options.softmax = softmax_;
  return Predictor::make(network_, std::move(options));
}

Result<std::map<std::string, double>> SavedNetwork::evaluate(const LabelledData& part,
                                                             std::vector<std::int32_t> numbers) {
  BASCULE_ASSIGN(const Features made, features(part));
  LabelledData answers;  // without the features
  answers.samples = part.samples;
  answers.targets = part.targets;
  answers.target_width = part.target_width;
  BASCULE_ASSIGN(answers.labels, translate_labels(part, labels_));
  return nn::evaluate(network_, {&made, &answers, std::move(numbers)}, spec_.loss());
}

}  // namespace bascule::nn
