#pragma once
// A run folder of a network, opened for use.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <bascule/nn/network.h>
#include <bascule/nn/predictor.h>
#include <bascule/nn/spec.h>
#include <bascule/run/run_folder.h>

namespace bascule::nn {

/// What a model file holds beside the network: how features were standardised. Names of such
/// tensors begin with this.
inline constexpr std::string_view kFeaturesPrefix = "features.";

/// Writes parameters, buffers, the shape of a sample and the statistics of its features.
Status add_model(const VariableSnapshot& variables, const Shape& sample, const FeatureStats& stats,
                 SafetensorsWriter& writer);

class SavedNetwork {
 public:
  /// kBadData names the damaged file and why; `device` must outlive the object.
  static Result<SavedNetwork> open(const std::string& path, Device& device,
                                   CompileOptions compile = {});

  [[nodiscard]] const NetworkSpec& spec() const { return spec_; }
  [[nodiscard]] Network& network() { return network_; }
  /// Names of the classes; empty for regression.
  [[nodiscard]] const std::vector<std::string>& labels() const { return labels_; }
  /// The features of `part` as the network was trained on them; kUsage when they do not fit it.
  [[nodiscard]] Result<Features> features(const LabelledData& part) const;

  /// [samples, outputs]: probabilities of the classes (what a network that ends without activation
  /// gives goes through softmax), or the predicted values.
  Result<std::vector<float>> predict(const LabelledData& part);
  /// The same for `batch` samples at a time, at low latency: takes pixels or floats as the files
  /// that it was trained on hold them, and gives what predict() gives. This object must outlive it.
  [[nodiscard]] Result<Predictor> predictor(std::int64_t batch = 1) const;
  /// "loss", and "accuracy" or "mse" and "mae", over the samples of `part` with these numbers.
  /// Classes are those of the same name; by number where only one side names them. kUsage when a
  /// sample has a class that the network does not know.
  Result<std::map<std::string, double>> evaluate(const LabelledData& part,
                                                 std::vector<std::int32_t> numbers);

 private:
  SavedNetwork(NetworkSpec spec, Network network)
      : spec_(std::move(spec)), network_(std::move(network)) {}

  NetworkSpec spec_;
  Network network_;
  std::vector<std::string> labels_;
  FeatureStats stats_;
  bool softmax_ = false;  // the outputs are logits of classes
};

}  // namespace bascule::nn
