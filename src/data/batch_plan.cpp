#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include <bascule/base/random.h>
#include <bascule/data/batches.h>

namespace bascule {
namespace {

// Streams of the seed. Epochs count up from theirs.
constexpr std::uint64_t kSplitStream = std::uint64_t{0x5350} << 48;
constexpr std::uint64_t kEpochStream = std::uint64_t{0x4550} << 48;

/// How many of `count` samples validate.
std::size_t part_of(std::size_t count, double fraction) {
  return static_cast<std::size_t>(std::llround(fraction * static_cast<double>(count)));
}

}  // namespace

Result<SampleSplit> split_samples(const LabelledData& part, const SampleSplitOptions& options) {
  if (!(options.fraction >= 0 && options.fraction < 1))
    return Error{Code::kUsage,
                 fmt::format("validation fraction {} is not within [0, 1)", options.fraction)};
  if (part.samples > std::numeric_limits<std::int32_t>::max())
    return Error{Code::kUsage, "more than 2^31 - 1 samples"};
  if (options.stratified && part.labels.empty())
    return Error{Code::kUsage, "a stratified split needs classes"};
  std::vector<std::int32_t> order(static_cast<std::size_t>(part.samples));
  std::iota(order.begin(), order.end(), 0);
  if (options.shuffle) Philox(options.seed, kSplitStream).shuffle(std::span(order));
  if (options.first) std::reverse(order.begin(), order.end());
  SampleSplit split;
  std::vector<std::size_t> train_of(1, order.size() - part_of(order.size(), options.fraction));
  if (options.stratified) {
    std::vector<std::size_t> count(part.classes.size());
    for (const std::int32_t label : part.labels) ++count[static_cast<std::size_t>(label)];
    train_of.clear();
    for (const std::size_t samples : count)
      train_of.push_back(samples - part_of(samples, options.fraction));
  }
  for (const std::int32_t sample : order) {
    const std::int32_t group =
        options.stratified ? part.labels[static_cast<std::size_t>(sample)] : 0;
    std::size_t& left = train_of[static_cast<std::size_t>(group)];
    (left > 0 ? split.train : split.valid).push_back(sample);
    if (left > 0) --left;
  }
  if (split.train.empty()) return Error{Code::kUsage, "no sample is left to train on"};
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.valid.begin(), split.valid.end());
  return split;
}

Result<BatchPlan> BatchPlan::make(std::vector<std::int32_t> samples, const BatchOptions& options) {
  const auto count = static_cast<std::int64_t>(samples.size());
  if (options.batch_size < 1)
    return Error{Code::kUsage, fmt::format("batch size {} is not positive", options.batch_size)};
  if (count == 0) return Error{Code::kUsage, "there are no samples to make batches of"};
  BatchPlan plan;
  plan.batches_ = count / options.batch_size;
  if (options.keep_short && count % options.batch_size != 0) ++plan.batches_;
  if (plan.batches_ == 0)
    return Error{Code::kUsage,
                 fmt::format("{} samples do not fill one batch of {}", count, options.batch_size)};
  plan.samples_ = std::move(samples);
  plan.options_ = options;
  return plan;
}

void BatchPlan::order(std::int64_t epoch, std::span<std::int32_t> out) const {
  std::copy(samples_.begin(), samples_.end(), out.begin());
  if (options_.shuffle)
    Philox(options_.seed, kEpochStream + static_cast<std::uint64_t>(epoch)).shuffle(out);
}

}  // namespace bascule
