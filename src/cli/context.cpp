#include "cli/context.h"

#include <csignal>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bascule::cli {
namespace {

volatile std::sig_atomic_t stop_requested = 0;

extern "C" void on_interrupt(int signal) {
  stop_requested = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void Context::log(const std::string& line) const {
  if (!quiet) fmt::print(stderr, "{}\n", line);
}

Result<std::string> Context::resolve_device() const {
  if (precision != "fp32")
    return Error{Code::kUsage,
                 fmt::format("--precision {}: the recommenders of this version compute in fp32",
                             precision)};
  if (device == "auto" || device == "cpu") return std::string("cpu");
  return Error{Code::kNoDevice,
               fmt::format("device {} is not available: this build has no CUDA backend", device)};
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

bool interrupted() { return stop_requested != 0; }

void watch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

}  // namespace bascule::cli
