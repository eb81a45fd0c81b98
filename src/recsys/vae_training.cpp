#include "recsys/vae_training.h"

#include <algorithm>

#include <bascule/graph/print.h>

namespace bascule::detail {
namespace {

/// As the published code: validation by NDCG@100, Recall@20 and Recall@50 beside it.
Result<std::vector<Metric>> validation_metrics() {
  std::vector<Metric> metrics;
  for (const char* name : {"ndcg@100", "recall@20", "recall@50"}) {
    BASCULE_ASSIGN(const Metric metric, parse_metric(name));
    metrics.push_back(metric);
  }
  return metrics;
}

}  // namespace

VaeTraining::VaeTraining(const MultVaeOptions& options, const VaeForm& form,
                         const LearnRequest& request, const Recommender& model,
                         VariableStore& store, UserBatches batches, ThreadPool& pool)
    : options_(&options),
      form_(&form),
      request_(&request),
      model_(&model),
      store_(&store),
      pool_(&pool),
      batches_(std::move(batches)) {}

Result<VaeTraining> VaeTraining::make(const MultVaeOptions& options, const VaeForm& form,
                                      const LearnRequest& request, const Recommender& model,
                                      VariableStore& store, ThreadPool& pool,
                                      const VaeExecution& execution) {
  BASCULE_ASSIGN(UserBatches batches, UserBatches::make(request.train,
                                                        {options.batch_size, options.dropout,
                                                         options.seed, execution.batches_ahead},
                                                        pool));
  const std::int64_t batch_size = batches.batch_size();
  VaeTraining training(options, form, request, model, store, std::move(batches), pool);
  BASCULE_ASSIGN(training.metrics_, validation_metrics());

  const std::int64_t steps = options.epochs * training.batches();
  const auto share = static_cast<std::int64_t>(options.anneal_share * static_cast<double>(steps));
  const std::int64_t anneal =
      std::max<std::int64_t>(options.anneal_steps > 0 ? options.anneal_steps : share, 1);
  const std::int64_t capacity = largest_batch(request.train, batch_size);
  BASCULE_TRY(training.compile(batch_size, capacity, anneal));
  const std::int64_t rest = training.samples() % batch_size;
  if (rest > 0) BASCULE_TRY(training.compile(rest, capacity, anneal));
  training.step_text_ = to_text(vae_training_graph(form, options, batch_size, capacity, anneal));
  return training;
}

Status VaeTraining::compile(std::int64_t batch, std::int64_t capacity, std::int64_t anneal_steps) {
  CompileOptions compile;
  compile.precision = options_->precision;
  BASCULE_ASSIGN(Program program,
                 Program::make(vae_training_graph(*form_, *options_, batch, capacity, anneal_steps),
                               *store_, compile));
  programs_.emplace(static_cast<std::size_t>(batch), std::move(program));
  return {};
}

Status VaeTraining::step() {
  BASCULE_ASSIGN(UserBatch* const batch, batches_.next());
  CsrArgument x = batch->input.argument(), targets = batch->targets.argument();
  Program& program = programs_.at(batch->users);
  BASCULE_TRY(program.bind("x", &x));
  BASCULE_TRY(program.bind("targets", &targets));
  program.step();
  batches_.give_back();
  return {};
}

Result<std::map<std::string, double>> VaeTraining::validate() {
  std::map<std::string, double> values;
  if (request_->valid_in.majors == 0) return values;
  EvaluateOptions options;
  options.metrics = metrics_;
  BASCULE_ASSIGN(const Evaluation evaluation,
                 evaluate(*model_, request_->valid_in, request_->valid_out, options, *pool_));
  for (const auto& [name, metric] : evaluation.metrics) values[name] = metric.value;
  return values;
}

}  // namespace bascule::detail
