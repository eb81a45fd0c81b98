#include <algorithm>
#include <array>
#include <functional>
#include <memory>

#include <fmt/format.h>

#include <bascule/base/cpu_info.h>
#include <bascule/base/process_memory.h>
#include <bascule/base/timer.h>
#include <bascule/data/split.h>
#include <bascule/data/synthetic.h>
#include <bascule/devices/device.h>
#include <bascule/devices/null_device.h>
#include <bascule/devices/own_memory.h>
#include <bascule/recsys/ladder.h>
#include <bascule/recsys/popularity.h>
#include <bascule/recsys/spec.h>

#include "base/median.h"
#include "nn/step_graphs.h"
#include "recsys/vae_parameters.h"
#include "recsys/vae_training.h"

namespace bascule {
namespace {

using detail::VaeExecution;
using detail::VaeForm;
using detail::VaeTraining;

/// Not timed: memory is touched for the first time, and threads wake up.
constexpr std::int64_t kFirstSteps = 3;
/// More than anybody waits for.
constexpr std::int64_t kEpochs = std::int64_t{1} << 30;
constexpr double kPublishedProduct = 145;

struct Rung {
  LadderRung shown;
  VaeExecution execution;
  Precision precision = Precision::kFp32;
};

std::set<std::string> fusing_passes() {
  std::set<std::string> names;
  for (const std::string& name : pass_names())
    if (name.starts_with("fuse_")) names.insert(name);
  return names;
}

LadderRung named(std::string name, std::string what, std::optional<double> published,
                 std::string skipped = {}) {
  LadderRung rung;
  rung.name = std::move(name);
  rung.what = std::move(what);
  rung.published = published;
  rung.skipped = std::move(skipped);
  return rung;
}

std::vector<Rung> rungs(const Target& target) {
  VaeExecution execution{.batches_ahead = false,
                         .dense_feed = true,
                         .resident = false,
                         .skip_passes = fusing_passes()};
  std::vector<Rung> all;
  all.push_back(
      {named("dense feed", "batches as dense matrices, made on the host", {}), execution});
  execution.dense_feed = false;
  all.push_back(
      {named("sparse", "batches in CSR, a sparse first layer and likelihood", 12.5), execution});
  execution.batches_ahead = true;
  all.push_back({named("pipeline", "batches made ahead on a thread of their own", 1.8), execution});
  if (!target.host_memory) {
    execution.resident = true;
    all.push_back(
        {named("resident rows", "batches put together on the device, where the rows stay", {}),
         execution});
  }
  const std::string no_bf16 = target.host_memory
                                  ? "this processor has no products of bf16"
                                  : fmt::format("{} has no products of bf16", target.device);
  const Precision precision = target.bf16 ? Precision::kBf16 : Precision::kFp32;
  all.push_back({named("mixed precision", "products of bf16 factors, all else in fp32", 1.8,
                       target.bf16 ? "" : no_bf16),
                 execution, precision});
  execution.skip_passes.clear();
  all.push_back({named("fused step", "the compiler's fusing passes, off until here", {}), execution,
                 precision});
  all.push_back({named("more devices", "data-parallel training", 3.5,
                       fmt::format("there is one device, the {}", target.device)),
                 execution, precision});
  return all;
}

/// One rung's training, from its first values on.
class Turn {
 public:
  Turn(MultVaeOptions options, const CompressedView& train, std::shared_ptr<Device> device)
      : options_(std::move(options)),
        form_(options_, train.minors),
        request_{train, {}, {}, {}},
        device_(std::move(device)),
        store_(*device_) {}

  Status prepare(const VaeExecution& execution, ThreadPool& pool) {
    BASCULE_TRY(detail::declare_parameters(detail::vae_parameters(form_), store_));
    BASCULE_ASSIGN(training_,
                   VaeTraining::make(options_, form_, request_, nobody_, store_, pool, execution));
    return {};
  }
  Status begin(ThreadPool& pool) {
    BASCULE_TRY(detail::initialize_vae(form_, options_.seed, store_, pool));
    const std::array<float, 1> rate = {static_cast<float>(options_.optimizer.lr)};
    BASCULE_TRY(store_.write("lr", std::span<const float>(rate)));
    training_->start(0, kEpochs);
    return {};
  }
  Status step() {
    const std::int64_t before = steps_ % training_->batches() * training_->batch_size();
    BASCULE_TRY(training_->step());
    users_ += std::min(training_->batch_size(), training_->samples() - before);
    ++steps_;
    return {};
  }
  /// Steps may still run when step() returns.
  Status wait() { return device_->synchronize(); }

