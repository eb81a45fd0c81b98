#pragma once
// The batches of a plan by number, counted through from the first one of epoch 0.
#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <bascule/data/batches.h>

namespace bascule::detail {

class BatchOrder {
 public:
  explicit BatchOrder(BatchPlan plan)
      : plan_(std::move(plan)), order_(static_cast<std::size_t>(plan_.samples())) {}

  [[nodiscard]] const BatchPlan& plan() const { return plan_; }

  struct Place {
    std::int64_t epoch = 0, index = 0;  ///< the latter within the epoch
    std::span<const std::int32_t> samples;
  };
  /// The samples stay valid until the next call. Allocates nothing.
  Place at(std::int64_t number) {
    Place place{number / plan_.batches(), number % plan_.batches(), {}};
    if (ordered_epoch_ != place.epoch) {
      plan_.order(place.epoch, order_);
      ordered_epoch_ = place.epoch;
    }
    const std::int64_t begin = place.index * plan_.batch_size();
    const std::int64_t count = std::min(plan_.batch_size(), plan_.samples() - begin);
    place.samples =
        std::span(order_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
    return place;
  }

 private:
  BatchPlan plan_;
  std::vector<std::int32_t> order_;
  std::int64_t ordered_epoch_ = -1;  // that order_ holds; -1: none
};

}  // namespace bascule::detail
