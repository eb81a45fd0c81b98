#include "recsys/vae_training.h"

#include <algorithm>

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
  BASCULE_ASSIGN(UserBatches batches, UserBatches::make(request.train,
                                                        {.batch_size = options.batch_size,
                                                         .dropout = {options.dropout},
                                                         .seed = options.seed,
                                                         .ahead = execution.batches_ahead},
                                                        pool));
  constexpr std::int64_t kPasses = 1;
  std::unique_ptr<VaeTraining> training(
      new VaeTraining(request, model, store, std::move(batches), kPasses, pool));
  BASCULE_TRY(training->compile(options, form, execution));
  return training;
}

Status VaeTraining::compile(const MultVaeOptions& options, const VaeForm& form,
                            const VaeExecution& execution) {
  CompileOptions compile;
  compile.precision = options.precision;
  compile.skip = execution.skip_passes;
  if (execution.dense_feed) dense_.emplace(form.items());
  const std::vector<std::int64_t> sizes = batch_sizes();
  const auto graph = [&](std::int64_t users) {
    return vae_training_graph(form, options, users, capacity(), anneal_steps(options, batches()),
                              execution.dense_feed);
  };
  for (const std::int64_t users : sizes) {
    BASCULE_ASSIGN(Program program, Program::make(graph(users), store(), compile));
    programs_.emplace(static_cast<std::size_t>(users), std::move(program));
  }
  set_step_text(to_text(graph(sizes[0])));
  return execution.resident && !dense_ ? keep_rows() : Status();
}

Status VaeTraining::train_on(UserBatch& batch) {
  Program& program = programs_.at(batch.users.size());
  if (dense_) {
    BASCULE_TRY(dense_->set(batch, pool()));
    BASCULE_TRY(program.bind_host("x", dense_->input()));
    BASCULE_TRY(program.bind_host("targets", dense_->targets()));
  } else {
    BASCULE_TRY(bind_input(program, "x", batch));
    BASCULE_TRY(bind_targets(program, "targets", batch));
  }
  program.step();
  return {};
}

}  // namespace bascule::detail
