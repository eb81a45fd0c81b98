#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <bascule/recsys/tune.h>

namespace bascule::detail {

/// The folder of a search; without a path nothing is written.
class TuneFolder {
 public:
  /// Makes it, or with `resume` reads the trials that are there. `spec` says, as TOML, all that a
  /// search must not change on its way.
  static Result<TuneFolder> open(const std::string& path, bool resume, const std::string& spec,
                                 const SearchSpace& space, const std::string& metric);

  [[nodiscard]] std::vector<TuneTrial> take_trials() { return std::move(trials_); }
  /// On the disk when this returns.
  Status add(std::string_view trial) const;
  /// Replaced in one step.
  Status write(std::string_view name, std::string_view text) const;

 private:
  explicit TuneFolder(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] std::string file(std::string_view name) const;
  [[nodiscard]] Status check_spec(const std::string& spec) const;
  Status begin(const std::string& spec) const;

  std::string path_;
  std::vector<TuneTrial> trials_;
};

/// One line of trials.jsonl as the trial of this number; what is wrong with it, without the place.
Result<TuneTrial> read_trial(const std::string& json, const SearchSpace& space,
                             const std::string& metric, std::int64_t number);

}  // namespace bascule::detail
