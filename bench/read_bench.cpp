// Raw ratings file to prepared matrix: median time of N runs and peak memory.
// usage: read_bench FILE [RUNS [THREADS [MIN_RATING [MIN_ITEM_RATINGS]]]]
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include <bascule/data/prepare.h>
#include <bascule/data/ratings.h>

namespace bascule {
namespace {

int run(int argc, char** argv) {
  const auto number = [&](int i, long otherwise) {
    return argc > i ? std::strtol(argv[i], nullptr, 10) : otherwise;
  };
  if (argc < 2) return 2;
  const std::string path = argv[1];
  const long runs = std::max(1L, number(2, 15));
  ThreadPool pool(static_cast<int>(number(3, 2)));
  RatingsOptions read;
  read.min_rating = static_cast<float>(number(4, 6));
  PrepareOptions steps;
  steps.min_item_ratings = number(5, 3);

  using Clock = std::chrono::steady_clock;
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  std::vector<double> reading;
  std::vector<double> preparing;
  std::vector<double> total;
  for (long run = 0; run < runs; ++run) {
    const auto start = Clock::now();
    const auto ratings = read_ratings(path, read, pool);
    const auto between = Clock::now();
    if (!ratings.ok()) {
      fmt::print(stderr, "{}\n", ratings.error().message);
      return static_cast<int>(ratings.error().code);
    }
    const auto prepared = prepare(ratings->interactions, steps, pool);
    const auto end = Clock::now();
    if (!prepared.ok()) {
      fmt::print(stderr, "{}\n", prepared.error().message);
      return static_cast<int>(prepared.error().code);
    }
    reading.push_back(seconds(start, between));
    preparing.push_back(seconds(between, end));
    total.push_back(seconds(start, end));
    if (run == 0)
      fmt::print("{}: {} rows, {} kept; {} users x {} items, {} ratings\n", ratings->report.format,
                 ratings->report.rows, ratings->report.kept, prepared->data.matrix.rows(),
                 prepared->data.matrix.cols(), prepared->data.matrix.nonzeros());
  }
  const auto median = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2] * 1e3;
  };
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("read {:.2f} ms, prepare {:.2f} ms, together {:.2f} ms; peak {:.1f} MiB\n",
             median(reading), median(preparing), median(total),
             static_cast<double>(usage.ru_maxrss) / 1024);
  return 0;
}

}  // namespace
}  // namespace bascule

int main(int argc, char** argv) {
  return bascule::run(argc, argv);
}
