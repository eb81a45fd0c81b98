#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/data/normalise.h>

#include "data/pixels.h"

namespace bascule {
namespace {

constexpr std::int64_t kRowsPerChunk = 256;
constexpr std::int64_t kMostChunks = 64;  // of statistics: each has sums of its own

Error misfit(std::string why) {
  return {Code::kUsage, std::move(why)};
}

Status check_transform(const Shape& stored, const FeatureTransform& transform) {
  if (transform.grey && (stored.rank() != 3 || stored[0] != 3))
    return misfit(fmt::format("grey needs images of three channels [3, H, W], these are {}",
                              stored.to_string()));
  if (!std::isfinite(transform.scale_low) || !std::isfinite(transform.scale_high) ||
      !(transform.scale_low < transform.scale_high))
    return misfit(
        fmt::format("scale [{}, {}] is not a range", transform.scale_low, transform.scale_high));
  return {};
}

Shape shape_after(Shape shape, const FeatureTransform& transform) {
  if (transform.grey) shape = Shape({1, shape[1], shape[2]});
  return transform.flatten ? Shape({shape.count()}) : shape;
}

}  // namespace

Result<FeatureConverter> FeatureConverter::make(const Shape& stored,
                                                const FeatureTransform& transform,
                                                FeatureStats stats) {
  BASCULE_TRY(check_transform(stored, transform));
  FeatureConverter converter;
  converter.transform_ = transform;
  converter.stored_ = stored.count();
  converter.shape_ = shape_after(stored, transform);
  converter.width_ = converter.shape_.count();
  const auto width = static_cast<std::size_t>(converter.width_);
  if (transform.standardise && (stats.mean.size() != width || stats.deviation.size() != width))
    return misfit(fmt::format("standardise needs statistics of {} features, there are {}", width,
                              stats.mean.size()));
  converter.stats_ = std::move(stats);
  return converter;
}

void FeatureConverter::convert(const std::uint8_t* sample, float* out) const {
  const PixelScale scale{static_cast<float>(transform_.scale_high - transform_.scale_low),
                         static_cast<float>(transform_.scale_low)};
  if (transform_.grey) {
    scale_grey_pixels(sample, width_, scale, out);
  } else {
    scale_pixels(sample, width_, scale, out);
  }
  standardise(out);
}

void FeatureConverter::convert(const float* sample, float* out) const {
  if (transform_.grey) {
    grey_pixels(sample, width_, out);
  } else {
    std::copy_n(sample, width_, out);
  }
  standardise(out);
}

void FeatureConverter::standardise(float* out) const {
  if (!transform_.standardise) return;
  const float* mean = stats_.mean.data();
  const float* deviation = stats_.deviation.data();
  for (std::int64_t i = 0; i < width_; ++i) out[i] = (out[i] - mean[i]) / deviation[i];
}

Result<Features> Features::make(const LabelledData& part, const FeatureTransform& transform,
                                FeatureStats stats, Keep keep, std::int64_t max_bytes,
                                ThreadPool& pool) {
  Features features;
  BASCULE_ASSIGN(features.converter_,
                 FeatureConverter::make(part.sample_shape, transform, std::move(stats)));
  features.part_ = &part;
  features.samples_ = part.samples;
  if (keep == Keep::kBytes) return features;
  const auto count = checked_mul(features.samples_, features.width());
  const auto bytes = checked_mul(count.value_or(-1), sizeof(float));
  if (!bytes || *bytes > max_bytes)
    return Error{Code::kFailed,
                 fmt::format("{} samples of {} features as floats need more than the {} bytes "
                             "allowed",
                             features.samples_, features.width(), max_bytes)};
  BASCULE_ASSIGN(Buffer<float> floats, Buffer<float>::make(static_cast<std::size_t>(*count)));
  const Chunks chunks{features.samples_, kRowsPerChunk};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i)
      features.convert(i, floats.data() + i * features.width());
  });
  features.floats_ = std::move(floats);
  features.part_ = nullptr;
  return features;
}

void Features::read(std::span<const std::int32_t> samples, float* out) const {
  for (std::size_t i = 0; i < samples.size(); ++i, out += width()) {
    if (floats_.size() > 0) {
      std::memcpy(out, floats_.data() + samples[i] * width(),
                  static_cast<std::size_t>(width()) * sizeof(float));
    } else {
      if (i + 1 < samples.size()) prefetch(samples[i + 1]);
      convert(samples[i], out);
    }
  }
}

void Features::prefetch(std::int64_t sample) const {
  constexpr std::int64_t kLine = 64;
  constexpr std::int64_t kMost = 16384;  // more would push out what is at work
  const std::int64_t stored = part_->sample_shape.count();
  const bool bytes = part_->holds_bytes();
  const auto* row = bytes ? reinterpret_cast<const char*>(part_->bytes.data() + sample * stored)
                          : reinterpret_cast<const char*>(part_->floats.data() + sample * stored);
  const auto size = bytes ? stored : stored * static_cast<std::int64_t>(sizeof(float));
  for (std::int64_t at = 0; at < std::min(size, kMost); at += kLine) __builtin_prefetch(row + at);
}

void Features::convert(std::int64_t sample, float* out) const {
  const std::int64_t at = sample * converter_.stored();
  if (part_->holds_bytes()) {
    converter_.convert(part_->bytes.data() + at, out);
  } else {
    converter_.convert(part_->floats.data() + at, out);
  }
}

Result<FeatureStats> feature_stats(const LabelledData& part, const FeatureTransform& transform,
                                   std::span<const std::int32_t> samples, ThreadPool& pool) {
  FeatureTransform raw = transform;
  raw.standardise = false;
  BASCULE_ASSIGN(const Features features, Features::make(part, raw));
  if (samples.empty()) return misfit("statistics of no samples");
  const auto width = static_cast<std::size_t>(features.width());
  const auto count = static_cast<std::int64_t>(samples.size());
  const Chunks chunks{count, std::max(kRowsPerChunk, (count + kMostChunks - 1) / kMostChunks)};
  // Sums of differences to the first sample: the squares of large values would cancel.
  std::vector<float> origin(width);
  features.convert(samples.front(), origin.data());
  struct Sums {
    std::vector<double> first, second;
  };
  std::vector<Sums> partial(static_cast<std::size_t>(chunks.chunks()));
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    Sums& sums = partial[static_cast<std::size_t>(chunk)];
    sums.first.assign(width, 0);
    sums.second.assign(width, 0);
    std::vector<float> row(width);
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      features.convert(samples[static_cast<std::size_t>(i)], row.data());
      for (std::size_t f = 0; f < width; ++f) {
        const double difference = static_cast<double>(row[f]) - origin[f];
        sums.first[f] += difference;
        sums.second[f] += difference * difference;
      }
    }
  });
  FeatureStats stats{std::vector<float>(width), std::vector<float>(width)};
  for (std::size_t f = 0; f < width; ++f) {
    double first = 0;
    double second = 0;
    for (const Sums& sums : partial) {
      first += sums.first[f];
      second += sums.second[f];
    }
    const double mean = first / static_cast<double>(count);
    const double variance = second / static_cast<double>(count) - mean * mean;
    stats.mean[f] = static_cast<float>(mean + origin[f]);
    // Rounding alone may leave a little variance, or a negative one.
    const bool constant = second == 0 || !(variance > 0);
    stats.deviation[f] = constant ? 1 : static_cast<float>(std::sqrt(variance));
    if (stats.deviation[f] == 0) stats.deviation[f] = 1;
  }
  return stats;
}

}  // namespace bascule
