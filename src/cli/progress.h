#pragma once
// A progress bar with rate and time to go on a terminal; silence elsewhere.
#include <cstdint>
#include <string>

#include <bascule/base/timer.h>

namespace bascule::cli {

class Progress {
 public:
  /// `unit` is "bytes" (shown in KiB, MiB …) or a word such as "rows".
  Progress(std::string what, std::string unit, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `total` 0: unknown. Redraws at most ten times a second.
  void update(std::int64_t done, std::int64_t total);
  /// Takes the bar off the terminal.
  void clear();

 private:
  std::string what_, unit_;
  bool visible_;
  bool drawn_ = false;
  double last_drawn_ = -1;
  std::int64_t first_done_ = -1;
  Stopwatch watch_;
};

}  // namespace bascule::cli