  [[nodiscard]] const VaeTraining& training() const { return *training_; }
  [[nodiscard]] std::int64_t users() const { return users_; }  ///< trained so far
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] Result<double> mean_loss() const {
    BASCULE_ASSIGN(const std::vector<float> sum, store_.values<float>(std::string(nn::kLossSum)));
    return double{sum[0]} / static_cast<double>(users_);
  }

 private:
  MultVaeOptions options_;
  VaeForm form_;
  LearnRequest request_;
  Popularity nobody_;  // validates nothing
  std::shared_ptr<Device> device_;
  VariableStore store_;
  std::unique_ptr<VaeTraining> training_;
  std::int64_t users_ = 0, steps_ = 0;
};

class Climber {
 public:
  Climber(const MultVaeOptions& model, const CompressedView& train, const LadderOptions& options,
          const FitRequest& request, ThreadPool& pool)
      : model_(model), train_(train), options_(options), request_(request), pool_(pool) {}

  /// What the rung takes, found without taking it.
  Status plan(Rung& rung) {
    BASCULE_ASSIGN(const std::int64_t available, memory());
    auto device = make_null_device(this->device()->target());
    const NullDevice& planned = *device;
    Turn turn(with(rung.precision), train_, std::move(device));
    BASCULE_TRY(turn.prepare(rung.execution, pool_));
    rung.shown.planned_bytes = planned.counts().allocated + batch_bytes(rung, turn.training());
    rung.shown.precision = rung.precision;
    if (rung.shown.planned_bytes > available)
      rung.shown.skipped = fmt::format("it takes {:.1f} GB of memory, {:.1f} GB are available",
                                       static_cast<double>(rung.shown.planned_bytes) * 1e-9,
                                       static_cast<double>(available) * 1e-9);
    return {};
  }

  Status climb(Rung& rung) {
    LadderRung& shown = rung.shown;
    const bool counted = reset_peak_memory();
    Turn turn(with(rung.precision), train_, device());
    BASCULE_TRY(turn.prepare(rung.execution, pool_));
    BASCULE_TRY(turn.begin(pool_));
    while (turn.steps() < kFirstSteps) BASCULE_TRY(step(turn));
    BASCULE_ASSIGN(shown.loss, turn.mean_loss());

    const std::int64_t users = turn.users();
    const double waited = turn.training().batch_seconds();
    const Stopwatch watch;
    do {
      BASCULE_TRY(step(turn));
    } while (watch.seconds() < options_.seconds);
    BASCULE_TRY(turn.wait());
    const double seconds = watch.seconds();
    shown.users_per_second.push_back(static_cast<double>(turn.users() - users) / seconds);
    shown.steps += turn.steps() - kFirstSteps;
    shown.waiting += (turn.training().batch_seconds() - waited) / seconds / options_.rounds;
    if (counted) shown.peak_memory = std::max(shown.peak_memory, peak_memory());
    return {};
  }

  [[nodiscard]] std::shared_ptr<Device> device() const {
    return request_.device != nullptr ? request_.device : make_cpu_device(pool_);
  }

 private:
  /// That a rung may take, of the memory that the device computes in.
  [[nodiscard]] Result<std::int64_t> memory() const {
    if (options_.memory > 0) return options_.memory;
    const auto on = device();
    if (auto* own = dynamic_cast<HasOwnMemory*>(on.get())) return own->free_memory();
    return cpu_info().memory_available;
  }
  [[nodiscard]] MultVaeOptions with(Precision precision) const {
    MultVaeOptions options = model_;
    options.precision = precision;
    return options;
  }
  [[nodiscard]] std::int64_t batch_bytes(const Rung& rung, const VaeTraining& training) const {
    constexpr std::int64_t kElement = sizeof(std::int32_t) + sizeof(float);
    const std::int64_t sparse = 2 * kElement * detail::largest_batch(train_, training.batch_size());
    const bool dense = rung.execution.dense_feed;
    return (rung.execution.batches_ahead ? 2 : 1) * sparse +
           (dense ? detail::DenseFeed::bytes(training.batch_size(), train_.minors) : 0);
  }
  Status step(Turn& turn) const {
    if (request_.interrupted()) return {Code::kInterrupted, "interrupted; nothing was written"};
    return turn.step();
  }

