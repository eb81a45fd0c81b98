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
  Buffer<std::int32_t> labels, samples;
  Batch batch;
};

/// Floats that a thread reads at a time.
constexpr std::int64_t kFloatsPerChunk = 8192;

/// Batches that the threads of a pool make together: of small ones to wake the threads takes as
/// long as the work.
int batches_at_once(std::int64_t floats) {
  constexpr std::int64_t kFloats = 8 * kFloatsPerChunk;  // a quarter of a second cache
  return static_cast<int>(
      std::clamp<std::int64_t>(kFloats / std::max<std::int64_t>(floats, 1), 1, 8));
}

}  // namespace

struct BatchSource::State {
  State(const SampleReader& source, const LabelledData& labelled, BatchPlan batch_plan, int depth,
        ThreadPool* workers)
      : reader(source),
        part(labelled),
        pool(depth > 0 ? nullptr : workers),
        order(std::move(batch_plan)),
        ahead(
            depth, [this](std::int64_t number, std::int64_t count) { fill(number, count); },
            pool != nullptr ? batches_at_once(order.plan().batch_size() * reader.width()) : 1) {}

  // What never changes after make().
  const SampleReader& reader;
  const LabelledData& part;
  ThreadPool* const pool;

  // Belongs to whoever makes batches: the thread, or with depth 0 the consumer.
  std::vector<Slot> ring;
  detail::BatchOrder order;

  detail::Prefetcher ahead;  // ends before what it writes to

  Status allocate();
  Slot& slot(std::int64_t number) { return ring[static_cast<std::size_t>(number) % ring.size()]; }
  void fill(std::int64_t number, std::int64_t count);
  /// All of a batch but its features.
  void begin(std::int64_t number);
  /// Chunk `chunk` of a batch's features.
  void read(Slot& to, std::int64_t chunk) const;
  /// Rows of a batch that are read at a time.
  [[nodiscard]] Chunks chunks() const {
    const std::int64_t width = std::max<std::int64_t>(reader.width(), 1);
    return {order.plan().batch_size(), std::max<std::int64_t>(1, kFloatsPerChunk / width)};
  }
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
    BASCULE_ASSIGN(slot.samples, Buffer<std::int32_t>::make(rows));
    if (*targets > 0) {
      BASCULE_ASSIGN(slot.targets, Buffer<float>::make(static_cast<std::size_t>(*targets)));
    } else {
      BASCULE_ASSIGN(slot.labels, Buffer<std::int32_t>::make(rows));
    }
  }
  return {};
}

void BatchSource::State::begin(std::int64_t number) {
  Slot& to = slot(number);
  const auto [epoch, index, samples] = order.at(number);
  std::copy(samples.begin(), samples.end(), to.samples.data());
  Batch& batch = to.batch;
  batch.epoch = epoch;
  batch.index = index;
  batch.last = index + 1 == order.plan().batches();
  batch.count = std::ssize(samples);
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

void BatchSource::State::read(Slot& to, std::int64_t chunk) const {
  const std::int64_t width = reader.width(), count = to.batch.count;
  const std::int64_t begin = chunks().begin(chunk), end = chunks().end(chunk);
  const std::int64_t stored = std::clamp(count, begin, end);
  const std::span samples(to.samples.data() + begin, static_cast<std::size_t>(stored - begin));
  float* const out = to.features.data();
  if (!samples.empty()) reader.read(samples, out + begin * width);
  std::fill(out + stored * width, out + end * width, 0.0F);
}

void BatchSource::State::fill(std::int64_t number, std::int64_t count) {
  for (std::int64_t n = number; n < number + count; ++n) begin(n);
  const std::int64_t each = chunks().chunks();
  const auto read_chunk = [&](std::int64_t chunk, int) {
    read(slot(number + chunk / each), chunk % each);
  };
  if (pool != nullptr) return pool->run(count * each, read_chunk);
  for (std::int64_t chunk = 0; chunk < count * each; ++chunk) read_chunk(chunk, 0);
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
