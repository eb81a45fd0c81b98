#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/devices/inverts.h>
#include <bascule/devices/sparse_product.h>
#include <bascule/graph/ops.h>
#include <bascule/recsys/ease.h>
#include <bascule/recsys/elsa.h>

#include "recsys/model_parameter.h"
#include "recsys/program_scores.h"

namespace bascule {
namespace {

/// P, whole and in the order of `items`, becomes B in the order of the items' indices, in place.
void turn_into_weights(std::span<const std::int32_t> items, SymmetricMatrix& p, ThreadPool& pool) {
  const std::int64_t n = p.order();
  std::vector<float> scale(items.size());
  for (std::int64_t j = 0; j < n; ++j) scale[static_cast<std::size_t>(j)] = -1 / p.at(j, j);
  const Chunks chunks{n, 64};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    std::vector<float> row(items.size());
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      float* place = p.row(i);
      for (std::size_t j = 0; j < items.size(); ++j)
        row[static_cast<std::size_t>(items[j])] = place[j] * scale[j];
      row[static_cast<std::size_t>(items[static_cast<std::size_t>(i)])] = 0;
      std::copy(row.begin(), row.end(), place);
    }
  });
  // Row i goes to row items[i]: round each cycle, with one row out of its place.
  std::vector<char> done(items.size(), 0);
  std::vector<float> carried(items.size());
  for (std::int64_t start = 0; start < n; ++start) {
    if (done[static_cast<std::size_t>(start)] != 0) continue;
    std::copy_n(p.row(start), n, carried.begin());
    std::int64_t from = start;
    do {
      const std::int64_t to = items[static_cast<std::size_t>(from)];
      std::swap_ranges(carried.begin(), carried.end(), p.row(to));
      done[static_cast<std::size_t>(from)] = 1;
      from = to;
    } while (from != start);
  }
}

}  // namespace

std::int64_t Ease::fit_bytes(const CompressedView& interactions) const {
  constexpr std::int64_t kPerItem = 4096, kPerInteraction = 16;
  const std::int64_t n = interactions.minors;
  const auto cells = checked_mul(n, SymmetricMatrix::stride_for(n));
  const auto bytes = cells ? checked_mul(*cells, sizeof(float)) : cells;
  if (!bytes) return std::numeric_limits<std::int64_t>::max();
  return *bytes + kPerItem * n + kPerInteraction * interactions.nonzeros();
}

Result<std::int64_t> Ease::device_fit_bytes(const CompressedView& interactions) const {
  if (inverter_ == nullptr) return 0;
  BASCULE_ASSIGN(const std::int64_t inverse, inverter_->invert_bytes(interactions.minors));
  if (!lists_on_device()) return inverse;
  // The weights and the scores of a block of users, when the inverse is done.
  const std::int64_t stride = SymmetricMatrix::stride_for(interactions.minors);
  const std::int64_t scores = std::min(kUsersPerBlock * stride, kScoresPerBlock);
  return std::max(inverse, (interactions.minors * stride + scores) * std::int64_t{sizeof(float)});
}

Status Ease::use_device(std::shared_ptr<Device> device) {
  constexpr std::int64_t kAny = 1;
  auto* inverter = dynamic_cast<Inverts*>(device.get());
  if (inverter == nullptr) return Recommender::use_device(std::move(device));
  if (const auto bytes = inverter->invert_bytes(kAny); !bytes.ok())
    return {bytes.error().code, fmt::format("{}: {}", type(), bytes.error().message)};
  device_ = std::move(device);
  inverter_ = inverter;
  return {};
}

Status Ease::device_status() const {
  return on_device_ == nullptr ? Status() : on_device_->failed();
}

bool Ease::lists_on_device() const {
  return dynamic_cast<SearchesScores*>(device_.get()) != nullptr;
}

Status Ease::place_weights() {
  on_device_.reset();
  if (!lists_on_device()) return {};
  const Shape shape{items(), stride_};
  detail::ProgramScores::Form form;
  form.graph = [shape](std::int64_t users, std::int64_t capacity) {
    Graph graph;
    const Value x = graph.input("x", csr_f32({users, shape[0]}, capacity));
    const Value weights = graph.variable("weights", f32(shape), VariableRole::kParameter);
    graph.output("scores", sparse_matmul(x, weights));
    return graph;
  };
  form.items = items();
  form.stride = stride_;
  form.plain_input = true;
  auto placed = std::make_shared<detail::ProgramScores>(device_, std::move(form), CompileOptions());
  BASCULE_TRY(detail::declare_parameters({{"weights", shape}}, placed->store()));
  BASCULE_TRY(placed->store().write("weights", weights_));
  BASCULE_TRY(device_->synchronize());
  on_device_ = std::move(placed);
  return {};
}

