#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <bascule/base/cpu_info.h>
#include <bascule/base/threads.h>
#include <bascule/devices/cuda_device.h>
#include <bascule/devices/device_check.h>

#include "cli/activity.h"
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
                       {"kernels", cuda_version(found.toolkit)},
                       {"products", found.products}};
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
  if (!found.products.empty()) fmt::print("      products {}\n", found.products);
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

/// A device that is to be checked, or why it cannot be.
struct Candidate {
  std::string name;
  Result<std::unique_ptr<Device>> device;
};

/// The one that --device names, otherwise all there are.
std::vector<Candidate> candidates(const Context& context) {
  std::vector<Candidate> all;
  if (context.device != "auto") {
    all.push_back({context.device, context.open_device()});
    return all;
  }
  all.push_back({"cpu", make_cpu_device(default_pool())});
  all.push_back({"reference", make_reference_device()});
  const CudaInventory found = cuda_inventory();
  if (found.gpus.empty()) all.push_back({"cuda", Error{Code::kNoDevice, found.why}});
  for (std::size_t i = 0; i < found.gpus.size(); ++i)
    all.push_back({fmt::format("cuda:{}", i), make_cuda_device(static_cast<int>(i))});
  return all;
}

/// What proves where the work was done.
std::string evidence(const DeviceCheck& check) {
  if (!check.activity)
    return fmt::format("kernel {}, {} of processor time", check.kernel,
                       human_seconds(check.cpu_seconds));
  return fmt::format("kernel {}, the device counted {} launches, {} to it and {} from it",
                     check.kernel, with_commas(check.activity->launches),
                     human_bytes(static_cast<double>(check.activity->to_device)),
                     human_bytes(static_cast<double>(check.activity->to_host)));
}

Json check_json(const std::string& name, const DeviceCheck& check) {
  Json one = {{"name", name},
              {"passed", true},
              {"why", ""},
              {"seconds", check.seconds},
              {"upload_seconds", check.upload},
              {"cpu_seconds", check.cpu_seconds},
              {"greatest_error", check.greatest_error},
              {"kernel", check.kernel},
              {"counted", nullptr}};
  if (check.activity) one["counted"] = activity_json(*check.activity);
  return one;
}

/// A device that is missing is told, and no failure unless it was asked for; one that is there and
/// does not compute is.
Status check_devices(const DeviceCheckOptions& options, const Context& context) {
  Json rows = Json::array();
  Status worst;
  for (const Candidate& candidate : candidates(context)) {
    const auto check = candidate.device.ok() ? check_device(**candidate.device, options)
                                             : Result<DeviceCheck>(candidate.device.error());
    if (!check.ok()) {
      const Error& error = check.error();
      if (error.code != Code::kNoDevice || context.device != "auto") worst = error;
      rows.push_back({{"name", candidate.name}, {"passed", false}, {"why", error.message}});
      if (!context.json) fmt::print("{:9}  not checked: {}\n", candidate.name, error.message);
      continue;
    }
    rows.push_back(check_json(candidate.name, *check));
    if (!context.json)
      fmt::print("{:9}  {}; greatest error {:.1e}; {}\n", candidate.name,
                 human_seconds(check->seconds), check->greatest_error, evidence(*check));
  }
  if (context.json)
    print_json({{"check", "exp"},
                {"elements", options.elements},
                {"iterations", options.iterations},
                {"devices", rows}});
  return worst;
}

}  // namespace

void add_devices(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("devices", "processors and GPUs, and why one cannot be used");
  auto check = std::make_shared<bool>(false);
  auto options = std::make_shared<DeviceCheckOptions>();
  verb->add_flag("--check", *check,
                 "exp of 230,400 floats, 1,000 times, on each (or on --device), judged, with proof "
                 "of where it ran");
  verb->add_option("--iterations", options->iterations, "of the check")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 30))
      ->capture_default_str();
  verb->callback([check, options, &context] {
    context.action = [check, options, &context] {
      return *check ? check_devices(*options, context) : list_devices(context);
    };
  });
}

}  // namespace bascule::cli
