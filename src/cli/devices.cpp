#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <bascule/base/cpu_info.h>

#include "cli/context.h"
#include "cli/table.h"
