#include "devices/cpu/elastic_net.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include <fmt/format.h>

#include <bascule/devices/elastic_net.h>

#include "devices/cpu/flush_denormals.h"
#include "devices/cpu/vector_kernels.h"

namespace bascule {
namespace {

constexpr std::int64_t kColumnsPerChunk = 8;
/// Sums of squares above it leave no room for products.
constexpr float kMostSquares = 1e30F;

struct Problem {
  const SymmetricMatrix& gram;
  const ElasticNet& options;
  const std::vector<float>& squares;
  float least;  ///< of products that make candidates
};

/// A coordinate, and what a step along it would lessen the sum by.
struct Gain {
  float gain;
  std::int32_t column;
};

bool is_larger(const Gain& a, const Gain& b) {
  return a.gain != b.gain ? a.gain > b.gain : a.column < b.column;
}

/// Solves for one column after another; keeps its working memory. Coordinates are worked on when
/// they are the most promising of those that would move, few at first. Their part of the matrix is
/// copied, so that a step reads a short row that stays in the cache; all others learn of the steps
/// when these have come to rest.
class ColumnSolver {
 public:
  explicit ColumnSolver(const Problem& problem)
      : problem_(problem),
        most_(std::min(std::ssize(problem.squares), kMostColumnWeights)),
        gradient_(problem.squares.size()),
        active_(problem.squares.size(), 0),
        stride_(SymmetricMatrix::stride_for(most_)),
        products_(new float[static_cast<std::size_t>(most_ * stride_)]) {}

  std::vector<ColumnWeight> solve(std::int64_t column) {
    find_candidates(column);
    reach_ = candidates_.empty() ? 0 : candidates_.back() + 1;
    std::copy_n(problem_.gram.row(column), reach_, gradient_.begin());
    passes_ = problem_.options.iterations;
    while (passes_ > 0 && add_promising()) {
      descend();
      spread();
    }
    return take_weights();
  }

 private:
  void find_candidates(std::int64_t column) {
    const float* products = problem_.gram.row(column);
    candidates_.clear();
    for (std::size_t k = 0; k < problem_.squares.size(); ++k) {
      if (products[k] > problem_.least && problem_.squares[k] > 0)
        candidates_.push_back(static_cast<std::int32_t>(k));
    }
    std::erase(candidates_, static_cast<std::int32_t>(column));
    const std::int64_t most = problem_.options.candidates;
    if (most == 0 || most >= std::ssize(candidates_)) return;
    gains_.clear();
    for (const std::int32_t k : candidates_)
      gains_.push_back({products[k] / std::sqrt(problem_.squares[static_cast<std::size_t>(k)]), k});
    keep_largest(most);
    candidates_.clear();
    for (const Gain& gain : gains_) candidates_.push_back(gain.column);
  }

  /// The largest of gains_, by column.
  void keep_largest(std::int64_t count) {
    if (count < std::ssize(gains_)) {
      std::nth_element(gains_.begin(), gains_.begin() + count, gains_.end(), is_larger);
      gains_.resize(static_cast<std::size_t>(count));
    }
    std::sort(gains_.begin(), gains_.end(),
              [](const Gain& a, const Gain& b) { return a.column < b.column; });
  }

  /// The best weight of a column while all others stay as they are.
  [[nodiscard]] float best(float gradient, float weight, float square) const {
    const ElasticNet& options = problem_.options;
    return std::max((gradient + square * weight - options.l1) / (square + options.l2), 0.0F);
  }

  /// Adds to the active coordinates; false when no other would move, or there is no room.
  bool add_promising() {
    gains_.clear();
    for (const std::int32_t k : candidates_) {
      const auto at = static_cast<std::size_t>(k);
      if (active_[at] != 0) continue;
      const float square = problem_.squares[at];
      const float move = best(gradient_[at], 0, square);
      if (move > problem_.options.tolerance)
        gains_.push_back({move * move * (square + problem_.options.l2), k});
    }
    const std::int64_t old = std::ssize(columns_);
    keep_largest(std::min(std::max<std::int64_t>(old, detail::kFirstCoordinates), most_ - old));
    for (const Gain& gain : gains_) add(gain.column);
    return !gains_.empty();
  }

  void add(std::int32_t column) {
    const float* row = problem_.gram.row(column);
    active_[static_cast<std::size_t>(column)] = 1;
    columns_.push_back(column);
    slopes_.push_back(gradient_[static_cast<std::size_t>(column)]);
    weights_.push_back(0);
    spread_.push_back(0);
    const std::int64_t last = std::ssize(columns_) - 1;
    for (std::int64_t b = 0; b <= last; ++b) {
      const float product = row[columns_[static_cast<std::size_t>(b)]];
      products_[static_cast<std::size_t>(last * stride_ + b)] = product;
      products_[static_cast<std::size_t>(b * stride_ + last)] = product;
    }
  }

