#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <bascule/base/cpu_info.h>

#include "cli/context.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

constexpr const char* kNoCuda = "this build has no CUDA backend";

Status list_devices(const Context& context) {
  const CpuInfo cpu = cpu_info();
  if (context.json) {
    nlohmann::ordered_json capabilities = {
        {"threads", cpu.usable_threads}, {"instruction_sets", cpu.instruction_sets},
        {"cache_l1d", cpu.cache_l1d},    {"cache_l2", cpu.cache_l2},
        {"cache_l3", cpu.cache_l3},      {"memory_available", cpu.memory_available}};
    print_json({{"devices",
                 {{{"name", "cpu"},
                   {"kind", "cpu"},
                   {"model", cpu.model},
                   {"available", true},
                   {"why", ""},
                   {"memory", cpu.memory_total},
                   {"capabilities", capabilities}},
                  {{"name", "cuda"},
                   {"kind", "cuda"},
                   {"available", false},
                   {"why", kNoCuda},
                   {"memory", 0},
                   {"capabilities", nlohmann::ordered_json::object()}}}}});
    return {};
  }
  fmt::print("cpu   {}, {} thread{}, {} of {} memory free\n", cpu.model, cpu.usable_threads,
             cpu.usable_threads == 1 ? "" : "s",
             human_bytes(static_cast<double>(cpu.memory_available)),
             human_bytes(static_cast<double>(cpu.memory_total)));
  fmt::print("      {}; caches {} L1d, {} L2, {} L3\n", fmt::join(cpu.instruction_sets, " "),
             human_bytes(static_cast<double>(cpu.cache_l1d)),
             human_bytes(static_cast<double>(cpu.cache_l2)),
             human_bytes(static_cast<double>(cpu.cache_l3)));
  fmt::print("cuda  not available: {}\n", kNoCuda);
  return {};
}

}  // namespace

void add_devices(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("devices", "processors and GPUs, and why one cannot be used");
  verb->callback([&context] { context.action = [&context] { return list_devices(context); }; });
}

}  // namespace bascule::cli
