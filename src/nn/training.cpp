#include <fmt/format.h>

#include <bascule/nn/saved_network.h>
#include <bascule/nn/training.h>
#include <bascule/run/run_folder.h>
#include <bascule/run/spec_source.h>

#include "nn/fit_report.h"
#include "nn/run_log.h"

namespace bascule::nn {
namespace {

Status write_network(RunWriter& writer, const NetworkSpec& spec, const NetworkData& data,
                     const Network& network, const NetworkFitOutcome& outcome) {
  BASCULE_ASSIGN(const auto variables, VariableSnapshot::take(network.store(), kModelRoles));
  SafetensorsWriter tensors;
  BASCULE_TRY(add_model(variables, network.sample(), data.stats, tensors));
  BASCULE_TRY(writer.write_model(tensors));
  if (spec.classifies()) BASCULE_TRY(writer.write_labels(data.set->train.classes));
  BASCULE_TRY(writer.write_report(fit_report(spec, data, outcome)));
  return writer.finish();
}

/// Cross-entropy over fewer outputs than classes would train on nothing for the rest.
Status check_outputs(const NetworkSpec& spec, const NetworkData& data, const Network& network) {
  const std::int64_t outputs = network.output().count();
  if (!spec.classifies()) return {};
  const auto classes = static_cast<std::int64_t>(data.set->train.classes.size());
  const bool binary = spec.loss().name == "binary_cross_entropy" && outputs == 1 && classes == 2;
  if (outputs == classes || binary) return {};
  return {Code::kUsage,
          fmt::format("the last layer has {} outputs, the data {} classes", outputs, classes)};
}

Status test(const FitResult& result, const NetworkSpec& spec, const NetworkData& data,
            Network& network, NetworkFitOutcome& outcome) {
  if (data.test.empty()) return {};
  const auto measure = [&](const std::string& prefix) -> Status {
    BASCULE_ASSIGN(const auto means, evaluate(network, data.test, spec.loss()));
    for (const auto& [name, value] : means) outcome.metrics[prefix + name] = value;
    return {};
  };
  BASCULE_TRY(measure("test_"));
  const bool last_is_best =
      result.history.empty() || result.best_epoch == result.history.back().epoch;
  if (last_is_best || !result.best || spec.fit_options().early_stopping.restore_best) return {};
  BASCULE_ASSIGN(const auto last, VariableSnapshot::take(network.store(), kModelRoles));
  BASCULE_TRY(result.best->restore(network.store()));
  BASCULE_TRY(measure("best_test_"));
  return last.restore(network.store());
}

NetworkSpec resolved(const NetworkSpec& spec, const std::string& path) {
  NetworkSpec result = spec;
  result.settings().put("data.path", {path, "fit"});
  result.settings().put("bascule.version", {std::string(version()), "fit"});
  result.settings().put("bascule.commit", {std::string(git_commit()), "fit"});
  return result;
}

}  // namespace

Result<NetworkFitOutcome> fit_network(const NetworkSpec& given, const NetworkFitRequest& request,
                                      Device& device, ThreadPool& pool) {
  const Stopwatch whole;
  BASCULE_ASSIGN(const NetworkData data, load_network_data(given, request.data_dirs, pool));
  const NetworkSpec spec = resolved(given, data.set->path);
  NetworkFitOutcome outcome;
  outcome.times = data.times;
  outcome.train_samples = static_cast<std::int64_t>(data.train.numbers.size());
  outcome.valid_samples = static_cast<std::int64_t>(data.valid.numbers.size());
  outcome.test_samples = static_cast<std::int64_t>(data.test.numbers.size());
  request.log(
      fmt::format("{}: {}, {} samples to train on, {} to validate, {} to test; {} malformed",
                  data.set->path, data.set->format, outcome.train_samples, outcome.valid_samples,
                  outcome.test_samples, data.set->report.malformed_rows()));

  Stopwatch watch;
  const Shape& sample = data.train_features->shape();
  BASCULE_ASSIGN(outcome.layers, spec.model().table(sample));
  BASCULE_ASSIGN(Network network,
                 Network::make(spec.model(), sample, device, spec.seed(), request.compile));
  BASCULE_TRY(check_outputs(spec, data, network));
  request.on_model(outcome.layers);
  outcome.times.emplace_back("build", watch.restart());

  RunLog run;
  Status logged;
  FitOptions options = spec.fit_options();
  const bool on_the_pool = device.target().device == "cpu";
  if (on_the_pool && pool.threads() >= available_processors()) options.loaders = &pool;
  if (!request.out.empty())
    options.checkpoints = fmt::format("{}/{}", request.out, kCheckpointsFolder);
  // A fit that is refused leaves an earlier run as it was.
  options.on_start = [&] { return run.begin(request.out, spec.to_toml()); };
  options.resume = request.resume;
  options.on_progress = [&](const Progress& now) {
    if (outcome.first_step == 0) outcome.first_step = whole.seconds();
    request.on_progress(now);
  };
  options.on_epoch = [&](const History& history) {
    if (logged.ok()) logged = run.add_epochs(history);
    request.on_epoch(history);
  };
  // A disk that is full ends the fit after the step, as an interrupt does.
  options.interrupted = [&] { return !logged.ok() || request.interrupted(); };
  BASCULE_ASSIGN(const FitResult result, fit(network, data.train, data.valid, options));
  BASCULE_TRY(logged);
  outcome.times.emplace_back("train", watch.restart());
  outcome.history = result.history;
  outcome.stop = result.stop;
  outcome.best_epoch = result.best_epoch;
  if (result.stop == FitStop::kNotFinite) return Error{Code::kFailed, result.message};
  if (result.stop == FitStop::kInterrupted)
    return Error{
        Code::kInterrupted,
        request.out.empty()
            ? "interrupted; nothing was written"
            : fmt::format("interrupted after {} epochs; {} has a checkpoint to resume from",
                          result.history.size(), request.out)};
  if (!result.history.empty()) outcome.metrics = result.history.back().metrics;
  BASCULE_TRY(test(result, spec, data, network, outcome));
  outcome.times.emplace_back("test", watch.restart());
  BASCULE_TRY(run.add_epochs(outcome.history));
  if (RunWriter* writer = run.writer()) {
    BASCULE_TRY(write_network(*writer, spec, data, network, outcome));
    outcome.run = writer->path();
    outcome.times.emplace_back("write", watch.restart());
  }
  return outcome;
}

}  // namespace bascule::nn
