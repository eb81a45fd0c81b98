#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/nn/trainer.h>

namespace bascule::test {

/// Every bit of a fit.
struct Trained {
  nn::FitStop stop = nn::FitStop::kEpochs;
  std::vector<std::map<std::string, double>> history;
  std::map<std::string, std::vector<std::byte>> variables;
  bool operator==(const Trained&) const = default;
};

inline Trained train(nn::Network& network, const nn::Samples& samples, const nn::Samples& valid,
                     const nn::FitOptions& options) {
  const auto result = nn::fit(network, samples, valid, options);
  EXPECT_TRUE(result.ok()) << result.error().message;
  Trained trained;
  trained.stop = result->stop;
  for (const nn::EpochResult& epoch : result->history) trained.history.push_back(epoch.metrics);
  for (const auto& [name, variable] : network.store().all()) {
    auto& bytes = trained.variables[name];
    bytes.resize(static_cast<std::size_t>(variable.type.bytes()));
    EXPECT_TRUE(network.store().read(name, bytes).ok());
  }
  return trained;
}

}  // namespace bascule::test
