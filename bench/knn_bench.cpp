// Our side of bench/knn.py (driver.h):
//   load FILE           raw matrix: int64 majors, minors, nonzeros; int64 offsets; int32 indices;
//                       float values (majors are users, minors items)
//   all K THREADS       all items' neighbours: seconds of the index build and of the search
//   save K THREADS FILE int32 ids, then float scores, of `all`
//   query K REPEATS ITEM…  seconds of one query per item: median of REPEATS
//   dense K REPEATS THREADS ITEM…  seconds of the matrix build, then of one dense query per item
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <bascule/base/timer.h>
#include <bascule/devices/neighbors.h>

#include "driver.h"

namespace bascule {
namespace {

template <class T>
std::vector<T> read_array(std::istream& file, std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count));
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(T)));
  return values;
}

Result<CsrMatrix> load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const auto sizes = read_array<std::int64_t>(file, 3);
  auto offsets = read_array<std::int64_t>(file, sizes[0] + 1);
  auto indices = read_array<std::int32_t>(file, sizes[2]);
  auto values = read_array<float>(file, sizes[2]);
  if (!file) return Error{Code::kBadData, path + ": too short"};
  BASCULE_ASSIGN(Compressed matrix, Compressed::make(sizes[0], sizes[1], std::move(offsets),
                                                     std::move(indices), std::move(values)));
  return CsrMatrix(std::move(matrix));
}

template <class T>
double median(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Bench {
 public:
  Result<std::string> run(std::istream& line) {
    std::string command;
    line >> command;
    if (command == "load") {
      std::string path;
      line >> path;
      BASCULE_ASSIGN(matrix_, load(path));
      BASCULE_ASSIGN(auto index, NeighborIndex::build(matrix_.view(), PointAxis::kMinors));
      index_ = std::make_unique<NeighborIndex>(std::move(index));
      return fmt::format("{} {} {}", matrix_.rows(), matrix_.cols(), matrix_.nonzeros());
    }
    if (command == "all") return all(line);
    if (command == "save") return save(line);
    if (command == "query") return queries(line);
    if (command == "dense") return dense(line);
    return Error{Code::kUsage, "unknown command " + command};
  }

 private:
  ThreadPool& pool(int threads) {
    if (!pool_ || pool_->threads() != threads) pool_ = std::make_unique<ThreadPool>(threads);
    return *pool_;
  }

  Result<std::string> all(std::istream& line) {
    int k = 0, threads = 0;
    line >> k >> threads;
    Stopwatch watch;
    BASCULE_ASSIGN(const auto index, NeighborIndex::build(matrix_.view(), PointAxis::kMinors));
    const double build = watch.restart();
    BASCULE_ASSIGN(const auto lists, all_neighbors(index, k, pool(threads)));
    const double search = watch.seconds();
    return fmt::format("{:.9f} {:.9f}", build, search);
  }

  Result<std::string> save(std::istream& line) {
    int k = 0, threads = 0;
    std::string path;
    line >> k >> threads >> path;
    BASCULE_ASSIGN(const auto lists, all_neighbors(*index_, k, pool(threads)));
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(lists.ids.data()),
               static_cast<std::streamsize>(lists.ids.size() * sizeof(std::int32_t)));
    file.write(reinterpret_cast<const char*>(lists.scores.data()),
               static_cast<std::streamsize>(lists.scores.size() * sizeof(float)));
    if (!file.flush()) return Error{Code::kFailed, path + ": cannot write"};
    return std::to_string(lists.points);
  }

  Result<std::string> queries(std::istream& line) {
    int k = 0, repeats = 0;
    line >> k >> repeats;
    NeighborScratch scratch(*index_);
    std::string answer;
    for (std::int32_t item = 0; line >> item;) {
      std::vector<double> seconds;
      for (int r = 0; r < repeats; ++r) {
        const Stopwatch watch;
        const auto found = query(*index_, item, k, false, scratch);
        seconds.push_back(watch.seconds());
      }
      answer += fmt::format("{:.9f} ", median(seconds));
    }
    return answer;
  }

  Result<std::string> dense(std::istream& line) {
    int k = 0, repeats = 0, threads = 0;
    line >> k >> repeats >> threads;
    const Stopwatch build;
    BASCULE_ASSIGN(const auto matrix,
                   dense_matrix(matrix_.view(), PointAxis::kMinors, pool(threads)));
    std::string answer = fmt::format("{:.9f} ", build.seconds());
    for (std::int32_t item = 0; line >> item;) {
      std::vector<double> seconds;
      const auto row =
          matrix.values.span().subspan(static_cast<std::size_t>(item * matrix.features),
                                       static_cast<std::size_t>(matrix.features));
      for (int r = 0; r < repeats; ++r) {
        const Stopwatch watch;
        const auto found = dense_query(matrix, row, k, item, pool(threads));
        seconds.push_back(watch.seconds());
      }
      answer += fmt::format("{:.9f} ", median(seconds));
    }
    return answer;
  }

  CsrMatrix matrix_;
  std::unique_ptr<NeighborIndex> index_;
  std::unique_ptr<ThreadPool> pool_;
};

}  // namespace
}  // namespace bascule

int main() {
  bascule::Bench bench;
  return bascule::drive([&](std::istream& words) { return bench.run(words); });
}
