// Trains a small dense network on Fashion-MNIST, or another folder that `bascule data inspect`
// takes for labelled data; without one, on points that it makes up. Then predicts with it.
#include <cstdio>
#include <vector>

#include <bascule/bascule.h>

namespace {

using namespace bascule;

/// Four clouds of points in sixteen dimensions.
LabelledSet clouds(std::int64_t samples) {
  const Philox random(1);
  LabelledSet set;
  for (LabelledData* part : {&set.train, &set.test}) {
    const std::uint64_t first = part == &set.train ? 0 : 1U << 20U;
    part->samples = samples;
    part->sample_shape = Shape{16};
    part->classes = {"north", "east", "south", "west"};
    part->floats = Buffer<float>::make(static_cast<std::size_t>(samples * 16)).value();
    for (std::size_t i = 0; i < part->floats.size(); ++i) {
      const std::size_t label = i / 16 % 4;
      const double centre = i % 4 == label ? 1.5 : 0;
      part->floats[i] = static_cast<float>(centre + random.normal(first + i));
    }
    for (std::int64_t s = 0; s < samples; ++s)
      part->labels.push_back(static_cast<std::int32_t>(s % 4));
  }
  return set;
}

Status train_and_test(const LabelledSet& set) {
  BASCULE_ASSIGN(const Features features, Features::make(set.train, {}));
  BASCULE_ASSIGN(const Features test_features, Features::make(set.test, {}));
  BASCULE_ASSIGN(SampleSplit split, split_samples(set.train, {.fraction = 0.2, .shuffle = true}));

  const auto classes = static_cast<std::int64_t>(set.train.classes.size());
  const nn::Sequential model(
      {nn::dense(64, "relu"), nn::dropout(0.1), nn::dense(classes, "softmax")});
  const auto device = make_cpu_device(default_pool());
  BASCULE_ASSIGN(nn::Network network, nn::Network::make(model, features.shape(), *device));

  nn::FitOptions options;
  options.optimizer = nn::adam();
  options.epochs = 5;
  options.on_epoch = [](const nn::History& history) {
    const nn::EpochResult& epoch = history.back();
    std::printf("epoch\t%d\t%.4f\t%.4f\n", static_cast<int>(epoch.epoch),
                epoch.metric("train_loss"), epoch.metric("valid_accuracy"));
  };
  const nn::Samples train{&features, &set.train, split.train};
  const nn::Samples valid{&features, &set.train, split.valid};
  BASCULE_ASSIGN(const nn::FitResult result, nn::fit(network, train, valid, options));
  std::printf("best\t%d\n", static_cast<int>(result.best_epoch));

  BASCULE_ASSIGN(const auto metrics,
                 nn::evaluate(network, nn::all_samples(test_features, set.test), options.loss));
  std::printf("test\t%.4f\n", metrics.at("accuracy"));
  std::vector<float> first(static_cast<std::size_t>(test_features.width()));
  test_features.read(std::vector<std::int32_t>{0}, first.data());
  BASCULE_ASSIGN(const std::vector<float> probabilities, network.predict(first));
  for (std::size_t c = 0; c < probabilities.size(); ++c)
    std::printf("%s\t%.4f\n", set.test.classes[c].c_str(), static_cast<double>(probabilities[c]));
  return {};
}

Status run(int argc, char** argv) {
  if (argc < 2) return train_and_test(clouds(2000));
  BASCULE_ASSIGN(const LabelledSet set, read_labelled(argv[1]));
  return train_and_test(set);
}

}  // namespace

int main(int argc, char** argv) {
  const Status status = run(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return static_cast<int>(status.error().code);
}
