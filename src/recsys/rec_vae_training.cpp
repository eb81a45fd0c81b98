#include "recsys/rec_vae_training.h"

#include <cmath>
#include <span>

#include <bascule/graph/print.h>

namespace bascule::detail {
namespace {

/// Of the items that the encoder does not see, pass by pass.
std::vector<double> dropout_of_passes(const RecVaeOptions& options) {
  std::vector<double> shares(static_cast<std::size_t>(options.encoder_passes), options.dropout);
  shares.resize(shares.size() + static_cast<std::size_t>(options.decoder_passes), 0);
  return shares;
}

}  // namespace

RecVaeTraining::RecVaeTraining(const RecVaeOptions& options, const LearnRequest& request,
                               const Recommender& model, VariableStore& store, UserBatches batches,
                               ThreadPool& pool)
    : UserTraining(request, model, store, std::move(batches),
                   options.encoder_passes + options.decoder_passes, pool),
      options_(&options) {}

Result<std::unique_ptr<RecVaeTraining>> RecVaeTraining::make(
    const RecVaeOptions& options, const RecVaeForm& form, const LearnRequest& request,
    const Recommender& model, VariableStore& store, ThreadPool& pool) {
  BASCULE_ASSIGN(UserBatches batches, UserBatches::make(request.train,
                                                        {.batch_size = options.batch_size,
                                                         .dropout = dropout_of_passes(options),
                                                         .seed = options.seed},
                                                        pool));
  std::unique_ptr<RecVaeTraining> training(
      new RecVaeTraining(options, request, model, store, std::move(batches), pool));
  BASCULE_TRY(training->compile(form));
  training->keep_encoder_->step();
  return training;
}

Status RecVaeTraining::compile(const RecVaeForm& form) {
  CompileOptions compile;
  compile.precision = options_->precision;
  const auto add = [&](Part part, std::int64_t users, Graph graph) -> Status {
    BASCULE_ASSIGN(Program program, Program::make(std::move(graph), store(), compile));
    programs_.emplace(std::pair(part, static_cast<std::size_t>(users)), std::move(program));
    return {};
  };
  const std::vector<std::int64_t> sizes = batch_sizes();
  const auto encoder = [&](std::int64_t users) {
    return encoder_step_graph(form, *options_, users, capacity());
  };
  const auto decoder = [&](std::int64_t users) {
    return decoder_step_graph(form, *options_, users, capacity());
  };
  for (const std::int64_t users : sizes) {
    BASCULE_TRY(add(Part::kEncoder, users, encoder(users)));
    BASCULE_TRY(add(Part::kDecoder, users, decoder(users)));
  }
  set_step_text(to_text(encoder(sizes[0])) + to_text(decoder(sizes[0])));
  BASCULE_ASSIGN(Program keep, Program::make(previous_encoder_graph(form), store(), compile));
  keep_encoder_ = std::make_unique<Program>(std::move(keep));
  return keep_rows();
}

Status RecVaeTraining::train_on(UserBatch& batch) {
  const std::int64_t pass = batch.pass % (options_->encoder_passes + options_->decoder_passes);
  const Part part = pass < options_->encoder_passes ? Part::kEncoder : Part::kDecoder;
  if (pass == options_->encoder_passes && batch.index == 0) keep_encoder_->step();
  scales_.clear();
  weights_.clear();
  for (const std::int32_t user : batch.users) {
    double sum = 0, squares = 0;
    for (const float value : train().line(user).values) {
      sum += double{value};
      squares += double{value} * double{value};
    }
    scales_.push_back(squares > 0 ? static_cast<float>(1 / std::sqrt(squares)) : 0);
    weights_.push_back(
        static_cast<float>(options_->gamma > 0 ? options_->gamma * sum : options_->beta));
  }
  Program& program = programs_.at({part, batch.users.size()});
  BASCULE_TRY(bind_targets(program, "targets", batch));
  BASCULE_TRY(program.feed("scale", std::span<const float>(scales_)));
  if (part == Part::kEncoder) {
    BASCULE_TRY(bind_input(program, "x", batch));
    BASCULE_TRY(program.feed("divergence", std::span<const float>(weights_)));
  }
  program.step();
  return {};
}

}  // namespace bascule::detail
