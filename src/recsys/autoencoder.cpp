#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include <bascule/base/crc32c.h>
#include <bascule/devices/device.h>
#include <bascule/devices/null_device.h>
#include <bascule/nn/network.h>
#include <bascule/recsys/autoencoder.h>
#include <bascule/recsys/popularity.h>
#include <bascule/run/program.h>

#include "nn/epoch_loop.h"
#include "recsys/autoencoder_form.h"
#include "recsys/checksum.h"
#include "recsys/program_scores.h"

namespace bascule {

/// A network and its parameters on a device.
class Autoencoder::State {
 public:
  /// `serves`: the parameters will have been finished.
  State(std::unique_ptr<detail::AutoencoderForm> form, std::int64_t items, Precision precision,
        bool serves, std::shared_ptr<Device> device)
      : form_(std::move(form)),
        scores_(std::move(device), scores_form(*form_, items, serves), options(precision)) {}

  [[nodiscard]] const detail::AutoencoderForm& form() const { return *form_; }
  [[nodiscard]] VariableStore& store() { return scores_.store(); }
  [[nodiscard]] detail::ProgramScores& scores() { return scores_; }

 private:
  static CompileOptions options(Precision precision) {
    CompileOptions options;
    options.precision = precision;
    return options;
  }
  static detail::ProgramScores::Form scores_form(const detail::AutoencoderForm& form,
                                                 std::int64_t items, bool serves) {
    detail::ProgramScores::Form scores;
    scores.graph = [&form, serves](std::int64_t users, std::int64_t capacity) {
      return serves ? form.serving_graph(users, capacity) : form.scoring_graph(users, capacity);
    };
    scores.items = scores.stride = items;
    scores.subtracts_input = form.subtracts_input();
    return scores;
  }

  std::unique_ptr<detail::AutoencoderForm> form_;
  detail::ProgramScores scores_;
};

struct Autoencoder::Scorer : Scratch {
  explicit Scorer(State& state) : scores(state.scores()) {}
  detail::ProgramScorer scores;
};

Autoencoder::Autoencoder(AutoencoderTraining training) : training_(std::move(training)) {}
Autoencoder::~Autoencoder() = default;

Status Autoencoder::use_device(std::shared_ptr<Device> device) {
  device_ = std::move(device);
  return {};
}

Status Autoencoder::device_status() const {
  return state_ ? state_->scores().failed() : Status();
}

std::unique_ptr<Autoencoder::State> Autoencoder::make_state(std::int64_t items, bool serves,
                                                            ThreadPool& pool) const {
  return make_state(items, serves, device_ ? device_ : make_cpu_device(pool));
}

std::unique_ptr<Autoencoder::State> Autoencoder::make_state(std::int64_t items, bool serves,
                                                            std::shared_ptr<Device> device) const {
  return std::make_unique<State>(make_form(items), items, training_.precision, serves,
                                 std::move(device));
}

std::int64_t Autoencoder::fit_bytes(const CompressedView& interactions) const {
  constexpr std::int64_t kFloat = 4, kStates = 2;
  const auto form = make_form(interactions.minors);
  std::int64_t parameters = 0;
  for (const detail::ModelParameter& p : form->parameters()) parameters += p.shape.count();
  // A checkpoint or snapshot is a copy of them all.
  return kFloat *
         (2 * ((1 + kStates) * parameters + form->extra_numbers()) +
          form->step_numbers(interactions, std::min(training_.batch_size, interactions.majors)));
}

Result<std::int64_t> Autoencoder::device_fit_bytes(const CompressedView& interactions) const {
  if (!device_ || device_->target().host_memory || interactions.nonzeros() == 0) return 0;
  const std::shared_ptr<NullDevice> plan = make_null_device(device_->target());
  const std::int64_t items = interactions.minors;
  const auto learning = make_state(items, false, plan), serving = make_state(items, true, plan);
  for (State* state : {learning.get(), serving.get()})
    BASCULE_TRY(detail::declare_parameters(state->form().parameters(), state->store()));
  const LearnRequest request{interactions, {}, {}, {}};
  BASCULE_ASSIGN(const auto training,
                 learning->form().training(request, *this, learning->store(), default_pool()));
  // Users are judged after every epoch, while all that has learnt is still there.
  BASCULE_ASSIGN(const Program scoring, learning->scores().take(kUsersPerBlock));
  // Programs of two batch sizes have up to three inputs each, where batches are sent.
  constexpr std::int64_t kElement = sizeof(std::int32_t) + sizeof(float), kBatches = 6;
  const std::int64_t batch = std::min(training_.batch_size, interactions.majors);
  return plan->counts().allocated +
         kBatches * kElement * detail::largest_batch(interactions, batch);
}

std::vector<ModelLayer> Autoencoder::layers(const CompressedView& interactions) const {
  return make_form(interactions.minors)->layers(interactions);
}

Status Autoencoder::fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) {
  const Stopwatch watch;
  BASCULE_TRY(learn({interactions.view(), {}, {}, {}}, pool));
  times.emplace_back("epochs", watch.seconds());
  return {};
}

