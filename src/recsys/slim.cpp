#include <algorithm>
#include <limits>

#include <bascule/base/checked.h>
#include <bascule/devices/device.h>
#include <bascule/recsys/elsa.h>
#include <bascule/recsys/popularity.h>
#include <bascule/recsys/slim.h>

namespace bascule {
namespace {

/// W as rows, of columns by popularity: items[k] is the k-th most popular.
Compressed rows_of(std::vector<std::vector<ColumnWeight>> columns,
                   std::span<const std::int32_t> items) {
  std::vector<std::int32_t> places(items.size());
  for (std::size_t k = 0; k < items.size(); ++k)
    places[static_cast<std::size_t>(items[k])] = static_cast<std::int32_t>(k);
  std::vector<std::int64_t> offsets(1, 0);
  for (const std::int32_t place : places)
    offsets.push_back(offsets.back() + std::ssize(columns[static_cast<std::size_t>(place)]));
  std::vector<std::int32_t> ids;
  std::vector<float> weights;
  ids.reserve(static_cast<std::size_t>(offsets.back()));
  weights.reserve(ids.capacity());
  for (const std::int32_t place : places) {
    for (const auto& [column, weight] : columns[static_cast<std::size_t>(place)]) {
      ids.push_back(items[static_cast<std::size_t>(column)]);
      weights.push_back(weight);
    }
    columns[static_cast<std::size_t>(place)] = {};
  }
  const std::int64_t count = std::ssize(items);
  return flip({count, count, offsets.data(), ids.data(), weights.data()});
}

}  // namespace

std::int64_t Slim::fit_bytes(const CompressedView& interactions) const {
  constexpr std::int64_t kPerWeight = 24, kPerItem = 128, kPerInteraction = 16;
  const std::int64_t n = interactions.minors;
  std::int64_t most = std::min(n, kMostColumnWeights);
  if (options_.candidates > 0) most = std::min<std::int64_t>(most, options_.candidates);
  const std::int64_t row = SymmetricMatrix::stride_for(n) * std::int64_t{sizeof(float)};
  const auto pairs = checked_mul(n, row + most * kPerWeight + kPerItem);
  if (!pairs) return std::numeric_limits<std::int64_t>::max();
  return *pairs + elastic_net_bytes(n, available_processors()) +
         kPerInteraction * interactions.nonzeros();
}

std::string Slim::instead(const CompressedView& interactions) const {
  return elsa_instead(interactions);
}

Status Slim::use_device(std::shared_ptr<Device> device) {
  std::shared_ptr<SolvesElasticNets> solver = std::dynamic_pointer_cast<SolvesElasticNets>(device);
  if (solver == nullptr) return Recommender::use_device(std::move(device));
  device_ = std::move(solver);
  return {};
}

Result<std::int64_t> Slim::device_fit_bytes(const CompressedView& interactions) const {
  return device_ == nullptr ? 0 : device_->elastic_net_bytes(interactions.minors);
}

Status Slim::fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) {
  Stopwatch watch;
  const CompressedView x = interactions.view();
  const std::vector<std::int32_t> items = by_popularity(count_item_users(x));
  BASCULE_ASSIGN(SymmetricMatrix gram, gram_matrix(x, items, pool));
  mirror(gram, pool);
  times.emplace_back("gram", watch.restart());
  Result<std::vector<std::vector<ColumnWeight>>> columns = Error{};
  if (device_ != nullptr) {
    columns = device_->elastic_net(gram, options_, pool, times);
  } else {
    columns = elastic_net(gram, options_, pool);
    times.emplace_back("weights", watch.seconds());
  }
  if (!columns.ok()) return std::move(columns).take_error();
  watch.restart();
  gram = {};
  use_weights(rows_of(std::move(columns).value(), items));
  times.emplace_back("targets", watch.restart());
  return {};
}

}  // namespace bascule
