#pragma once
#include <memory>
#include <string>

#include <bascule/base/random.h>
#include <bascule/nn/trainer.h>

namespace bascule::test {

/// Samples of so many features in ten classes, at random.
class RandomTask {
 public:
  RandomTask(std::int64_t samples, std::int64_t features) {
    const Philox random(5);
    part_.samples = samples;
    part_.sample_shape = Shape{features};
    const auto count = static_cast<std::size_t>(samples * features);
    part_.floats = Buffer<float>::make(count).value();
    for (std::size_t i = 0; i < count; ++i) part_.floats[i] = static_cast<float>(random.normal(i));
    for (std::int32_t i = 0; i < 10; ++i) part_.classes.push_back(std::to_string(i));
    for (std::int64_t i = 0; i < samples; ++i)
      part_.labels.push_back(static_cast<std::int32_t>(i * i % 10));
    features_ = std::make_unique<Features>(Features::make(part_, {}).value());
  }
  [[nodiscard]] nn::Samples samples(std::int32_t begin, std::int32_t end) const {
    nn::Samples some = nn::all_samples(*features_, part_);
    some.numbers.erase(some.numbers.begin() + end, some.numbers.end());
    some.numbers.erase(some.numbers.begin(), some.numbers.begin() + begin);
    return some;
  }

 private:
  LabelledData part_;
  std::unique_ptr<Features> features_;
};

}  // namespace bascule::test
