#include <algorithm>

#include <fmt/format.h>

#include <bascule/nn/predictor.h>

#include "nn/softmax_rows.h"

namespace bascule::nn {
namespace {

constexpr std::int64_t kMostSamples = std::int64_t{1} << 20;

/// Of a sample before the transform: grey is made of three planes, everything else keeps its shape.
Shape stored_shape(const Shape& sample, const FeatureTransform& transform) {
  return transform.grey ? Shape({3, 1, sample.count()}) : sample;
}

}  // namespace

Result<Predictor> Predictor::make(const Network& network, PredictorOptions options) {
  const Shape& sample = network.sample();
  const std::int64_t scores = network.output().count();
  if (options.batch < 1 || options.batch > kMostSamples)
    return Error{Code::kUsage, fmt::format("a batch of {} samples is not between 1 and {}",
                                           options.batch, kMostSamples)};
  BASCULE_ASSIGN(FeatureConverter converter,
                 FeatureConverter::make(stored_shape(sample, options.transform), options.transform,
                                        std::move(options.stats)));
  BASCULE_ASSIGN(Program program, network.compile_predictor(options.batch));
  Predictor predictor(std::move(program), std::move(converter));
  predictor.batch_ = options.batch;
  predictor.scores_ = scores;
  predictor.softmax_ = options.softmax;
  // All memory is there before the first call: that of the program's input, too.
  BASCULE_ASSIGN(predictor.converted_,
                 Buffer<float>::make(static_cast<std::size_t>(options.batch * sample.count())));
  std::fill_n(predictor.converted_.data(), predictor.converted_.size(), 0.0F);
  BASCULE_TRY(predictor.program_.feed<float>("x", predictor.converted_.span()));
  return predictor;
}

Status Predictor::check(std::size_t features, std::size_t scores) const {
  if (features == static_cast<std::size_t>(batch_ * this->features()) &&
      scores == static_cast<std::size_t>(batch_ * scores_))
    return {};
  return {Code::kUsage,
          fmt::format("{} features and room for {} scores, {} samples of {} and {} are expected",
                      features, scores, batch_, this->features(), scores_)};
}

template <class T>
std::span<const float> Predictor::convert(const T* samples) {
  float* out = converted_.data();
  for (std::int64_t s = 0; s < batch_; ++s, samples += converter_.stored()) {
    converter_.convert(samples, out);
    out += converter_.width();
  }
  return converted_.span();
}

Status Predictor::predict(std::span<const float> features, std::span<float> scores) {
  BASCULE_TRY(check(features.size(), scores.size()));
  return run(converter_.keeps_floats() ? features : convert(features.data()), scores);
}

Status Predictor::predict(std::span<const std::uint8_t> pixels, std::span<float> scores) {
  BASCULE_TRY(check(pixels.size(), scores.size()));
  return run(convert(pixels.data()), scores);
}

Status Predictor::run(std::span<const float> features, std::span<float> scores) {
  BASCULE_TRY(program_.feed("x", features));
  program_.step();
  BASCULE_TRY(program_.read("y", scores));
  if (softmax_) softmax_rows(scores, static_cast<std::size_t>(scores_));
  return {};
}

}  // namespace bascule::nn
