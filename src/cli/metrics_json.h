#pragma once
#include <nlohmann/json_fwd.hpp>

#include <bascule/recsys/evaluate.h>

namespace bascule::cli {

/// {"recall@20": {"value": …, "stderr": …, "ci95": …}, …}
nlohmann::ordered_json metrics_json(const Evaluation& evaluation);

}  // namespace bascule::cli
