#include "cli/metrics_json.h"

#include <nlohmann/json.hpp>

namespace bascule::cli {

nlohmann::ordered_json metrics_json(const Evaluation& evaluation) {
  nlohmann::ordered_json metrics = nlohmann::ordered_json::object();
  for (const auto& [name, m] : evaluation.metrics) {
    metrics[name] = {{"value", m.value}, {"stderr", nullptr}, {"ci95", nullptr}};
    if (m.standard_error) metrics[name]["stderr"] = *m.standard_error;
    if (m.ci95) metrics[name]["ci95"] = *m.ci95;
  }
  return metrics;
}

}  // namespace bascule::cli
