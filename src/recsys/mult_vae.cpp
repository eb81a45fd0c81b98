#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include <bascule/base/crc32c.h>
#include <bascule/devices/device.h>
#include <bascule/nn/network.h>
#include <bascule/recsys/mult_vae.h>
#include <bascule/recsys/popularity.h>

#include "nn/epoch_loop.h"
#include "recsys/checksum.h"
#include "recsys/vae_parameters.h"
#include "recsys/vae_training.h"

namespace bascule {
namespace {

/// Of a product: programs are made for multiples of it, and for one user.
constexpr std::int64_t kTileRows = 12;

}  // namespace

/// Parameters on a device, and programs that score with them.
class MultVae::State {
 public:
  State(const MultVaeOptions& options, std::int64_t items, ThreadPool& pool)
      : form_(options, items), device_(make_cpu_device(pool)), store_(*device_) {
    compile_.precision = options.precision;
  }

  [[nodiscard]] const detail::VaeForm& form() const { return form_; }
  [[nodiscard]] VariableStore& store() { return store_; }

  /// A program for so many users that nobody else has. Nothing but memory is ever refused here.
  Program take(std::int64_t users) {
    const std::lock_guard lock(mutex_);
    auto& idle = idle_[users];
    if (idle.empty())
      return Program::make(detail::vae_scoring_graph(form_, users, users * form_.items()), store_,
                           compile_)
          .value();
    Program program = std::move(idle.back());
    idle.pop_back();
    return program;
  }
  void give_back(std::int64_t users, Program program) {
    const std::lock_guard lock(mutex_);
    idle_[users].push_back(std::move(program));
  }

 private:
  detail::VaeForm form_;
  CompileOptions compile_;
  std::unique_ptr<Device> device_;
  VariableStore store_;
  std::mutex mutex_;
  std::map<std::int64_t, std::vector<Program>> idle_;
};

struct MultVae::Scorer : Scratch {
  explicit Scorer(State& its) : state(its) {}
  Scorer(const Scorer&) = delete;
  Scorer& operator=(const Scorer&) = delete;
  ~Scorer() override {
    for (auto& [users, program] : programs) state.give_back(users, std::move(program));
  }
  Program& program(std::int64_t users) {
    const auto at = programs.find(users);
    if (at != programs.end()) return at->second;
    return programs.emplace(users, state.take(users)).first->second;
  }

  State& state;
  std::map<std::int64_t, Program> programs;
  detail::UserRows rows;
};

MultVae::MultVae(MultVaeOptions options) : options_(std::move(options)) {}
MultVae::~MultVae() = default;

std::int64_t MultVae::fit_bytes(const CompressedView& interactions) const {
  constexpr std::int64_t kFloat = 4, kStates = 2;
  const detail::VaeForm form(options_, interactions.minors);
  std::int64_t parameters = 0;
  for (const detail::VaeParameter& p : detail::vae_parameters(form)) parameters += p.shape.count();
  // A checkpoint or snapshot is a copy of them all.
  return kFloat * (2 * (1 + kStates) * parameters +
                   std::min(options_.batch_size, interactions.majors) * interactions.minors);
}

std::vector<ModelLayer> MultVae::layers(const CompressedView& interactions) const {
  constexpr double kPasses = 3;  // forward, and back to both factors of a product
  const detail::VaeForm form(options_, interactions.minors);
  const auto users = static_cast<double>(interactions.majors);
  const double kept = static_cast<double>(interactions.nonzeros()) * (1 - options_.dropout);
  std::vector<ModelLayer> rows;
  for (const auto& [part, widths] :
       {std::pair{"encoder", &form.encoder}, {"decoder", &form.decoder}}) {
    for (std::size_t i = 0; i + 1 < widths->size(); ++i) {
      const std::int64_t in = (*widths)[i], out = (*widths)[i + 1];
      const bool sparse = rows.empty();
      const double products = sparse ? 2 * kept : kPasses * users * static_cast<double>(in);
      rows.push_back({fmt::format("{}_{}", part, i + 1), sparse ? "sparse dense" : "dense", out,
                      in * out + out, 2 * products * static_cast<double>(out)});
    }
  }
  return rows;
}

Status MultVae::fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) {
  const Stopwatch watch;
  BASCULE_TRY(learn({interactions.view(), {}, {}, {}}, pool));
  times.emplace_back("epochs", watch.seconds());
  return {};
}

