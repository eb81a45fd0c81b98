#include "devices/cuda/elastic_net.h"

#include <algorithm>

#include "devices/cpu/elastic_net.h"

namespace bascule::cuda {
namespace {

/// Of all blocks that are launched at once.
constexpr std::int64_t kBytesAtOnce = std::int64_t{256} << 20;

/// Arrays with places for what columns have worked on.
constexpr std::int64_t kActiveArrays = 4;

std::int64_t most_active(std::int64_t columns) {
  return std::min(columns, kMostColumnWeights);
}

std::int64_t block_bytes(std::int64_t columns) {
  constexpr std::int64_t kGradientAndState = 5, kFound = 4;
  return kGradientAndState * columns + 4 * kActiveArrays * most_active(columns) + kFound;
}

std::int64_t blocks_at_once(std::int64_t columns) {
  return std::clamp<std::int64_t>(kBytesAtOnce / block_bytes(columns), 1,
                                  std::max<std::int64_t>(columns, 1));
}

/// Memory of so many blocks.
struct Work {
  Values<float> gradient, slopes, weights, spread;
  Values<std::uint8_t> state;
  Values<std::int32_t> active, found;

  static Result<Work> make(const Session& session, std::int64_t columns) {
    const std::int64_t blocks = blocks_at_once(columns), places = blocks * most_active(columns);
    Work work;
    BASCULE_ASSIGN(work.gradient, Values<float>::make(session, blocks * columns));
    BASCULE_ASSIGN(work.state, Values<std::uint8_t>::make(session, blocks * columns));
    BASCULE_ASSIGN(work.slopes, Values<float>::make(session, places));
    BASCULE_ASSIGN(work.weights, Values<float>::make(session, places));
    BASCULE_ASSIGN(work.spread, Values<float>::make(session, places));
    BASCULE_ASSIGN(work.active, Values<std::int32_t>::make(session, places));
    BASCULE_ASSIGN(work.found, Values<std::int32_t>::make(session, blocks));
    return work;
  }
  void lend(ElasticNetArguments& a) const {
    a.gradient = gradient.data();
    a.state = state.data();
    a.active = active.data();
    a.slopes = slopes.data();
    a.weights = weights.data();
    a.spread = spread.data();
    a.found = found.data();
  }
};

}  // namespace

std::int64_t elastic_net_bytes(std::int64_t columns) {
  const std::int64_t floats = columns * (SymmetricMatrix::stride_for(columns) + 1);
  return std::int64_t{sizeof(float)} * floats + blocks_at_once(columns) * block_bytes(columns);
}

Result<std::vector<std::vector<ColumnWeight>>> elastic_net(const Session& session,
                                                           const SymmetricMatrix& gram,
                                                           const ElasticNet& problem,
                                                           ThreadPool& pool, StageTimes& times) {
  Stopwatch watch;
  const std::int64_t n = gram.order();
  std::vector<std::vector<ColumnWeight>> columns(static_cast<std::size_t>(n));
  if (n == 0) return columns;
  BASCULE_ASSIGN(const detail::ElasticNetData data, detail::elastic_net_data(gram, pool));
  BASCULE_ASSIGN(const auto solve, session.kernels->find(ids::elastic_net));
  BASCULE_TRY(session.arena->require(elastic_net_bytes(n)));
  BASCULE_ASSIGN(const auto products, Values<float>::copy(session, gram.values()));
  BASCULE_ASSIGN(const auto squares, Values<float>::copy(session, data.squares));
  BASCULE_ASSIGN(const Work work, Work::make(session, n));
  BASCULE_TRY(session.synchronize());
  times.emplace_back("transfer", watch.restart());
  ElasticNetArguments a;
  work.lend(a);
  a.gram = products.data();
  a.squares = squares.data();
  a.stride = gram.stride();
  a.columns = static_cast<std::int32_t>(n);
  a.most = static_cast<std::int32_t>(most_active(n));
  a.candidates = problem.candidates;
  a.iterations = problem.iterations;
  a.first_coordinates = detail::kFirstCoordinates;
  a.least = data.least(problem);
  a.l1 = problem.l1;
  a.l2 = problem.l2;
  a.tolerance = problem.tolerance;
  const std::int64_t at_once = blocks_at_once(n);
  std::vector<std::int32_t> found, active;
  std::vector<float> weights;
  for (std::int64_t first = 0; first < n; first += at_once) {
    const std::int64_t blocks = std::min(at_once, n - first);
    a.first = static_cast<std::int32_t>(first);
    solve(blocks, a);
    found.resize(static_cast<std::size_t>(blocks));
    active.resize(static_cast<std::size_t>(blocks * a.most));
    weights.resize(active.size());
    work.found.read(session, found);
    work.active.read(session, active);
    work.weights.read(session, weights);
    BASCULE_TRY(session.synchronize());
    for (std::int64_t block = 0; block < blocks; ++block) {
      auto& column = columns[static_cast<std::size_t>(first + block)];
      const std::int64_t begin = block * a.most;
      for (std::int64_t at = begin; at < begin + found[static_cast<std::size_t>(block)]; ++at) {
        const auto place = static_cast<std::size_t>(at);
        if (weights[place] > 0) column.push_back({active[place], weights[place]});
      }
      std::sort(column.begin(), column.end(),
                [](const ColumnWeight& l, const ColumnWeight& r) { return l.column < r.column; });
    }
  }
  times.emplace_back("weights", watch.seconds());
  return columns;
}

}  // namespace bascule::cuda