Result<Learned> Autoencoder::learn(const LearnRequest& request, ThreadPool& pool) {
  const std::int64_t items = request.train.minors;
  state_ = make_state(items, false, pool);
  item_users_ = count_item_users(request.train);
  BASCULE_TRY(detail::declare_parameters(state_->form().parameters(), state_->store()));
  BASCULE_TRY(state_->form().initialize(state_->store(), pool));
  BASCULE_ASSIGN(const auto training,
                 state_->form().training(request, *this, state_->store(), pool));
  nn::EpochOptions options;
  static_cast<nn::FitControl&>(options) = request.control;
  options.epochs = training_.epochs;
  options.early_stopping = training_.early_stopping;
  const bool validates = request.valid_in.majors > 0;
  // The loss of training rises with the weight of the divergence: it does not say which is best.
  options.early_stopping.restore_best = validates;
  std::string monitor = options.early_stopping.monitor;
  if (monitor.empty() || !validates) monitor = validates ? "valid_ndcg@100" : "train_loss";
  nn::Fingerprint fingerprint;
  if (!options.checkpoints.empty()) {
    const std::string& text = training->step_text();
    const std::uint32_t data = checksum({request.train, request.valid_in, request.valid_out});
    fingerprint = {
        fmt::format("{} of {} items", type(), items),
        fmt::format("{}; dropout {}; batch_size {}; lr {}; seed {}; precision {}; "
                    "monitor {}; data {:08x}; step {:08x}",
                    options.settings, training_.dropout, training_.batch_size,
                    training_.optimizer.lr, training_.seed, precision_name(training_.precision),
                    monitor, data, crc32c(std::as_bytes(std::span(text)), 0))};
  }
  nn::EpochLoop loop(*training, options, training_.optimizer.lr, monitor, std::move(fingerprint));
  BASCULE_ASSIGN(nn::FitResult result, loop.run());
  // What serves has no states of an optimizer, and outlives the pool that trained it.
  BASCULE_ASSIGN(const auto parameters,
                 nn::VariableSnapshot::take(state_->store(), nn::kModelRoles));
  auto serving = make_state(items, true, default_pool());
  BASCULE_TRY(detail::declare_parameters(serving->form().parameters(), serving->store()));
  BASCULE_TRY(parameters.restore(serving->store()));
  BASCULE_TRY(serving->form().finish(serving->store(), pool));
  state_ = std::move(serving);
  return Learned{std::move(result), training->batch_seconds()};
}

std::unique_ptr<ScoringRecommender::Scratch> Autoencoder::make_scratch() const {
  return std::make_unique<Scorer>(*state_);
}

ScoringRecommender::ScoreRows Autoencoder::score(const CompressedView& histories,
                                                 std::int64_t first, std::int64_t last,
                                                 Scratch& scratch) const {
  return {static_cast<Scorer&>(scratch).scores.score(histories, first, last), items()};
}

bool Autoencoder::searches_scores() const {
  return state_->scores().search() != nullptr;
}

void Autoencoder::search(const CompressedView& histories, std::int64_t first, std::int64_t last,
                         const ListRules& rules, Scratch& scratch, TopLists& lists) const {
  static_cast<Scorer&>(scratch).scores.search(histories, first, last, rules, lists);
}

void Autoencoder::save(SafetensorsWriter& writer) const {
  saved_ = std::make_unique<nn::VariableSnapshot>(
      nn::VariableSnapshot::take(state_->store(), nn::kModelRoles).value());
  saved_->add_to(writer);
  writer.add("item_users", Shape{items()}, std::span(item_users_));
}

Status Autoencoder::load(std::shared_ptr<const SafetensorsFile> file) {
  const auto damaged = [&](const std::string& what) {
    return Error{Code::kBadData, fmt::format("{}: {}", file->path(), what)};
  };
  BASCULE_ASSIGN(const auto counts, file->get<std::int64_t>("item_users"));
  // All tensors are checked before memory is taken on the word of one of them.
  std::map<std::string, std::span<const float>> parameters;
  auto state = make_state(std::ssize(counts), true, default_pool());
  for (const detail::ModelParameter& p : state->form().parameters()) {
    BASCULE_ASSIGN(const auto values, file->get<float>(p.name, p.shape.rank()));
    if (file->tensors().find(p.name)->second.shape != p.shape)
      return damaged(fmt::format("{} does not have the shape {}", p.name, p.shape.to_string()));
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
      return damaged(fmt::format("{} is not finite", p.name));
    parameters[p.name] = values;
  }
  BASCULE_TRY(detail::declare_parameters(state->form().parameters(), state->store()));
  for (const auto& [name, values] : parameters) BASCULE_TRY(state->store().write(name, values));
  item_users_.assign(counts.begin(), counts.end());
  state_ = std::move(state);
  return {};
}

}  // namespace bascule
