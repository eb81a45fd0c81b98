#pragma once
// From a spec of a network to a run folder.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <bascule/base/timer.h>
#include <bascule/data/labelled.h>
#include <bascule/data/normalise.h>
#include <bascule/nn/spec.h>
#include <bascule/nn/trainer.h>

namespace bascule::nn {

/// A data set as a spec describes it: found, read, split, with the features a network sees.
struct NetworkData {
  std::unique_ptr<LabelledSet> set;  ///< its own allocation: features refer to it; path is absolute
  FeatureStats stats;
  std::unique_ptr<Features> train_features, valid_features, test_features;
  Samples train, valid, test;  ///< valid and test may be empty
  StageTimes times;            ///< "read", "normalise"
};

/// `data_dirs` are searched for data.path in their order.
Result<NetworkData> load_network_data(const NetworkSpec& spec,
                                      const std::vector<std::string>& data_dirs, ThreadPool& pool);

/// What a model is measured on: the test part of a set, or where it has none what was held out of
/// its training part.
struct HeldOut {
  std::string path;  ///< where data.path was found, absolute
  std::string name;  ///< "test", "valid"
  LabelledData part;
  std::vector<std::int32_t> numbers;  ///< of the samples in `part`
};
/// Reads no training samples where the set has a test part. kUsage when nothing is held out.
Result<HeldOut> load_held_out(const NetworkSpec& spec, const std::vector<std::string>& data_dirs,
                              ThreadPool& pool);

/// What a network must know of its data before it is built.
struct DataForm {
  Shape sample;              ///< of one sample, as the network sees it
  std::int64_t targets = 0;  ///< numbers to regress on; 0: classes
};
Result<DataForm> load_data_form(const NetworkSpec& spec, const std::vector<std::string>& data_dirs,
                                ThreadPool& pool);

struct NetworkFitRequest {
  std::string out;                     ///< run folder; empty: nothing is written
  std::vector<std::string> data_dirs;  ///< see load_network_data
  bool resume = false;                 ///< goes on from the run's last checkpoint
  CompileOptions compile;
  /// Called with a line per stage as it ends.
  std::function<void(const std::string&)> log = [](const std::string&) {};
  /// Called once before training.
  std::function<void(const std::vector<LayerRow>&)> on_model = [](const std::vector<LayerRow>&) {};
  std::function<void(const Progress&)> on_progress = [](const Progress&) {};
  std::function<void(const History&)> on_epoch = [](const History&) {};
  std::function<bool()> interrupted = [] { return false; };
};

struct NetworkFitOutcome {
  std::string run;  ///< the folder written; empty when none was asked for
  std::int64_t train_samples = 0, valid_samples = 0, test_samples = 0;
  std::vector<LayerRow> layers;
  History history;
  FitStop stop = FitStop::kEpochs;
  std::int64_t best_epoch = 0;
  /// Of the last epoch: train_loss, valid_…; of the model that was written: test_…; where the best
  /// epoch was another one, best_test_… of that one's parameters.
  std::map<std::string, double> metrics;
  StageTimes times;
  double first_step = 0;  ///< seconds from the beginning until the first batch was trained on
};

/// Reads, builds, trains, tests and writes the run folder. Errors: kUsage for a spec that does not
/// fit its data, kBadData, kFailed (also when the loss becomes NaN; the checkpoints stay), and
/// kInterrupted after the checkpoint was written.
Result<NetworkFitOutcome> fit_network(const NetworkSpec& spec, const NetworkFitRequest& request,
                                      Device& device, ThreadPool& pool);

}  // namespace bascule::nn
