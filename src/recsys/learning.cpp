#include "recsys/learning.h"

#include <fmt/format.h>

#include <bascule/recsys/epoch_learner.h>
#include <bascule/recsys/evaluate_split.h>
#include <bascule/recsys/spec.h>

#include "nn/fingerprint.h"

namespace bascule {
namespace {

Status test(const Recommender& model, const Settings& settings, const Split& split,
            FitOutcome& outcome, ThreadPool& pool) {
  std::vector<std::int32_t> at;
  for (const std::int64_t k : settings.integers("evaluate.at"))
    at.push_back(static_cast<std::int32_t>(k));
  BASCULE_ASSIGN(const std::vector<Metric> metrics, metrics_at(at));
  BASCULE_ASSIGN(const Evaluation evaluation,
                 evaluate_part(model, split, "test", metrics, settings, pool));
  for (const auto& [name, metric] : evaluation.metrics)
    outcome.metrics["test_" + name] = metric.value;
  return {};
}

Status end_of(const Learned& learned, const std::string& out) {
  if (learned.stop == nn::FitStop::kNotFinite) return {Code::kFailed, learned.message};
  if (learned.stop != nn::FitStop::kInterrupted) return {};
  return {Code::kInterrupted,
          out.empty() ? "interrupted; nothing was written"
                      : fmt::format("interrupted after {} epochs; {} has a checkpoint to resume "
                                    "from",
                                    learned.history.size(), out)};
}

}  // namespace

Status learn_by_epochs(Recommender& model, const Settings& settings, const LoadedData& loaded,
                       const FitRequest& request, nn::RunLog& run, FitOutcome& outcome,
                       ThreadPool& pool) {
  Stopwatch watch;
  BASCULE_ASSIGN(const Split split, make_split(loaded.data, split_options(settings)));
  outcome.train_users = split.train.rows();
  outcome.valid_users = split.valid_in.rows();
  outcome.test_users = split.test_in.rows();
  outcome.times.emplace_back("split", watch.restart());
  request.log(fmt::format("{} users to train on, {} to validate, {} to test", outcome.train_users,
                          outcome.valid_users, outcome.test_users));

  LearnRequest learn{split.train.view(), split.valid_in.view(), split.valid_out.view(), {}};
  Status logged;
  if (!request.out.empty())
    learn.control.checkpoints = fmt::format("{}/{}", request.out, kCheckpointsFolder);
  learn.control.checkpoint_seconds = settings.number("train.checkpoint_seconds");
  learn.control.resume = request.resume;
  learn.control.settings = nn::lasting_settings(settings.to_toml());
  // A fit that is refused leaves an earlier run as it was.
  learn.control.on_start = [&] { return run.begin(request.out, settings.to_toml()); };
  learn.log = request.log;
  learn.control.on_progress = request.on_progress;
  learn.control.on_epoch = [&](const nn::History& history) {
    if (logged.ok()) logged = run.add_epochs(history);
    request.on_epoch(history);
  };
  // A disk that is full ends the fit after the step, as an interrupt does.
  learn.control.interrupted = [&] { return !logged.ok() || request.interrupted(); };
  BASCULE_ASSIGN(const Learned learned, model.epoch_learner()->learn(learn, pool));
  BASCULE_TRY(logged);
  BASCULE_TRY(end_of(learned, request.out));
  outcome.times.emplace_back("train", watch.restart());
  outcome.history = learned.history;
  outcome.stop = learned.stop;
  outcome.best_epoch = learned.best_epoch;
  outcome.batch_seconds = learned.batch_seconds;
  if (learned.best_epoch > 0)
    outcome.metrics = learned.history[static_cast<std::size_t>(learned.best_epoch) - 1].metrics;
  BASCULE_TRY(test(model, settings, split, outcome, pool));
  outcome.times.emplace_back("test", watch.restart());
  return run.add_epochs(outcome.history);
}

}  // namespace bascule
