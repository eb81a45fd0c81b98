#pragma once
// Batches in an order that is a function of seed and epoch alone, made ahead on a thread of their
// own.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/data/labelled.h>
#include <bascule/data/normalise.h>

namespace bascule {

/// How a validation part is taken off the training part.
struct SampleSplitOptions {
  double fraction = 0.2;    ///< of the samples, in [0, 1)
  bool shuffle = false;     ///< draw the samples by `seed`; else the last ones validate
  bool first = false;       ///< the first ones validate, not the last
  bool stratified = false;  ///< the fraction of every class; classification only
  std::uint64_t seed = 0;
};

/// Numbers of samples, ascending.
struct SampleSplit {
  std::vector<std::int32_t> train, valid;
};

/// Splits round(fraction * samples) off (of every class when stratified). kUsage when the fraction
/// is out of range, nothing is left to train on, or there are no classes to stratify by.
Result<SampleSplit> split_samples(const LabelledData& part, const SampleSplitOptions& options);

struct BatchOptions {
  std::int64_t batch_size = 128;
  bool shuffle = true;     ///< anew for every epoch; else in the given order
  bool keep_short = true;  ///< the last, shorter batch of an epoch
  std::uint64_t seed = 0;
};

/// Which samples make up which batch of which epoch.
class BatchPlan {
 public:
  /// kUsage when there are no samples, or no batch would be kept.
  static Result<BatchPlan> make(std::vector<std::int32_t> samples, const BatchOptions& options);

  [[nodiscard]] std::int64_t batch_size() const { return options_.batch_size; }
  [[nodiscard]] std::int64_t samples() const { return static_cast<std::int64_t>(samples_.size()); }
  /// Batches of an epoch.
  [[nodiscard]] std::int64_t batches() const { return batches_; }
  /// Writes the order of an epoch, samples() numbers. Batch b takes the numbers from b * batch_size
  /// on. Allocates nothing.
  void order(std::int64_t epoch, std::span<std::int32_t> out) const;

 private:
  BatchPlan() = default;
  std::vector<std::int32_t> samples_;
  BatchOptions options_;
  std::int64_t batches_ = 0;
};

/// One batch; the arrays are aligned to 64 bytes and stay valid until it is given back.
struct Batch {
  const float* features = nullptr;       ///< [batch_size, width]; rows beyond `count` are zero
  const std::int32_t* labels = nullptr;  ///< [batch_size], zero beyond `count`; null for regression
  const float* targets = nullptr;        ///< [batch_size, target_width]; null for classification
  std::int64_t count = 0;                ///< samples; 0: there are no more batches
  std::int64_t epoch = 0;
  std::int64_t index = 0;  ///< within the epoch
  bool last = false;       ///< of the epoch
};

/// Makes batches ahead of their use. One background thread gathers and converts into a ring of
/// `depth` buffers and sleeps when all are full; the consumer sleeps when all are empty. After the
/// first start nothing is allocated. What comes, and in which order, does not depend on timing.
class BatchSource {
 public:
  /// `reader` and `part`, whose labels or targets go along, must outlive the source. depth 0: no
  /// thread of its own, batches are made when one is asked for, by the threads of `pool` if there
  /// is one, which make a few small ones together: better where the consumer keeps every processor
  /// busy anyway. kUsage when the plan does not fit the part, kFailed when memory is refused.
  static Result<BatchSource> make(const SampleReader& reader, const LabelledData& part,
                                  BatchPlan plan, int depth = 3, ThreadPool* pool = nullptr);
  ~BatchSource();
  BatchSource(BatchSource&& other) noexcept;
  BatchSource& operator=(BatchSource&& other) noexcept;

  /// Begins with the first batch of `first_epoch`, to go on for `epochs` epochs; the next epoch is
  /// prepared while the consumer is still at the last one. May be called at any time: batches of
  /// before are dropped, and become invalid.
  void start(std::int64_t first_epoch, std::int64_t epochs = 1);
  /// The next batch; count is 0 after the last one, or when nothing was started. An exception of
  /// the reader comes back as kFailed, here and until the next start. At most `depth` batches
  /// (with depth 0: one, or as many as are made together) may be held; kUsage for one more.
  Result<Batch> next();
  /// Gives the oldest batch back that is held.
  void give_back();
  /// Ends the work at hand; next() then says that there are no more batches.
  void stop();

 private:
  struct State;
  explicit BatchSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bascule