  void descend() {
    const std::int64_t n = std::ssize(columns_);
    const auto add = detail::vector_kernels().add_scaled;
    float longest = std::numeric_limits<float>::infinity();
    for (; passes_ > 0 && longest > problem_.options.tolerance; --passes_) {
      longest = 0;
      for (std::int64_t a = 0; a < n; ++a) {
        const float* row = &products_[static_cast<std::size_t>(a * stride_)];
        float& weight = weights_[static_cast<std::size_t>(a)];
        const float before = weight;
        weight = best(slopes_[static_cast<std::size_t>(a)], before, row[a]);
        if (weight == before) continue;
        add(row, before - weight, slopes_.data(), n);
        longest = std::max(longest, std::abs(weight - before));
      }
    }
  }

  /// The steps since the last time into the gradient of all.
  void spread() {
    const auto add = detail::vector_kernels().add_scaled;
    for (std::size_t a = 0; a < columns_.size(); ++a) {
      if (spread_[a] == weights_[a]) continue;
      add(problem_.gram.row(columns_[a]), spread_[a] - weights_[a], gradient_.data(), reach_);
      spread_[a] = weights_[a];
    }
  }

  std::vector<ColumnWeight> take_weights() {
    std::vector<ColumnWeight> found;
    for (std::size_t a = 0; a < columns_.size(); ++a) {
      active_[static_cast<std::size_t>(columns_[a])] = 0;
      if (weights_[a] > 0) found.push_back({columns_[a], weights_[a]});
    }
    std::sort(found.begin(), found.end(),
              [](const ColumnWeight& a, const ColumnWeight& b) { return a.column < b.column; });
    for (auto* values : {&slopes_, &weights_, &spread_}) values->clear();
    columns_.clear();
    return found;
  }

  const Problem& problem_;
  const std::int64_t most_;      // active coordinates
  std::vector<float> gradient_;  // x_kᵀ(x_j − X w) by column k, up to the last candidate
  std::vector<char> active_;     // by column
  std::vector<std::int32_t> candidates_;
  std::vector<Gain> gains_;
  std::int64_t reach_ = 0;
  std::int32_t passes_ = 0;
  // Of the active coordinates, in the order in which they were added: their columns, gradients,
  // weights, weights as the gradient of all knows them, and products, in rows.
  std::vector<std::int32_t> columns_;
  std::vector<float> slopes_, weights_, spread_;
  const std::int64_t stride_;
  std::unique_ptr<float[]> products_;
};

bool no_negatives(const SymmetricMatrix& gram, ThreadPool& pool) {
  const Chunks chunks{gram.order(), kColumnsPerChunk};
  std::vector<char> none(static_cast<std::size_t>(chunks.chunks()), 0);
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    const float* begin = gram.row(chunks.begin(chunk));
    const float* end = begin + (chunks.end(chunk) - chunks.begin(chunk)) * gram.stride();
    none[static_cast<std::size_t>(chunk)] =
        std::none_of(begin, end, [](float product) { return product < 0; });
  });
  return std::find(none.begin(), none.end(), 0) == none.end();
}

}  // namespace

namespace detail {

float ElasticNetData::least(const ElasticNet& problem) const {
  return screens ? problem.l1 : -std::numeric_limits<float>::infinity();
}

Result<ElasticNetData> elastic_net_data(const SymmetricMatrix& gram, ThreadPool& pool) {
  ElasticNetData data{{}, no_negatives(gram, pool)};
  for (std::int64_t k = 0; k < gram.order(); ++k) {
    const float square = gram.row(k)[k];
    if (!(square <= kMostSquares))
      return Error{Code::kBadData,
                   fmt::format("a sum of squares of {:g} is out of the range of least squares (up "
                               "to {:g})",
                               square, kMostSquares)};
    data.squares.push_back(square);
  }
  return data;
}

}  // namespace detail

Result<std::vector<std::vector<ColumnWeight>>> elastic_net(const SymmetricMatrix& gram,
                                                           const ElasticNet& options,
                                                           ThreadPool& pool) {
  BASCULE_ASSIGN(const detail::ElasticNetData data, detail::elastic_net_data(gram, pool));
  const Problem problem{gram, options, data.squares, data.least(options)};
  std::vector<std::vector<ColumnWeight>> found(data.squares.size());
  std::vector<std::unique_ptr<ColumnSolver>> solvers(static_cast<std::size_t>(pool.threads()));
  const Chunks chunks{gram.order(), kColumnsPerChunk};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    const detail::FlushDenormals flush;
    auto& solver = solvers[static_cast<std::size_t>(thread)];
    if (!solver) solver = std::make_unique<ColumnSolver>(problem);
    for (std::int64_t j = chunks.begin(chunk); j < chunks.end(chunk); ++j)
      found[static_cast<std::size_t>(j)] = solver->solve(j);
  });
  return found;
}

std::int64_t elastic_net_bytes(std::int64_t columns, int threads) {
  constexpr std::int64_t kPerColumn = 32, kFloat = 4;
  const std::int64_t active = std::min(columns, kMostColumnWeights);
  return threads * (kPerColumn * columns + kFloat * active * SymmetricMatrix::stride_for(active));
}

}  // namespace bascule
