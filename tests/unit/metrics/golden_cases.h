#pragma once
// The cases of tests/golden/metrics_golden.json, made by the NumPy judge beside it.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bascule/recsys/metrics/ranking.h>

namespace bascule {

inline const nlohmann::json& golden_sets() {
  static const nlohmann::json sets = [] {
    std::ifstream file(BASCULE_TEST_DIR "/golden/metrics_golden.json");
    return nlohmann::json::parse(file);
  }();
  return sets;
}

/// One user's list and targets as relevances.
struct GoldenRanking {
  explicit GoldenRanking(const nlohmann::json& test_case) {
    std::map<std::int32_t, float> grades;
    for (const auto& target : test_case["targets"]) {
      grades[target[0].get<std::int32_t>()] = target[1].get<float>();
      relevant.push_back(target[1].get<float>());
    }
    std::sort(relevant.begin(), relevant.end(), std::greater<>());
    for (const auto& item : test_case["recommended"]) {
      const auto found = grades.find(item.get<std::int32_t>());
      ranked.push_back(found == grades.end() ? 0 : found->second);
    }
  }
  [[nodiscard]] metrics::Ranking view() const { return {ranked, relevant}; }

  std::vector<float> ranked, relevant;
};

/// Compares a relevance metric with the judge on every case and K.
inline void expect_golden(const std::string& name,
                          double (*metric)(const metrics::Ranking&, std::int32_t)) {
  int compared = 0;
  for (const auto& set : golden_sets()) {
    for (const auto& test_case : set["cases"]) {
      const GoldenRanking ranking(test_case);
      for (const auto& k : set["k"]) {
        const auto key = fmt::format("{}@{}", name, k.get<int>());
        EXPECT_NEAR(metric(ranking.view(), k.get<std::int32_t>()),
                    test_case["expected"][key].get<double>(), 1e-12)
            << key << " of " << test_case.dump();
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 2 * 32 * 5);
}

/// A ranking from literals; the vectors live as long as the object.
struct Lists {
  std::vector<float> ranked, relevant;
  [[nodiscard]] metrics::Ranking view() const { return {ranked, relevant}; }
};

}  // namespace bascule
