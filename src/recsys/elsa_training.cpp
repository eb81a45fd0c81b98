#include "recsys/elsa_training.h"

#include <bascule/graph/print.h>

namespace bascule::detail {

Result<std::unique_ptr<ElsaTraining>> ElsaTraining::make(const ElsaOptions& options,
                                                         const LearnRequest& request,
                                                         const Recommender& model,
                                                         VariableStore& store, ThreadPool& pool) {
  BASCULE_ASSIGN(UserBatches batches,
                 UserBatches::make(request.train,
                                   {.batch_size = options.batch_size, .seed = options.seed}, pool));
  constexpr std::int64_t kPasses = 1;
  std::unique_ptr<ElsaTraining> training(
      new ElsaTraining(request, model, store, std::move(batches), kPasses, pool));
  BASCULE_TRY(training->compile(options, request.train.minors));
  return training;
}

Status ElsaTraining::compile(const ElsaOptions& options, std::int64_t items) {
  CompileOptions compile;
  compile.precision = options.precision;
  const std::vector<std::int64_t> sizes = batch_sizes();
  const auto graph = [&](std::int64_t users) {
    return elsa_training_graph(options, items, users, capacity());
  };
  for (const std::int64_t users : sizes) {
    BASCULE_ASSIGN(Program program, Program::make(graph(users), store(), compile));
    programs_.emplace(static_cast<std::size_t>(users), std::move(program));
  }
  set_step_text(to_text(graph(sizes[0])));
  return keep_rows();
}

Status ElsaTraining::train_on(UserBatch& batch) {
  Program& program = programs_.at(batch.users.size());
  BASCULE_TRY(bind_input(program, "x", batch));
  program.step();
  return {};
}

}  // namespace bascule::detail
