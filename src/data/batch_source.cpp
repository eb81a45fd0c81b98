#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/data/batches.h>

#include "base/prefetcher.h"
#include "data/batch_order.h"

namespace bascule {
namespace {

/// One buffer of the ring.
struct Slot {
  Buffer<float> features, targets;
  Buffer<std::int32_t> labels;
  Batch batch;
};

}  // namespace

struct BatchSource::State {
  State(const SampleReader& source, const LabelledData& labelled, BatchPlan batch_plan, int depth,
        ThreadPool* workers)
      : reader(source),
        part(labelled),
        pool(depth > 0 ? nullptr : workers),
        order(std::move(batch_plan)),
        ahead(depth, [this](std::int64_t number, std::size_t slot) { fill(number, ring[slot]); }) {}

  // What never changes after make().
  const SampleReader& reader;
  const LabelledData& part;
  ThreadPool* const pool;

  // Belongs to whoever makes batches: the thread, or with depth 0 the consumer.
  std::vector<Slot> ring;
  detail::BatchOrder order;

  detail::Prefetcher ahead;  // ends before what it writes to

  Status allocate();
  void read(std::span<const std::int32_t> samples, float* out) const;
  void fill(std::int64_t number, Slot& to);
};

Status BatchSource::State::allocate() {
  ring.resize(ahead.slots());
  const BatchPlan& plan = order.plan();
  const auto rows = static_cast<std::size_t>(plan.batch_size());
  const auto features = checked_mul(plan.batch_size(), reader.width());
  const auto targets = checked_mul(plan.batch_size(), part.target_width);
  if (!features || !targets)
    return {Code::kUsage, fmt::format("batch size {} is too large", plan.batch_size())};
  for (Slot& slot : ring) {
    BASCULE_ASSIGN(slot.features, Buffer<float>::make(static_cast<std::size_t>(*features)));
    if (*targets > 0) {
      BASCULE_ASSIGN(slot.targets, Buffer<float>::make(static_cast<std::size_t>(*targets)));
    } else {
      BASCULE_ASSIGN(slot.labels, Buffer<std::int32_t>::make(rows));
    }
  }
  return {};
}

void BatchSource::State::read(std::span<const std::int32_t> samples, float* out) const {
  constexpr std::int64_t kFloatsPerChunk = 8192;
  if (pool == nullptr) return reader.read(samples, out);
  const std::int64_t width = reader.width();
  const Chunks chunks{
      static_cast<std::int64_t>(samples.size()),
      std::max<std::int64_t>(1, kFloatsPerChunk / std::max<std::int64_t>(width, 1))};
  pool->run(chunks.chunks(), [&](std::int64_t chunk, int) {
    const std::int64_t begin = chunks.begin(chunk);
    reader.read(samples.subspan(static_cast<std::size_t>(begin),
                                static_cast<std::size_t>(chunks.end(chunk) - begin)),
                out + begin * width);
  });
}

void BatchSource::State::fill(std::int64_t number, Slot& to) {
  const auto [epoch, index, samples] = order.at(number);
  Batch& batch = to.batch;
  batch.epoch = epoch;
  batch.index = index;
  batch.last = index + 1 == order.plan().batches();
  batch.count = std::ssize(samples);
  read(samples, to.features.data());
  const auto features = static_cast<std::size_t>(batch.count * reader.width());
  std::fill(to.features.data() + features, to.features.data() + to.features.size(), 0.0F);
  batch.features = to.features.data();
  if (part.target_width > 0) {
    float* out = to.targets.data();
    for (const std::int32_t sample : samples)
      out = std::copy_n(part.targets.data() + sample * part.target_width, part.target_width, out);
    std::fill(out, to.targets.data() + to.targets.size(), 0.0F);
    batch.targets = to.targets.data();
  } else {
    std::int32_t* out = to.labels.data();
    for (const std::int32_t sample : samples)
      *out++ = part.labels[static_cast<std::size_t>(sample)];
    std::fill(out, to.labels.data() + to.labels.size(), 0);
    batch.labels = to.labels.data();
  }
}

BatchSource::BatchSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
BatchSource::BatchSource(BatchSource&& other) noexcept = default;

BatchSource& BatchSource::operator=(BatchSource&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

BatchSource::~BatchSource() = default;

Result<BatchSource> BatchSource::make(const SampleReader& reader, const LabelledData& part,
                                      BatchPlan plan, int depth, ThreadPool* pool) {
  auto state = std::make_unique<State>(reader, part, std::move(plan), depth, pool);
  BASCULE_TRY(state->allocate());
  if (part.target_width == 0 && part.labels.empty())
    return Error{Code::kUsage, "the part has neither labels nor targets"};
  std::vector<std::int32_t> samples(static_cast<std::size_t>(state->order.plan().samples()));
  state->order.plan().order(0, samples);
  const auto [least, most] = std::minmax_element(samples.begin(), samples.end());
  if (*least < 0 || *most >= part.samples)
    return Error{Code::kUsage, fmt::format("the plan names sample {} of {}",
                                           *least < 0 ? *least : *most, part.samples)};
  return BatchSource(std::move(state));
}

void BatchSource::start(std::int64_t first_epoch, std::int64_t epochs) {
  const std::int64_t batches = state_->order.plan().batches();
  state_->ahead.start(first_epoch * batches, epochs * batches);
}

Result<Batch> BatchSource::next() {
  BASCULE_ASSIGN(const std::optional<std::size_t> slot, state_->ahead.next());
  return slot ? state_->ring[*slot].batch : Batch{};
}

void BatchSource::give_back() {
  state_->ahead.give_back();
}

void BatchSource::stop() {
  state_->ahead.stop();
}

}  // namespace bascule
