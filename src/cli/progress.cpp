#include "cli/progress.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/table.h"

namespace bascule::cli {

Progress::Progress(std::string what, std::string unit, bool quiet)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      visible_(!quiet && isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (drawn_) fmt::print(stderr, "\n");
}

void Progress::clear() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
}

void Progress::update(std::int64_t done, std::int64_t total) {
  constexpr double kRedrawSeconds = 0.1;
  constexpr std::int64_t kWidth = 24;
  if (!visible_) return;
  if (first_done_ < 0) first_done_ = done;  // what an earlier try brought does not count as speed
  const double now = watch_.seconds();
  if (now - last_drawn_ < kRedrawSeconds && done != total) return;
  last_drawn_ = now;
  drawn_ = true;
  const auto amount = [&](double n) {
    return unit_ == "bytes"
               ? human_bytes(n)
               : fmt::format("{} {}", with_commas(static_cast<std::int64_t>(n)), unit_);
  };
  const double rate = now > 0 ? static_cast<double>(done - first_done_) / now : 0;
  std::string bar, eta;
  if (total > 0) {
    const std::int64_t filled = std::min(kWidth, done * kWidth / total);
    bar = fmt::format("[{}{}] {:3d} % ", std::string(static_cast<std::size_t>(filled), '#'),
                      std::string(static_cast<std::size_t>(kWidth - filled), '.'),
                      std::min<std::int64_t>(100, done * 100 / total));
    if (rate > 0 && done < total)
      eta = fmt::format(", {:.0f} s to go", static_cast<double>(total - done) / rate);
  }
  fmt::print(stderr, "\r\x1b[K{} {}{}, {}/s{}", what_, bar, amount(static_cast<double>(done)),
             amount(rate), eta);
  std::fflush(stderr);
}

}  // namespace bascule::cli
