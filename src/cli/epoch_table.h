#pragma once
// The table of epochs that nolearn made usual, a row as each epoch ends.
#include <string>

#include <bascule/nn/history.h>

namespace bascule::cli {

/// "2 steps skipped, the loss scale is 32768" of a fit whose loss was scaled; else empty.
std::string loss_scale_text(const nn::History& history);

class EpochTable {
 public:
  /// With `colour` the losses that are the best so far stand out.
  explicit EpochTable(bool colour) : colour_(colour) {}

  /// Column titles and rule, for what the first epoch has measured.
  [[nodiscard]] static std::string header(const nn::EpochResult& first);
  /// The row of the last epoch of the history.
  [[nodiscard]] std::string row(const nn::History& history) const;

 private:
  bool colour_;
};

}  // namespace bascule::cli
