#pragma once
// The tables of a spec whose keys depend on their type.
#include <string_view>
#include <vector>

#include "nn/typed_table.h"

namespace bascule::nn {

inline constexpr std::string_view kOptimizer = "train.optimizer";
inline constexpr std::string_view kSchedule = "train.schedule";

std::vector<TableType> optimizer_types();
std::vector<TableType> schedule_types();

}  // namespace bascule::nn
