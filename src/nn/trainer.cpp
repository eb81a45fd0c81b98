#include <numeric>

#include <bascule/nn/trainer.h>

#include "nn/fit.h"

namespace bascule::nn {

Samples all_samples(const SampleReader& reader, const LabelledData& part) {
  Samples samples{&reader, &part,
                  std::vector<std::int32_t>(static_cast<std::size_t>(part.samples))};
  std::iota(samples.numbers.begin(), samples.numbers.end(), 0);
  return samples;
}

Result<FitResult> fit(Network& network, const Samples& train, const Samples& valid,
                      const FitOptions& options) {
  BASCULE_ASSIGN(Fit whole, Fit::make(network, train, valid, options));
  return whole.run();
}

}  // namespace bascule::nn
