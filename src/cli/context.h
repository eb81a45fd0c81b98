#pragma once
// What every verb shares: the global options, where text goes, and how a verb is registered.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <bascule/base/status.h>
#include <bascule/base/timer.h>

namespace CLI {
class App;
}
namespace bascule {
struct CompileOptions;
class Device;
class Settings;
enum class Precision : std::uint8_t;
struct Target;
}  // namespace bascule

namespace bascule::cli {

struct Context {
  std::string device = "auto";
  std::string precision = "fp32";
  int threads = 0;
  std::int64_t seed = -1;                 ///< −1: the spec's
  std::vector<std::string> data_options;  ///< folders given by --data
  bool json = false;
  bool quiet = false;
  bool record_steps = true;  ///< on GPUs, as one CUDA graph each

  /// The verb that was asked for; set while parsing.
  std::function<Status()> action;

  /// A line of progress on stderr, unless --quiet.
  void log(const std::string& line) const;
  /// Folders searched for data sets: those of --data, then the usual ones.
  [[nodiscard]] std::vector<std::string> search_dirs() const;
  /// Why `auto` is what it is, said on stderr too; empty when a device was asked for.
  [[nodiscard]] std::string why_device() const;
  /// The device of what only the cpu does ("cpu"), or why the one asked for cannot be had.
  [[nodiscard]] Result<std::string> resolve_device() const;
  /// The device that a recommender uses, null for the cpu, whose pool it takes; errors as
  /// open_device().
  [[nodiscard]] Result<std::shared_ptr<Device>> open_recommender_device() const;
  /// The device that networks compute on; kNoDevice with the reason when it cannot be had.
  [[nodiscard]] Result<std::unique_ptr<Device>> open_device() const;
  /// How a recommender with these settings computes: one that learns by epochs as networks do;
  /// kUsage for another in anything but fp32.
  /// Where `on` is null, on the cpu.
  [[nodiscard]] Result<Precision> recommender_precision(const Settings& settings,
                                                        const Device* on) const;
  /// How networks are compiled for `target`; says so where bf16 gains nothing.
  [[nodiscard]] Result<CompileOptions> compile_options(const Target& target) const;
};

/// "cpu" where there is none.
std::string device_name(const std::shared_ptr<Device>& device);

/// The one JSON document of a verb, on stdout.
void print_json(const nlohmann::ordered_json& document);
nlohmann::ordered_json seconds_json(const StageTimes& times);

/// True once Ctrl-C (or SIGTERM) was received. A second one ends the process at once.
const std::atomic<bool>& interrupt_flag();
void watch_interrupts();

void add_devices(CLI::App& app, Context& context);
void add_data(CLI::App& app, Context& context);
void add_fit(CLI::App& app, Context& context);
void add_recommend(CLI::App& app, Context& context);
void add_evaluate(CLI::App& app, Context& context);
void add_compare(CLI::App& app, Context& context);
void add_tune(CLI::App& app, Context& context);
void add_ladder(CLI::App& app, Context& context);
void add_predict(CLI::App& app, Context& context);
void add_summary(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);

}  // namespace bascule::cli
