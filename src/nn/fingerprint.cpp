#include "nn/fingerprint.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <bascule/base/config.h>
#include <bascule/base/crc32c.h>
#include <bascule/graph/print.h>

#include "nn/step_graphs.h"

namespace bascule::nn {
namespace {

std::string describe(const Network& network, const FitOptions& options,
                     const std::string& monitor) {
  const OptimizerOptions& o = options.optimizer;
  const ScheduleOptions& s = options.schedule;
  std::string text = fmt::format(
      "loss {}; optimizer {} lr {} momentum {} {} rho {} beta {} {} epsilon {}; weight_decay {}; "
      "clip {} {}; schedule {} {} {} {} {} {} {} {}; batch_size {}; shuffle {}; seed {}; monitor "
      "{}; precision {}",
      options.loss.name, o.type, o.lr, o.momentum, o.style, o.rho, o.beta1, o.beta2, o.epsilon,
      o.weight_decay, o.clip_norm, o.clip_value, s.type, s.gamma, s.every, s.minimum, s.rise,
      s.start_divisor, s.end_divisor, s.warmup_epochs, options.batch_size, options.shuffle,
      options.seed, monitor, precision_name(network.compile_options().precision));
  // These end with the last epoch; any other fit may go on for longer than it was meant to.
  if (s.type == "cosine" || s.type == "one_cycle")
    text += fmt::format("; epochs {}", options.epochs);
  return text;
}

template <class T>
std::uint32_t add(std::span<const T> values, std::uint32_t crc) {
  return crc32c(std::as_bytes(values), crc);
}

/// Of the samples as they are held, and of the first one as the network sees it.
std::uint32_t checksum(const Samples& samples, std::uint32_t crc) {
  if (samples.empty()) return crc;
  const LabelledData& part = *samples.part;
  crc = add(std::span<const std::int32_t>(samples.numbers), crc);
  crc = add(std::span<const std::int32_t>(part.labels), crc);
  crc = add(std::span<const float>(part.targets), crc);
  crc = add(std::span<const std::uint8_t>(part.bytes.span()), crc);
  crc = add(std::span<const float>(part.floats.span()), crc);
  std::vector<float> seen(static_cast<std::size_t>(samples.reader->width()));
  samples.reader->read(std::span(samples.numbers).first(1), seen.data());
  return add(std::span<const float>(seen), crc);
}

/// Of the graph of a step: it has what no option names, as the rate of a dropout layer.
std::uint32_t checksum(const Network& network, const Samples& train, const FitOptions& options) {
  const auto samples = static_cast<std::int64_t>(train.numbers.size());
  const std::string text = to_text(training_graph(network, std::min(options.batch_size, samples),
                                                  target_form(*train.part), options));
  return add(std::span<const char>(text), 0);
}

}  // namespace

std::string lasting_settings(const std::string& toml) {
  // Data may move; a fit may go on for longer, and end otherwise, than it was meant to.
  constexpr std::array<std::string_view, 8> kFree = {"data.path",
                                                     "data.strict",
                                                     "train.epochs",
                                                     "train.early_stopping.patience",
                                                     "train.early_stopping.restore_best",
                                                     "train.checkpoint_seconds",
                                                     "bascule.version",
                                                     "bascule.commit"};
  const Config all = Config::parse(toml, "spec").value();  // written by to_toml
  std::string text;
  for (const auto& [key, value] : all.values()) {
    if (std::find(kFree.begin(), kFree.end(), key) != kFree.end()) continue;
    text += fmt::format("{}{} = {}", text.empty() ? "" : "; ", key, value.to_toml());
  }
  return text;
}

Fingerprint make_fingerprint(const Network& network, const Samples& train, const Samples& valid,
                             const FitOptions& options, const std::string& monitor) {
  return {network.signature(),
          fmt::format("{}{}{}; samples {} and {}; data {:08x}; step {:08x}", options.settings,
                      options.settings.empty() ? "" : "; ", describe(network, options, monitor),
                      train.numbers.size(), valid.numbers.size(),
                      checksum(valid, checksum(train, 0)), checksum(network, train, options))};
}

}  // namespace bascule::nn
