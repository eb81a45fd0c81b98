#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include <bascule/base/crc32c.h>
#include <bascule/devices/device.h>
#include <bascule/devices/null_device.h>
#include <bascule/devices/score_search.h>
#include <bascule/nn/network.h>
#include <bascule/recsys/autoencoder.h>
#include <bascule/recsys/popularity.h>
#include <bascule/run/program.h>

#include "nn/epoch_loop.h"
#include "recsys/autoencoder_form.h"
#include "recsys/checksum.h"
#include "recsys/user_rows.h"

namespace bascule {
namespace {

/// Of a product: programs are made for multiples of it, and for one user.
constexpr std::int64_t kTileRows = 12;

}  // namespace

/// Parameters on a device, and programs that score with them.
class Autoencoder::State {
 public:
  /// `serves`: the parameters will have been finished.
  State(std::unique_ptr<detail::AutoencoderForm> form, std::int64_t items, Precision precision,
        bool serves, std::shared_ptr<Device> device)
      : form_(std::move(form)),
        items_(items),
        serves_(serves),
        device_(std::move(device)),
        store_(*device_) {
    compile_.precision = precision;
  }

  [[nodiscard]] const detail::AutoencoderForm& form() const { return *form_; }
  [[nodiscard]] VariableStore& store() { return store_; }

  /// Held by whoever uses the device: others than the CPU take their orders from one at a time.
  [[nodiscard]] std::unique_lock<std::mutex> turn() {
    return reads_host_memory() ? std::unique_lock<std::mutex>()
                               : std::unique_lock<std::mutex>(turn_);
  }
  [[nodiscard]] bool reads_host_memory() const { return device_->target().host_memory; }
  /// Null where scores are searched on the host.
  [[nodiscard]] SearchesScores* search() const {
    return dynamic_cast<SearchesScores*>(device_.get());
  }
  /// The first failure of a scorer is kept.
  void keep(const Status& failure) {
    const std::lock_guard lock(mutex_);
    if (failed_.ok()) failed_ = failure;
  }
  [[nodiscard]] Status failed() {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

  /// A program for so many users that nobody else has.
  Result<Program> take(std::int64_t users) {
    const std::lock_guard lock(mutex_);
    auto& idle = idle_[users];
    if (idle.empty()) {
      Graph graph = serves_ ? form_->serving_graph(users, users * items_)
                            : form_->scoring_graph(users, users * items_);
      return Program::make(std::move(graph), store_, compile_);
    }
    Program program = std::move(idle.back());
    idle.pop_back();
    return program;
  }
  void give_back(std::int64_t users, Program program) {
    const std::lock_guard lock(mutex_);
    idle_[users].push_back(std::move(program));
  }

 private:
  std::unique_ptr<detail::AutoencoderForm> form_;
  std::int64_t items_;
  bool serves_;
  CompileOptions compile_;
  std::shared_ptr<Device> device_;
  VariableStore store_;
  std::mutex mutex_, turn_;
  Status failed_;
  std::map<std::int64_t, std::vector<Program>> idle_;
};

struct Autoencoder::Scorer : Scratch {
  explicit Scorer(State& its) : state(its) {}
  Scorer(const Scorer&) = delete;
  Scorer& operator=(const Scorer&) = delete;
  ~Scorer() override {
    for (auto& [users, program] : programs) state.give_back(users, std::move(program));
  }
  Result<Program*> program(std::int64_t users) {
    auto at = programs.find(users);
    if (at == programs.end()) {
      BASCULE_ASSIGN(Program made, state.take(users));
      at = programs.emplace(users, std::move(made)).first;
    }
    return &at->second;
  }
  /// Takes the histories of the users [first, last) as rows, of which it gives the number.
  std::int64_t take(const CompressedView& histories, std::int64_t first, std::int64_t last) {
    const std::int64_t users = last - first, tiles = (users + kTileRows - 1) / kTileRows;
    const std::int64_t batch = users == 1 ? 1 : tiles * kTileRows;
    rows.clear();
    for (std::int64_t user = first; user < last; ++user) rows.add_normalised(histories.line(user));
    rows.fill_up(batch);
    return batch;
  }
  /// Computes the scores of so many rows; with the turn.
  Result<Program*> step(std::int64_t users) {
    CsrArgument x = rows.argument();
    BASCULE_ASSIGN(Program* const mine, program(users));
    BASCULE_TRY(mine->bind_host("x", &x));
    mine->step();
    return mine;
  }
  /// Scores of so many rows for so many items.
  Result<float*> run(std::int64_t users, std::int64_t items) {
    const auto turn = state.turn();
    BASCULE_ASSIGN(Program* const mine, step(users));
    if (state.reads_host_memory()) {
      BASCULE_ASSIGN(void* const memory, mine->memory("scores"));
      return static_cast<float*>(memory);
    }
    scores.resize(static_cast<std::size_t>(users * items));
    BASCULE_TRY(mine->read("scores", std::span(scores)));
    return scores.data();
  }