Result<Learned> MultVae::learn(const LearnRequest& request, ThreadPool& pool) {
  const std::int64_t items = request.train.minors;
  state_ = std::make_unique<State>(options_, items, pool);
  item_users_ = count_item_users(request.train);
  BASCULE_TRY(detail::initialize_vae(state_->form(), options_.seed, state_->store(), pool));
  BASCULE_ASSIGN(auto training, detail::VaeTraining::make(options_, state_->form(), request, *this,
                                                          state_->store(), pool));
  nn::EpochOptions options;
  static_cast<nn::FitControl&>(options) = request.control;
  options.epochs = options_.epochs;
  options.early_stopping = options_.early_stopping;
  const bool validates = request.valid_in.majors > 0;
  // The loss of training rises with the weight of the divergence: it does not say which is best.
  options.early_stopping.restore_best = validates;
  std::string monitor = options.early_stopping.monitor;
  if (monitor.empty() || !validates) monitor = validates ? "valid_ndcg@100" : "train_loss";
  nn::Fingerprint fingerprint;
  if (!options.checkpoints.empty()) {
    const std::string& text = training.step_text();
    const std::uint32_t data = checksum({request.train, request.valid_in, request.valid_out});
    fingerprint = {
        fmt::format("{} of {} items", type(), items),
        fmt::format("{}; dropout {}; batch_size {}; lr {}; seed {}; precision {}; "
                    "monitor {}; data {:08x}; step {:08x}",
                    options.settings, options_.dropout, options_.batch_size, options_.optimizer.lr,
                    options_.seed, precision_name(options_.precision), monitor, data,
                    crc32c(std::as_bytes(std::span(text)), 0))};
  }
  nn::EpochLoop loop(training, options, options_.optimizer.lr, monitor, std::move(fingerprint));
  BASCULE_ASSIGN(nn::FitResult result, loop.run());
  // What serves has no states of an optimizer, and outlives the pool that trained it.
  BASCULE_ASSIGN(const auto parameters,
                 nn::VariableSnapshot::take(state_->store(), nn::kModelRoles));
  auto serving = std::make_unique<State>(options_, items, default_pool());
  BASCULE_TRY(detail::declare_vae(serving->form(), serving->store()));
  BASCULE_TRY(parameters.restore(serving->store()));
  state_ = std::move(serving);
  return Learned{std::move(result), training.batch_seconds()};
}

std::unique_ptr<ScoringRecommender::Scratch> MultVae::make_scratch() const {
  return std::make_unique<Scorer>(*state_);
}

ScoringRecommender::ScoreRows MultVae::score(const CompressedView& histories, std::int64_t first,
                                             std::int64_t last, Scratch& scratch) const {
  auto& scorer = static_cast<Scorer&>(scratch);
  const std::int64_t users = last - first, tiles = (users + kTileRows - 1) / kTileRows;
  const std::int64_t batch = users == 1 ? 1 : tiles * kTileRows;
  scorer.rows.clear();
  for (std::int64_t user = first; user < last; ++user)
    scorer.rows.add_normalised(histories.line(user));
  scorer.rows.fill_up(batch);
  CsrArgument x = scorer.rows.argument();
  Program& program = scorer.program(batch);
  const Status bound = program.bind("x", &x);
  assert(bound.ok());
  program.step();
  return {static_cast<float*>(program.memory("scores").value()), items()};
}

void MultVae::save(SafetensorsWriter& writer) const {
  saved_ = std::make_unique<nn::VariableSnapshot>(
      nn::VariableSnapshot::take(state_->store(), nn::kModelRoles).value());
  saved_->add_to(writer);
  writer.add("item_users", Shape{items()}, std::span(item_users_));
}

Status MultVae::load(std::shared_ptr<const SafetensorsFile> file) {
  const auto damaged = [&](const std::string& what) {
    return Error{Code::kBadData, fmt::format("{}: {}", file->path(), what)};
  };
  BASCULE_ASSIGN(const auto counts, file->get<std::int64_t>("item_users"));
  // All tensors are checked before memory is taken on the word of one of them.
  std::map<std::string, std::span<const float>> parameters;
  for (const detail::VaeParameter& p :
       detail::vae_parameters(detail::VaeForm(options_, std::ssize(counts)))) {
    BASCULE_ASSIGN(const auto values, file->get<float>(p.name, p.shape.rank()));
    if (file->tensors().find(p.name)->second.shape != p.shape)
      return damaged(fmt::format("{} does not have the shape {}", p.name, p.shape.to_string()));
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
      return damaged(fmt::format("{} is not finite", p.name));
    parameters[p.name] = values;
  }
  auto state = std::make_unique<State>(options_, std::ssize(counts), default_pool());
  BASCULE_TRY(detail::declare_vae(state->form(), state->store()));
  for (const auto& [name, values] : parameters) BASCULE_TRY(state->store().write(name, values));
  item_users_.assign(counts.begin(), counts.end());
  state_ = std::move(state);
  return {};
}

}  // namespace bascule
