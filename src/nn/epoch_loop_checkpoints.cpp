// Where a fit begins, goes on from and leaves its state.
#include <fmt/format.h>

#include "nn/epoch_loop.h"

namespace bascule::nn {

Status EpochLoop::begin() {
  // State of an earlier fit of the same network must not leak into this one.
  for (const auto& [name, variable] : trained_.store().all()) {
    if (variable.role != VariableRole::kState && variable.role != VariableRole::kControl) continue;
    const std::vector<std::byte> zeros(static_cast<std::size_t>(variable.type.bytes()));
    BASCULE_TRY(trained_.store().write(name, std::span(zeros)));
  }
  if (options_.resume && !options_.checkpoints.empty()) BASCULE_TRY(resume());
  BASCULE_TRY(options_.on_start());
  const bool anew = !options_.resume && !options_.checkpoints.empty();
  return anew ? remove_checkpoints(options_.checkpoints) : Status();
}

Status EpochLoop::resume() {
  BASCULE_ASSIGN(auto saved, load_last(options_.checkpoints, trained_.store(), fingerprint_));
  if (!saved) return {};
  if (saved->batch > batches_)
    return {Code::kBadData,
            fmt::format("{}: the checkpoint has more batches than an epoch", options_.checkpoints)};
  state_ = std::move(*saved);
  if (state_.best_epoch > 0) {
    BASCULE_ASSIGN(result_.best,
                   load_best(options_.checkpoints, trained_.store(), state_.best_epoch));
    if (result_.best) best_saved_ = state_.best_epoch;
  }
  return {};
}

Result<EpochLoop::Stop> EpochLoop::save(bool now) {
  if (options_.checkpoints.empty()) return Stop();
  if (!now && saved_watch_.seconds() < options_.checkpoint_seconds) return Stop();
  BASCULE_ASSIGN(const auto all, VariableSnapshot::take(trained_.store(), kAllRoles));
  if (!all.finite())
    return not_finite(fmt::format("a parameter is not finite after epoch {}", state_.epoch));
  // The best first: a crash between the two leaves a best one that the resumed fit makes again.
  if (result_.best && best_saved_ != state_.best_epoch) {
    BASCULE_TRY(save_best(options_.checkpoints, *result_.best, state_.best_epoch));
    best_saved_ = state_.best_epoch;
  }
  BASCULE_TRY(save_last(options_.checkpoints, all, state_, fingerprint_));
  saved_watch_.restart();
  return Stop();
}

}  // namespace bascule::nn