  /// The best of the scores of so many rows, the first `users` of which are wanted.
  Result<NeighborLists> search(std::int64_t batch, std::int64_t users, std::int64_t items,
                               const ListRules& rules) {
    const auto turn = state.turn();
    BASCULE_ASSIGN(Program* const mine, step(batch));
    BASCULE_ASSIGN(void* const memory, mine->memory("scores"));
    ScoredRows scored{static_cast<const float*>(memory), users, items,
                      static_cast<std::int32_t>(items)};
    scored.listed = rules.listed;
    const bool subtracts = !rules.exclude_history && state.form().subtracts_input();
    if (rules.exclude_history || subtracts) {
      const CsrArgument x = rows.argument();
      const auto stored = static_cast<std::size_t>(x.offsets[users]);
      scored.begin = {x.offsets, static_cast<std::size_t>(users) + 1};
      scored.marked = {x.indices, stored};
      if (subtracts) scored.deductions = {x.values, stored};
    }
    return state.search()->best(scored, rules.k);
  }

  State& state;
  std::map<std::int64_t, Program> programs;
  detail::UserRows rows;
  std::vector<float> scores;  // where the device has them in memory of its own
};

Autoencoder::Autoencoder(AutoencoderTraining training) : training_(std::move(training)) {}
Autoencoder::~Autoencoder() = default;

Status Autoencoder::use_device(std::shared_ptr<Device> device) {
  device_ = std::move(device);
  return {};
}

Status Autoencoder::device_status() const {
  return state_ ? state_->failed() : Status();
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
  BASCULE_ASSIGN(const Program scoring, learning->take(kUsersPerBlock));
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
  auto& scorer = static_cast<Scorer&>(scratch);
  const std::int64_t users = last - first, batch = scorer.take(histories, first, last);
  const Result<float*> scores = scorer.run(batch, items());
  if (!scores.ok()) {
    state_->keep(scores.error());  // device_status() tells
    scorer.scores.assign(static_cast<std::size_t>(batch * items()), 0);
    return {scorer.scores.data(), items()};
  }
  if (state_->form().subtracts_input()) {
    const CsrArgument x = scorer.rows.argument();
    for (std::int64_t row = 0; row < users; ++row)
      for (std::int64_t at = x.offsets[row]; at < x.offsets[row + 1]; ++at)
        (*scores)[row * items() + x.indices[at]] -= x.values[at];
  }
  return {*scores, items()};
}

bool Autoencoder::searches_scores() const {
  return state_->search() != nullptr;
}

void Autoencoder::search(const CompressedView& histories, std::int64_t first, std::int64_t last,
                         const ListRules& rules, Scratch& scratch, TopLists& lists) const {
  auto& scorer = static_cast<Scorer&>(scratch);
  const std::int64_t batch = scorer.take(histories, first, last);
  const auto found = scorer.search(batch, last - first, items(), rules);
  if (!found.ok()) {
    state_->keep(found.error());  // device_status() tells
    return;
  }
  std::copy(found->ids.begin(), found->ids.end(), lists.items.begin() + first * lists.k);
  std::copy(found->scores.begin(), found->scores.end(), lists.scores.begin() + first * lists.k);
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
