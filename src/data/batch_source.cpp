#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/data/batches.h>

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
  State(const SampleReader& source, const LabelledData& labelled, BatchPlan batch_plan,
        ThreadPool* workers)
      : reader(source), part(labelled), plan(std::move(batch_plan)), pool(workers) {}

  // What never changes after make().
  const SampleReader& reader;
  const LabelledData& part;
  const BatchPlan plan;
  ThreadPool* const pool;
  bool threaded = false;

  // Belongs to whoever makes batches: the thread, or with depth 0 the consumer.
  std::vector<Slot> ring;
  std::vector<std::int32_t> order;
  std::int64_t ordered_epoch = -1;  // that `order` holds; -1: none

  // The job and how far it is, under the mutex. Counts are of batches since start().
  std::mutex mutex;
  std::condition_variable work;  // the producer waits for a free buffer, a job or the end
  std::condition_variable done;  // the consumer waits for a batch or for the producer to rest
  std::int64_t first_epoch = 0, total = 0;
  std::int64_t made = 0, taken = 0, returned = 0;
  bool making = false;  // the producer is outside the mutex
  bool quit = false;
  std::optional<Error> failure;
  std::thread thread;

  [[nodiscard]] std::int64_t depth() const { return static_cast<std::int64_t>(ring.size()); }
  Slot& slot(std::int64_t number) { return ring[static_cast<std::size_t>(number % depth())]; }

  Status allocate(int buffers);
  void read(std::span<const std::int32_t> samples, float* out) const;
  /// Makes batch `number` of the job that starts at epoch `first`.
  void fill(std::int64_t number, std::int64_t first);
  Status fill_caught(std::int64_t number, std::int64_t first);
  void produce();
  /// Forgets the job once the producer rests; the lock is of `mutex`.
  void drop_job(std::unique_lock<std::mutex>& lock);
};

Status BatchSource::State::allocate(int buffers) {
  threaded = buffers > 0;
  ring.resize(static_cast<std::size_t>(std::max(buffers, 1)));
  order.resize(static_cast<std::size_t>(plan.samples()));
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
  constexpr std::int64_t kFloatsPerChunk = 16384;
  if (threaded || pool == nullptr) return reader.read(samples, out);
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

void BatchSource::State::fill(std::int64_t number, std::int64_t first) {
  Slot& to = slot(number);
  Batch& batch = to.batch;
  batch.epoch = first + number / plan.batches();
  batch.index = number % plan.batches();
  batch.last = batch.index + 1 == plan.batches();
  if (ordered_epoch != batch.epoch) {
    plan.order(batch.epoch, order);
    ordered_epoch = batch.epoch;
  }
  const std::int64_t begin = batch.index * plan.batch_size();
  batch.count = std::min(plan.batch_size(), plan.samples() - begin);
  const auto samples = std::span<const std::int32_t>(order).subspan(
      static_cast<std::size_t>(begin), static_cast<std::size_t>(batch.count));
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

Status BatchSource::State::fill_caught(std::int64_t number, std::int64_t first) {
  try {
    fill(number, first);
    return {};
  } catch (const std::exception& exception) {
    return {Code::kFailed, fmt::format("reading a batch failed: {}", exception.what())};
  } catch (...) {
    return {Code::kFailed, "reading a batch failed"};
  }
}

void BatchSource::State::produce() {
  std::unique_lock lock(mutex);
  for (;;) {
    work.wait(lock,
              [&] { return quit || (!failure && made < total && made - returned < depth()); });
    if (quit) return;
    making = true;
    const std::int64_t number = made;
    const std::int64_t first = first_epoch;
    lock.unlock();
    Status status = fill_caught(number, first);
    lock.lock();
    making = false;
    if (status.ok()) {
      ++made;
    } else {
      failure = std::move(status).take_error();
    }
    done.notify_one();
  }
}

void BatchSource::State::drop_job(std::unique_lock<std::mutex>& lock) {
  total = 0;  // nothing more is begun
  done.wait(lock, [&] { return !making; });
  made = taken = returned = 0;
  failure.reset();
}

BatchSource::BatchSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
BatchSource::BatchSource(BatchSource&& other) noexcept = default;

BatchSource& BatchSource::operator=(BatchSource&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

BatchSource::~BatchSource() {
  if (!state_ || !state_->thread.joinable()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->quit = true;
  }
  state_->work.notify_one();
  state_->thread.join();
}

Result<BatchSource> BatchSource::make(const SampleReader& reader, const LabelledData& part,
                                      BatchPlan plan, int depth, ThreadPool* pool) {
  auto state = std::make_unique<State>(reader, part, std::move(plan), pool);
  BASCULE_TRY(state->allocate(depth));
  if (part.target_width == 0 && part.labels.empty())
    return Error{Code::kUsage, "the part has neither labels nor targets"};
  state->plan.order(0, state->order);
  const auto [least, most] = std::minmax_element(state->order.begin(), state->order.end());
  if (*least < 0 || *most >= part.samples)
    return Error{Code::kUsage, fmt::format("the plan names sample {} of {}",
                                           *least < 0 ? *least : *most, part.samples)};
  return BatchSource(std::move(state));
}

void BatchSource::start(std::int64_t first_epoch, std::int64_t epochs) {
  State& s = *state_;
  {
    std::unique_lock lock(s.mutex);
    s.drop_job(lock);
    s.first_epoch = first_epoch;
    s.total = epochs * s.plan.batches();
  }
  if (!s.threaded) return;
  if (!s.thread.joinable()) s.thread = std::thread([&s] { s.produce(); });
  s.work.notify_one();
}

Result<Batch> BatchSource::next() {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  if (s.taken - s.returned == s.depth())
    return Error{Code::kUsage, "every buffer is held: give a batch back before the next"};
  if (!s.threaded && !s.failure && s.taken < s.total) {
    if (Status status = s.fill_caught(s.taken, s.first_epoch); !status.ok()) {
      s.failure = std::move(status).take_error();
    } else {
      ++s.made;
    }
  }
  s.done.wait(lock, [&] { return s.taken < s.made || s.failure || s.taken == s.total; });
  if (s.taken < s.made) return s.slot(s.taken++).batch;
  if (s.failure) return *s.failure;
  return Batch{};
}

void BatchSource::give_back() {
  State& s = *state_;
  {
    const std::lock_guard lock(s.mutex);
    if (s.returned == s.taken) return;
    ++s.returned;
  }
  s.work.notify_one();
}

void BatchSource::stop() {
  std::unique_lock lock(state_->mutex);
  state_->drop_job(lock);
}

}  // namespace bascule
