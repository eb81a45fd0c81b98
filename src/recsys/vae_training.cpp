#include "recsys/vae_training.h"

#include <algorithm>
#include <numeric>

#include <bascule/base/timer.h>
#include <bascule/graph/print.h>

namespace bascule::detail {
namespace {

/// Of the items that are left out; the graph has streams of its own, from another key.
constexpr std::uint64_t kDropoutStream = 0x64726f70;

/// Whose rows are made as one piece of work.
constexpr std::int64_t kUsersPerPart = 32;

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
                         VariableStore& store, BatchPlan plan, ThreadPool& pool)
    : options_(&options),
      form_(&form),
      request_(&request),
      model_(&model),
      store_(&store),
      pool_(&pool),
      plan_(std::move(plan)),
      order_(static_cast<std::size_t>(plan_.samples())) {}

Result<VaeTraining> VaeTraining::make(const MultVaeOptions& options, const VaeForm& form,
                                      const LearnRequest& request, const Recommender& model,
                                      VariableStore& store, ThreadPool& pool) {
  std::vector<std::int32_t> users;
  for (std::int64_t u = 0; u < request.train.majors; ++u) {
    if (request.train.length(u) > 0) users.push_back(static_cast<std::int32_t>(u));
  }
  if (users.empty()) return Error{Code::kBadData, "no user has an item"};
  BatchOptions order;
  order.batch_size = std::min(options.batch_size, std::ssize(users));
  order.seed = options.seed;
  BASCULE_ASSIGN(BatchPlan plan, BatchPlan::make(std::move(users), order));
  VaeTraining training(options, form, request, model, store, std::move(plan), pool);
  BASCULE_ASSIGN(training.metrics_, validation_metrics());

  const std::int64_t steps = options.epochs * training.batches();
  const auto share = static_cast<std::int64_t>(options.anneal_share * static_cast<double>(steps));
  const std::int64_t anneal =
      std::max<std::int64_t>(options.anneal_steps > 0 ? options.anneal_steps : share, 1);
  const std::int64_t capacity = largest_batch(request.train, order.batch_size);
  BASCULE_TRY(training.compile(order.batch_size, capacity, anneal));
  const std::int64_t rest = training.samples() % order.batch_size;
  if (rest > 0) BASCULE_TRY(training.compile(rest, capacity, anneal));
  training.step_text_ =
      to_text(vae_training_graph(form, options, order.batch_size, capacity, anneal));
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

void VaeTraining::start(std::int64_t first_epoch, std::int64_t) {
  epoch_ = first_epoch;
  batch_ = 0;
}

std::span<const std::int32_t> VaeTraining::next() {
  if (batch_ == batches()) {
    ++epoch_;
    batch_ = 0;
  }
  if (batch_ == 0) plan_.order(epoch_, order_);
  const auto begin = static_cast<std::size_t>(batch_++ * plan_.batch_size());
  const std::size_t count =
      std::min(static_cast<std::size_t>(plan_.batch_size()), order_.size() - begin);
  return std::span(order_).subspan(begin, count);
}

Status VaeTraining::skip() {
  next();
  return {};
}

void VaeTraining::make_batch(std::span<const std::int32_t> users) {
  const auto step = static_cast<std::uint64_t>(epoch_ * batches() + batch_ - 1);
  const ItemDropout dropout{options_->dropout, RandomValues(options_->seed, kDropoutStream), step};
  const CompressedView& train = request_->train;
  const Chunks chunks{std::ssize(users), kUsersPerPart};
  parts_.resize(static_cast<std::size_t>(chunks.chunks()));
  pool_->run(chunks.chunks(), [&](std::int64_t chunk, int) {
    UserRows& part = parts_[static_cast<std::size_t>(chunk)];
    part.clear();
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      const std::int32_t user = users[static_cast<std::size_t>(i)];
      part.add_normalised(train.line(user), user, train.minors, dropout);
    }
  });
  input_.clear();
  for (const UserRows& part : parts_) input_.append(part);
  targets_.clear();
  for (const std::int32_t user : users) targets_.add(train.line(user));
}

Status VaeTraining::step() {
  const Stopwatch watch;
  const std::span<const std::int32_t> users = next();
  make_batch(users);
  CsrArgument x = input_.argument(), targets = targets_.argument();
  batch_seconds_ += watch.seconds();
  Program& program = programs_.at(users.size());
  BASCULE_TRY(program.bind("x", &x));
  BASCULE_TRY(program.bind("targets", &targets));
  program.step();
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
