#include "cli/context.h"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/compile/compile.h>
#include <bascule/data/catalogue.h>
#include <bascule/devices/cuda_device.h>
#include <bascule/devices/device.h>
#include <bascule/recsys/spec.h>

namespace bascule::cli {
namespace {

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // may be set by a signal handler

extern "C" void on_interrupt(int signal) {
  stop_requested.store(true);
  std::signal(signal, SIG_DFL);
}

/// `auto` stays there until the kernels for GPUs have proved themselves.
std::string reason_of_auto() {
  const CudaInventory found = cuda_inventory();
  if (!found.why.empty()) return "the only one: " + found.why;
  return "the kernels for GPUs have not proved themselves yet; --device cuda asks for them";
}

bool is_cpu(const std::string& device) {
  return device == "auto" || device == "cpu";
}

Error unavailable(const std::string& device, const std::string& why) {
  return {Code::kNoDevice, fmt::format("device {} is not available: {}", device, why)};
}

}  // namespace

void Context::log(const std::string& line) const {
  if (!quiet) fmt::print(stderr, "{}\n", line);
}

std::vector<std::string> Context::search_dirs() const {
  std::vector<std::string> dirs = data_options;
  for (std::string& dir : data_dirs()) dirs.push_back(std::move(dir));
  return dirs;
}

std::string Context::why_device() const {
  if (device != "auto") return {};
  static const std::string reason = reason_of_auto();
  return reason;
}

Result<std::string> Context::resolve_device() const {
  if (device == "auto") log("device cpu: " + why_device());
  if (is_cpu(device)) return std::string("cpu");
  const CudaInventory found = cuda_inventory();
  return unavailable(
      device, found.why.empty() ? "this is done on the cpu only in this version" : found.why);
}

Result<std::shared_ptr<Device>> Context::open_recommender_device() const {
  if (device == "auto") log("device cpu: " + why_device());
  if (is_cpu(device)) return std::shared_ptr<Device>();
  BASCULE_ASSIGN(std::unique_ptr<Device> opened, open_device());
  return std::shared_ptr<Device>(std::move(opened));
}

Result<std::unique_ptr<Device>> Context::open_device() const {
  if (device == "auto") log("device cpu: " + why_device());
  if (is_cpu(device)) return make_cpu_device(default_pool());
  constexpr std::string_view kNumbered = "cuda:";
  int ordinal = 0;  // main() lets nothing but up to three digits through
  if (device.starts_with(kNumbered))
    std::from_chars(device.data() + kNumbered.size(), device.data() + device.size(), ordinal);
  auto opened = make_cuda_device(ordinal, {.record_steps = record_steps});
  if (!opened.ok()) return unavailable(device, opened.error().message);
  log(
      fmt::format("{}: the kernels for GPUs are in the making and have never run on one; check "
                  "what they compute",
                  (*opened)->target().device));
  return opened;
}

Result<Precision> Context::recommender_precision(const Settings& settings, const Device* on) const {
  if (precision == "fp32") return Precision::kFp32;
  const std::unique_ptr<Recommender> model = make_recommender(settings);
  if (!model->learns_by_epochs())
    return Error{Code::kUsage,
                 fmt::format("--precision {}: {} computes in fp32", precision, model->type())};
  BASCULE_ASSIGN(
      const CompileOptions options,
      compile_options(on != nullptr ? on->target() : make_cpu_device(default_pool())->target()));
  return options.precision;
}

Result<CompileOptions> Context::compile_options(const Target& target) const {
  CompileOptions options;
  if (precision == "fp32") return options;
  if (precision == "fp16") {
    if (!target.fp16)
      return Error{Code::kUsage,
                   fmt::format("--precision fp16: the {} device has no products of it, GPUs have; "
                               "--precision bf16 is for any",
                               target.device)};
    options.precision = Precision::kFp16;
    return options;
  }
  options.precision = Precision::kBf16;
  if (!target.bf16 && target.host_memory)
    log(
        fmt::format("this processor has no products of bf16: the {} device computes them with "
                    "those of fp32, not faster than --precision fp32",
                    target.device));
  return options;
}

std::string device_name(const std::shared_ptr<Device>& device) {
  return device == nullptr ? "cpu" : device->target().device;
}

void print_json(const nlohmann::ordered_json& document) {
  // Ids and titles are UTF-8 by the time they get here; whatever is not is replaced, not thrown at.
  fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

nlohmann::ordered_json seconds_json(const StageTimes& times) {
  nlohmann::ordered_json seconds = nlohmann::ordered_json::object();
  for (const auto& [stage, value] : times) seconds[stage] = value;
  return seconds;
}

const std::atomic<bool>& interrupt_flag() {
  return stop_requested;
}

void watch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

}  // namespace bascule::cli
