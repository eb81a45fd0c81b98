#pragma once
// Prediction at low latency, for a server or a loop of a user's own: the program for so many
// samples with all its memory, made once and called again and again.
#include <cstdint>
#include <span>

#include <bascule/data/normalise.h>
#include <bascule/nn/network.h>
#include <bascule/tensor/buffer.h>

namespace bascule::nn {

struct PredictorOptions {
  std::int64_t batch = 1;  ///< samples of every call
  /// From what a call is given to what the network takes. The default leaves floats alone and
  /// scales bytes to [0, 1].
  FeatureTransform transform = {};
  FeatureStats stats = {};  ///< of transform.standardise
  bool softmax = false;     ///< turns the network's outputs, logits of classes, into probabilities
};

class Predictor {
 public:
  /// The network must outlive the predictor, which sees what is trained or loaded into it later.
  /// kUsage for a batch that is not in [1, 2²⁰] or a transform that does not fit; kFailed when
  /// memory is refused. For a run folder, SavedNetwork::predictor fills in the options.
  static Result<Predictor> make(const Network& network, PredictorOptions options = {});

  [[nodiscard]] std::int64_t batch() const { return batch_; }
  [[nodiscard]] std::int64_t features() const { return converter_.stored(); }  ///< of one sample
  [[nodiscard]] std::int64_t scores() const { return scores_; }                ///< of one sample

  /// batch() · features() numbers, sample after sample → batch() · scores() numbers, the same bits
  /// as Network::predict and SavedNetwork::predict give for a batch of this size. Allocates
  /// nothing. kUsage when the number of elements does not fit. One thread at a time may call it;
  /// predictors of the same network may run at the same time as long as nobody trains it.
  Status predict(std::span<const float> features, std::span<float> scores);
  /// The same of pixels 0..255, which are scaled as the transform says.
  Status predict(std::span<const std::uint8_t> pixels, std::span<float> scores);

 private:
  Predictor(Program program, FeatureConverter converter)
      : program_(std::move(program)), converter_(std::move(converter)) {}
  [[nodiscard]] Status check(std::size_t features, std::size_t scores) const;
  template <class T>
  std::span<const float> convert(const T* samples);
  Status run(std::span<const float> features, std::span<float> scores);

  Program program_;
  FeatureConverter converter_;
  Buffer<float> converted_;  ///< [batch, width of the network's samples]
  std::int64_t batch_ = 1, scores_ = 0;
  bool softmax_ = false;
};

}  // namespace bascule::nn
