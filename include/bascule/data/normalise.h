#pragma once
// From features as a file holds them to the float32 that a network takes.
#include <cstdint>
#include <span>
#include <vector>

#include <bascule/base/shape.h>
#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/data/labelled.h>
#include <bascule/tensor/buffer.h>

namespace bascule {

/// Steps in the order in which they are applied.
struct FeatureTransform {
  /// Three channels to one: .299 red + .587 green + .114 blue (ITU-R BT.601), in float32, summed
  /// from left to right.
  bool grey = false;
  /// Bytes 0..255 go linearly to [scale_low, scale_high]: v / 255 * (high - low) + low, every step
  /// in float32, so that [0, 1] is v / 255 and [-0.5, 0.5] is v / 255 - 0.5 bit for bit as NumPy
  /// computes them. Features that are floats in the file are not scaled.
  double scale_low = 0, scale_high = 1;
  /// (x - mean) / deviation per feature, with the statistics of the training part.
  bool standardise = false;
  /// The shape of a sample is [features].
  bool flatten = false;
};

/// Mean and population standard deviation per feature, after grey and scale. A feature that never
/// changes has the deviation 1.
struct FeatureStats {
  std::vector<float> mean, deviation;
};

/// What batches are drawn from.
class SampleReader {
 public:
  SampleReader() = default;
  SampleReader(const SampleReader&) = default;
  SampleReader& operator=(const SampleReader&) = default;
  SampleReader(SampleReader&&) = default;
  SampleReader& operator=(SampleReader&&) = default;
  virtual ~SampleReader() = default;
  /// Floats of one sample.
  [[nodiscard]] virtual std::int64_t width() const = 0;
  /// Writes the samples with these numbers one after another: [samples.size(), width()]. May
  /// be called by several threads at once.
  virtual void read(std::span<const std::int32_t> samples, float* out) const = 0;
};

/// How features wait in memory.
enum class Keep {
  kBytes,  ///< as in the file, converted whenever they are read
  kFloats  ///< converted once
};

/// Applies a transform to one sample after another.
class FeatureConverter {
 public:
  FeatureConverter() = default;
  /// For samples of the shape `stored`. kUsage when the transform does not fit them: grey without
  /// three channels, a range that is empty or not finite, standardise without `stats` for every
  /// feature.
  static Result<FeatureConverter> make(const Shape& stored, const FeatureTransform& transform,
                                       FeatureStats stats = {});

  /// Of one sample: its elements before, its shape and its floats after.
  [[nodiscard]] std::int64_t stored() const { return stored_; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::int64_t width() const { return width_; }
  /// Floats come out as they went in.
  [[nodiscard]] bool keeps_floats() const { return !transform_.grey && !transform_.standardise; }
  /// stored() elements to width() floats; bytes are scaled, floats are not.
  void convert(const std::uint8_t* sample, float* out) const;
  void convert(const float* sample, float* out) const;

 private:
  void standardise(float* out) const;

  FeatureTransform transform_;
  FeatureStats stats_;
  Shape shape_;
  std::int64_t stored_ = 0, width_ = 0;
};

/// The features of a part as a network sees them. With Keep::kBytes the part must outlive it.
class Features final : public SampleReader {
 public:
  /// kUsage as FeatureConverter::make. With Keep::kFloats kFailed when more than `max_bytes` would
  /// be needed.
  static Result<Features> make(const LabelledData& part, const FeatureTransform& transform,
                               FeatureStats stats = {}, Keep keep = Keep::kBytes,
                               std::int64_t max_bytes = std::int64_t{4} << 30,
                               ThreadPool& pool = default_pool());

  [[nodiscard]] std::int64_t width() const override { return converter_.width(); }
  void read(std::span<const std::int32_t> samples, float* out) const override;
  /// Of one sample.
  [[nodiscard]] const Shape& shape() const { return converter_.shape(); }
  [[nodiscard]] std::int64_t samples() const { return samples_; }

 private:
  friend Result<FeatureStats> feature_stats(const LabelledData& part,
                                            const FeatureTransform& transform,
                                            std::span<const std::int32_t> samples,
                                            ThreadPool& pool);
  void convert(std::int64_t sample, float* out) const;
  /// Samples come in a random order, which the processor cannot foresee.
  void prefetch(std::int64_t sample) const;

  const LabelledData* part_ = nullptr;
  FeatureConverter converter_;
  std::int64_t samples_ = 0;
  Buffer<float> floats_;  // Keep::kFloats: [samples, width]
};

/// Statistics over these samples of the training part, summed in double precision.
Result<FeatureStats> feature_stats(const LabelledData& part, const FeatureTransform& transform,
                                   std::span<const std::int32_t> samples,
                                   ThreadPool& pool = default_pool());

}  // namespace bascule
