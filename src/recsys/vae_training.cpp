#include "recsys/vae_training.h"

#include <algorithm>

#include <fmt/format.h>

#include <bascule/graph/print.h>

namespace bascule::detail {
namespace {

/// Steps in which the weight of the divergence rises.
std::int64_t anneal_steps(const MultVaeOptions& options, std::int64_t batches) {
  const auto steps = static_cast<double>(options.epochs * batches);
  const auto share = static_cast<std::int64_t>(options.anneal_share * steps);
  return std::max<std::int64_t>(options.anneal_steps > 0 ? options.anneal_steps : share, 1);
}

}  // namespace

Result<std::unique_ptr<VaeTraining>> VaeTraining::make(const MultVaeOptions& options,
                                                       const VaeForm& form,
                                                       const LearnRequest& request,
                                                       const Recommender& model,
                                                       VariableStore& store, ThreadPool& pool,
                                                       const VaeExecution& execution) {
  std::optional<CandidateOptions> candidates;
  if (options.sampled_softmax > 0)
    candidates = {options.sampled_softmax, options.sampling_exponent, options.seed};
  BASCULE_ASSIGN(UserBatches batches, UserBatches::make(request.train,
                                                        {.batch_size = options.batch_size,
                                                         .dropout = {options.dropout},
                                                         .seed = options.seed,
                                                         .ahead = execution.batches_ahead,
                                                         .candidates = candidates},
                                                        pool));
  constexpr std::int64_t kPasses = 1;
  std::unique_ptr<VaeTraining> training(
      new VaeTraining(request, model, store, std::move(batches), kPasses, pool));
  BASCULE_TRY(training->compile(options, form, execution));
  return training;
}

Status VaeTraining::compile(const MultVaeOptions& options, const VaeForm& form,
                            const VaeExecution& execution) {
  compile_.precision = options.precision;
  compile_.skip = execution.skip_passes;
  if (execution.dense_feed) dense_.emplace(form.items());
  graph_ = [this, options, form, annealing = anneal_steps(options, batches()),
            dense = execution.dense_feed](std::int64_t users, std::int64_t candidates) {
    return candidates > 0
               ? vae_sampled_graph(form, options, users, capacity(), annealing, candidates)
               : vae_training_graph(form, options, users, capacity(), annealing, dense);
  };
  const std::int64_t candidates = std::min(options.sampled_softmax, form.items());
  const std::vector<std::int64_t> sizes = batch_sizes();
  std::string text = to_text(graph_(sizes[0], candidates));
  if (candidates > 0) text += fmt::format("sampling exponent {}\n", options.sampling_exponent);
  set_step_text(std::move(text));
  // How many candidates a batch has is not known yet; a device that lacks an op is.
  for (const std::int64_t users : sizes) BASCULE_TRY(program(users, candidates));
  return execution.resident && !dense_ ? keep_rows() : Status();
}

Result<Program*> VaeTraining::program(std::int64_t users, std::int64_t candidates) {
  const std::pair key(users, candidates);
  auto at = programs_.find(key);
  if (at == programs_.end()) {
    BASCULE_ASSIGN(Program made, Program::make(graph_(users, candidates), store(), compile_));
    at = programs_.emplace(key, std::move(made)).first;
  }
  return &at->second;
}

Status VaeTraining::train_on(UserBatch& batch) {
  CandidateItems& candidates = batch.candidates;
  const std::int64_t sampled = std::ssize(candidates.items);
  BASCULE_ASSIGN(Program* const step, program(std::ssize(batch.users), sampled));
  CsrArgument of_candidates;
  if (dense_) {
    BASCULE_TRY(dense_->set(batch, pool()));
    BASCULE_TRY(step->bind_host("x", dense_->input()));
    BASCULE_TRY(step->bind_host("targets", dense_->targets()));
  } else {
    BASCULE_TRY(bind_input(*step, "x", batch));
    if (sampled == 0) BASCULE_TRY(bind_targets(*step, "targets", batch));
  }
  if (sampled > 0) {
    of_candidates = candidates.targets.argument();
    BASCULE_TRY(step->bind_host("targets", &of_candidates));
    BASCULE_TRY(step->bind_host("candidates", candidates.items.data()));
    BASCULE_TRY(step->bind_host("log_weights", candidates.log_weights.data()));
  }
  step->step();
  return {};
}

}  // namespace bascule::detail