  const MultVaeOptions& model_;
  CompressedView train_;
  const LadderOptions& options_;
  const FitRequest& request_;
  ThreadPool& pool_;
};

void compare_rungs(std::vector<LadderRung>& rungs) {
  const LadderRung *first = nullptr, *before = nullptr;
  for (LadderRung& rung : rungs) {
    if (!rung.measured()) continue;
    rung.median = median(rung.users_per_second);
    if (before != nullptr) {
      rung.over = before->name;
      rung.factor = rung.median / before->median;
      rung.product = rung.median / first->median;
    } else {
      first = &rung;
    }
    before = &rung;
  }
}

Status check(const Settings& settings, const LadderOptions& options) {
  const std::string& type = settings.text("model.type");
  if (type != "mult-vae" && type != "mult-dae")
    return {Code::kUsage,
            fmt::format("ladder: takes mult-vae and mult-dae; model.type is {}", type)};
  if (settings.integer("model.sampled_softmax") > 0)
    return {Code::kUsage, "ladder: measures the exact softmax; model.sampled_softmax must be 0"};
  if (!(options.seconds > 0) || options.rounds < 1)
    return {Code::kUsage, "ladder: seconds must be above 0, rounds at least 1"};
  return {};
}

}  // namespace

Result<Ladder> measure_ladder(const Settings& given, const FitRequest& request,
                              const LadderOptions& options, ThreadPool& pool) {
  const Settings settings = with_model_defaults(given);
  BASCULE_TRY(check(settings, options));
  BASCULE_ASSIGN(const LoadedData loaded, load_data(settings, request.data_dirs, pool));
  BASCULE_ASSIGN(const Split split, make_split(loaded.data, split_options(settings)));
  const CompressedView train = split.train.view();
  BASCULE_TRY(check_fit_memory(*make_recommender(settings), train, nullptr));
  const MultVaeOptions model = mult_vae_options(settings);
  const VaeForm form(model, train.minors);

  Ladder ladder;
  ladder.path = loaded.path;
  ladder.synthetic = is_synthetic(loaded.path);
  ladder.model = settings.text("model.type");
  ladder.widths = form.encoder;
  ladder.widths.back() = form.latent;
  ladder.widths.insert(ladder.widths.end(), form.decoder.begin() + 1, form.decoder.end());
  ladder.users = loaded.data.matrix.rows();
  ladder.items = loaded.data.matrix.cols();
  ladder.interactions = loaded.data.matrix.nonzeros();
  ladder.train_users = train.majors;
  ladder.batch_size = std::min(model.batch_size, train.majors);
  ladder.processor = cpu_info().model;
  ladder.threads = pool.threads();
  ladder.device = request.device != nullptr ? request.device->target().device : "cpu";
  ladder.options = options;
  ladder.published_product = kPublishedProduct;
  request.log(fmt::format("{}{}: {} users × {} items, {} interactions; {} users to train on",
                          ladder.path, ladder.synthetic ? " (synthetic)" : "", ladder.users,
                          ladder.items, ladder.interactions, ladder.train_users));

  Climber climber(model, train, options, request, pool);
  std::vector<Rung> all = rungs(climber.device()->target());
  for (Rung& rung : all) {
    if (rung.shown.measured()) BASCULE_TRY(climber.plan(rung));
    if (!rung.shown.measured())
      request.log(fmt::format("{} is not measured: {}", rung.shown.name, rung.shown.skipped));
  }
  for (int round = 1; round <= options.rounds; ++round) {
    for (Rung& rung : all) {
      if (!rung.shown.measured()) continue;
      BASCULE_TRY(climber.climb(rung));
      request.log(fmt::format("round {} of {}: {}, {:.1f} users/s", round, options.rounds,
                              rung.shown.name, rung.shown.users_per_second.back()));
    }
  }
  for (Rung& rung : all) ladder.rungs.push_back(std::move(rung.shown));
  if (std::none_of(ladder.rungs.begin(), ladder.rungs.end(),
                   [](const LadderRung& rung) { return rung.measured(); }))
    return Error{Code::kFailed, fmt::format("ladder: no rung fits into memory; {}: {}",
                                            ladder.rungs[1].name, ladder.rungs[1].skipped)};
  compare_rungs(ladder.rungs);
  return ladder;
}

}  // namespace bascule
