#include "nn/batch_runner.h"

#include <array>

namespace bascule::nn {

Result<BatchSource> make_batches(const SampleReader& reader, const LabelledData& part,
                                 BatchPlan plan, ThreadPool* loaders) {
  constexpr int kAhead = 3;
  return BatchSource::make(reader, part, std::move(plan), loaders == nullptr ? kAhead : 0, loaders);
}

Status BatchPrograms::prepare(std::int64_t batch) {
  if (programs_.contains(batch)) return {};
  try {
    BASCULE_ASSIGN(Program program, Program::make(make_(batch), *store_, options_));
    programs_.emplace(batch, std::move(program));
  } catch (const GraphError& error) {
    return {Code::kUsage, error.what()};
  }
  return {};
}

Status BatchPrograms::run(const Batch& batch) {
  Program& program = programs_.at(batch.count);
  BASCULE_TRY(program.bind_host("x", batch.features));
  const void* target = batch.targets;
  if (target == nullptr) target = batch.labels;
  BASCULE_TRY(program.bind_host("y", target));
  program.step();
  return {};
}

EpochSums::EpochSums(VariableStore& store, std::vector<std::string_view> names)
    : store_(&store), names_(std::move(names)), totals_(names_.size(), 0) {}

Status EpochSums::reset() {
  const std::array<float, 1> zero = {0};
  for (const std::string_view name : names_)
    BASCULE_TRY(store_->write(std::string(name), std::span<const float>(zero)));
  totals_.assign(names_.size(), 0);
  return {};
}

Status EpochSums::after_batch(std::int64_t done, bool last) {
  if (done % kSteps != 0 && !last) return {};
  std::vector<double> totals = totals_;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    BASCULE_ASSIGN(const std::vector<float> part, store_->values<float>(std::string(names_[i])));
    totals[i] += static_cast<double>(part[0]);
  }
  BASCULE_TRY(reset());
  totals_ = std::move(totals);
  return {};
}

}  // namespace bascule::nn