/// All but its options and device.
void Ease::forget() {
  Ease fresh(options_);
  fresh.device_ = std::move(device_);
  fresh.inverter_ = inverter_;
  *this = std::move(fresh);
}

std::string Ease::instead(const CompressedView& interactions) const {
  return elsa_instead(interactions);
}

Status Ease::fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) {
  const Stopwatch watch;
  forget();
  BASCULE_ASSIGN(ItemGram gram, ItemGram::make(interactions.view(), pool));
  times.emplace_back("gram", watch.seconds());
  return fit_gram(std::move(gram), pool, times);
}

Status Ease::fit_gram(ItemGram gram, ThreadPool& pool, StageTimes& times) {
  Stopwatch watch;
  forget();
  SymmetricMatrix& matrix = gram.matrix;
  const float share = options_.dropout / (1 - options_.dropout);
  for (std::int64_t i = 0; i < matrix.order(); ++i)
    matrix.at(i, i) += options_.l2 + share * matrix.at(i, i);
  if (inverter_ == nullptr) {
    BASCULE_TRY(invert(matrix, pool));
    times.emplace_back("inverse", watch.seconds());
  } else {
    BASCULE_TRY(inverter_->invert(matrix, times));
  }
  watch.restart();
  mirror(matrix, pool);
  turn_into_weights(gram.items, matrix, pool);
  fitted_ = std::move(matrix);
  weights_ = fitted_.values();
  stride_ = fitted_.stride();
  item_users_ = std::move(gram.item_users);
  times.emplace_back("weights", watch.restart());
  if (!lists_on_device()) return {};
  BASCULE_TRY(place_weights());
  times.emplace_back("transfer_weights", watch.seconds());
  return {};
}

struct Ease::Product : Scratch {
  SparseProduct rows;
  std::vector<float> scores;
  std::optional<detail::ProgramScorer> on_device;
};

std::unique_ptr<ScoringRecommender::Scratch> Ease::make_scratch() const {
  auto product = std::make_unique<Product>();
  if (on_device_ != nullptr) product->on_device.emplace(*on_device_);
  return product;
}

void Ease::search(const CompressedView& histories, std::int64_t first, std::int64_t last,
                  const ListRules& rules, Scratch& scratch, TopLists& lists) const {
  static_cast<Product&>(scratch).on_device->search(histories, first, last, rules, lists);
}

ScoringRecommender::ScoreRows Ease::score(const CompressedView& histories, std::int64_t first,
                                          std::int64_t last, Scratch& scratch) const {
  auto& product = static_cast<Product&>(scratch);
  product.scores.resize(static_cast<std::size_t>((last - first) * stride_));
  product.rows.run(histories, first, last, {weights_.data(), items(), stride_},
                   product.scores.data(), stride_);
  return {product.scores.data(), stride_};
}

Result<std::vector<Recommendation>> Ease::similar_items(std::int32_t item,
                                                        const SimilarOptions& options) const {
  BASCULE_TRY(check_item(item));
  const float* weights = weights_.data() + item * stride_;
  return most_alike(item, options, {weights, weights + items()});
}

void Ease::save(SafetensorsWriter& writer) const {
  writer.add("ease.weights", Shape{items(), stride_}, weights_);
  writer.add("item_users", Shape{items()}, std::span(item_users_));
}

Status Ease::load(std::shared_ptr<const SafetensorsFile> file) {
  BASCULE_ASSIGN(const auto weights, file->get<float>("ease.weights", 2));
  BASCULE_ASSIGN(const auto counts, file->get<std::int64_t>("item_users"));
  const Shape& shape = file->tensors().find("ease.weights")->second.shape;
  if (shape[0] != std::ssize(counts) || shape[1] < shape[0])
    return {Code::kBadData,
            fmt::format("{}: ease.weights and item_users do not fit", file->path())};
  item_users_.assign(counts.begin(), counts.end());
  fitted_ = {};
  weights_ = weights;
  stride_ = shape[1];
  loaded_ = std::move(file);
  return place_weights();
}

}  // namespace bascule
