// A network that learns from samples.
#include <algorithm>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include <bascule/base/config.h>
#include <bascule/nn/trainer.h>

#include "nn/epoch_loop.h"
#include "nn/evaluator.h"
#include "nn/step_graphs.h"

namespace bascule::nn {
namespace {

Status check(const FitOptions& options) {
  if (options.epochs < 0 || options.batch_size < 1)
    return {Code::kUsage, "fit: epochs must be at least 0, batch_size at least 1"};
  const std::vector<std::string> schedules = schedule_names();
  const std::string& schedule = options.schedule.type;
  if (std::find(schedules.begin(), schedules.end(), schedule) != schedules.end()) return {};
  const auto near = nearest_word(schedule, schedules);
  return {Code::kUsage, fmt::format("unknown schedule {}{}", schedule,
                                    near ? fmt::format("; did you mean {}?", *near) : "")};
}

Status check(const Network& network, const Samples& samples) {
  if (samples.reader == nullptr || samples.part == nullptr)
    return {Code::kUsage, "fit: samples without a reader or a part"};
  if (samples.reader->width() != network.sample().count())
    return {Code::kUsage, fmt::format("a sample has {} features, the network takes {}",
                                      samples.reader->width(), network.sample().to_string())};
  return {};
}

class NetworkTraining final : public Trainable {
 public:
  static Result<NetworkTraining> make(Network& network, const Samples& train, const Samples& valid,
                                      const FitOptions& options);

  VariableStore& store() override { return network_.store(); }
  [[nodiscard]] std::int64_t samples() const override { return samples_; }
  [[nodiscard]] std::int64_t batches() const override { return batches_; }
  void start(std::int64_t first_epoch, std::int64_t epochs) override {
    source_.start(first_epoch, epochs);
  }
  Status step() override {
    BASCULE_ASSIGN(const Batch batch, source_.next());
    BASCULE_TRY(programs_.run(batch));
    source_.give_back();
    return {};
  }
  Status skip() override {
    BASCULE_ASSIGN([[maybe_unused]] const Batch skipped, source_.next());
    source_.give_back();
    return {};
  }
  void stop() override { source_.stop(); }
  Result<std::map<std::string, double>> validate() override {
    if (!evaluator_) return std::map<std::string, double>();
    return evaluator_->run();
  }

 private:
  NetworkTraining(Network& network, BatchSource source, BatchPrograms programs,
                  std::int64_t samples, std::int64_t batches)
      : network_(network),
        source_(std::move(source)),
        programs_(std::move(programs)),
        samples_(samples),
        batches_(batches) {}

  Network& network_;
  BatchSource source_;
  BatchPrograms programs_;
  std::optional<Evaluator> evaluator_;
  std::int64_t samples_, batches_;
};

Result<NetworkTraining> NetworkTraining::make(Network& network, const Samples& train,
                                              const Samples& valid, const FitOptions& options) {
  BASCULE_TRY(check(options));
  BASCULE_TRY(check(network, train));
  const auto count = static_cast<std::int64_t>(train.numbers.size());
  BatchOptions order;
  order.batch_size = std::min(options.batch_size, std::max<std::int64_t>(count, 1));
  order.shuffle = options.shuffle;
  order.seed = options.seed;
  BASCULE_ASSIGN(BatchPlan plan, BatchPlan::make(train.numbers, order));
  const std::int64_t batches = plan.batches();
  BASCULE_ASSIGN(BatchSource source,
                 make_batches(*train.reader, *train.part, std::move(plan), options.loaders));
  const TargetForm form = target_form(*train.part);
  BatchPrograms programs(
      network.store(),
      [&network, form, &options](std::int64_t batch) {
        return training_graph(network, batch, form, options);
      },
      network.compile_options());
  BASCULE_TRY(programs.prepare(order.batch_size));
  if (count % order.batch_size != 0) BASCULE_TRY(programs.prepare(count % order.batch_size));
  NetworkTraining training(network, std::move(source), std::move(programs), count, batches);
  if (!valid.empty()) {
    BASCULE_TRY(check(network, valid));
    BASCULE_ASSIGN(Evaluator evaluator,
                   Evaluator::make(network, valid, options.loss, options.loaders));
    training.evaluator_ = std::move(evaluator);
  }
  return training;
}

}  // namespace

Samples all_samples(const SampleReader& reader, const LabelledData& part) {
  Samples samples{&reader, &part,
                  std::vector<std::int32_t>(static_cast<std::size_t>(part.samples))};
  std::iota(samples.numbers.begin(), samples.numbers.end(), 0);
  return samples;
}

Result<FitResult> fit(Network& network, const Samples& train, const Samples& valid,
                      const FitOptions& options) {
  BASCULE_ASSIGN(NetworkTraining training, NetworkTraining::make(network, train, valid, options));
  std::string monitor = options.early_stopping.monitor;
  if (monitor.empty()) monitor = valid.empty() ? "train_loss" : "valid_loss";
  Fingerprint fingerprint;
  if (!options.checkpoints.empty())
    fingerprint = make_fingerprint(network, train, valid, options, monitor);
  return EpochLoop(training, options, options.optimizer.lr, monitor, std::move(fingerprint)).run();
}

}  // namespace bascule::nn
