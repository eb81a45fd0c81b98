#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <bascule/base/cpu_info.h>
#include <bascule/devices/cuda_device.h>

#include "cli/context.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

using Json = nlohmann::ordered_json;

/// "13.0", as CUDA numbers its versions; empty for none.
std::string cuda_version(int number) {
  return number == 0 ? "" : fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}
std::string capability(const CudaGpu& gpu) {
  return fmt::format("{}.{}", gpu.capability / 10, gpu.capability % 10);
}

Json cpu_json(const CpuInfo& cpu) {
  return {{"name", "cpu"},
          {"kind", "cpu"},
          {"model", cpu.model},
          {"available", true},
          {"why", ""},
          {"memory", cpu.memory_total},
          {"capabilities",
           {{"threads", cpu.usable_threads},
            {"instruction_sets", cpu.instruction_sets},
            {"cache_l1d", cpu.cache_l1d},
            {"cache_l2", cpu.cache_l2},
            {"cache_l3", cpu.cache_l3},
            {"memory_available", cpu.memory_available}}}};
}

/// A GPU, or the lack of any.
Json cuda_json(const std::string& name, const CudaGpu& gpu, const CudaInventory& found) {
  Json capabilities = {{"driver", cuda_version(found.driver)},
                       {"kernels", cuda_version(found.toolkit)}};
  if (gpu.capability > 0) capabilities["compute_capability"] = capability(gpu);
  return {{"name", name},
          {"kind", "cuda"},
          {"model", gpu.name},
          {"available", gpu.why.empty()},
          {"why", gpu.why},
          {"memory", gpu.memory},
          {"capabilities", capabilities}};
}

void print_devices(const CpuInfo& cpu, const CudaInventory& found) {
  fmt::print("cpu   {}, {} thread{}, {} of {} memory free\n", cpu.model, cpu.usable_threads,
             cpu.usable_threads == 1 ? "" : "s",
             human_bytes(static_cast<double>(cpu.memory_available)),
             human_bytes(static_cast<double>(cpu.memory_total)));
  fmt::print("      {}; caches {} L1d, {} L2, {} L3\n", fmt::join(cpu.instruction_sets, " "),
             human_bytes(static_cast<double>(cpu.cache_l1d)),
             human_bytes(static_cast<double>(cpu.cache_l2)),
             human_bytes(static_cast<double>(cpu.cache_l3)));
  if (!found.why.empty()) fmt::print("cuda  not available: {}\n", found.why);
  for (std::size_t i = 0; i < found.gpus.size(); ++i) {
    const CudaGpu& gpu = found.gpus[i];
    fmt::print("cuda:{}  {}, {} memory, compute capability {}, driver for CUDA {}{}\n", i,
               terminal_safe(gpu.name), human_bytes(static_cast<double>(gpu.memory)),
               capability(gpu), cuda_version(found.driver),
               gpu.why.empty() ? "" : "; not available: " + gpu.why);
  }
}

Status list_devices(const Context& context) {
  const CpuInfo cpu = cpu_info();
  const CudaInventory found = cuda_inventory();
  if (!context.json) {
    print_devices(cpu, found);
    return {};
  }
  Json devices = {cpu_json(cpu)};
  for (std::size_t i = 0; i < found.gpus.size(); ++i)
    devices.push_back(cuda_json(fmt::format("cuda:{}", i), found.gpus[i], found));
  if (found.gpus.empty()) {
    CudaGpu none;
    none.why = found.why;
    devices.push_back(cuda_json("cuda", none, found));
  }
  print_json({{"devices", devices}});
  return {};
}

}  // namespace

void add_devices(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("devices", "processors and GPUs, and why one cannot be used");
  verb->callback([&context] { context.action = [&context] { return list_devices(context); }; });
}

}  // namespace bascule::cli
