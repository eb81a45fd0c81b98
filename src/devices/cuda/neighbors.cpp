// Neighbours on the GPU: the index of the CPU copied there, a block per line and tile of points.
#include "devices/cuda/neighbors.h"

#include <algorithm>

#include <fmt/format.h>

#include <bascule/devices/query_clock.h>

#include "devices/cpu/neighbors_line.h"
#include "devices/cuda/tops.h"

namespace bascule::cuda {
namespace {

NeighborForm form_of(detail::ScoreForm form) {
  switch (form) {
    case detail::ScoreForm::kScale:
      return NeighborForm::kScale;
    case detail::ScoreForm::kDivide:
      return NeighborForm::kDivide;
    case detail::ScoreForm::kUnion:
      return NeighborForm::kUnion;
  }
  return NeighborForm::kScale;
}

/// What a query needs of the index on the host: all but the non-zeros.
detail::NeighborData without_nonzeros(const detail::NeighborData& data) {
  detail::NeighborData host;
  host.options = data.options;
  host.points = data.points;
  host.features = data.features;
  host.form = data.form;
  host.binary = data.binary;
  host.id_of = data.id_of;
  host.rank_of = data.rank_of;
  host.feature_mean = data.feature_mean;
  return host;
}

class CudaNeighbors final : public NeighborSearch, public ClocksQueries {
 public:
  CudaNeighbors(const Session& session, const detail::NeighborData& data, Tops tops,
                Launcher<NeighborArguments> search)
      : session_(session),
        host_(without_nonzeros(data)),
        tops_(std::move(tops)),
        search_(std::move(search)) {}

  Status place(const detail::NeighborData& data) {
    const std::span<const float> left(data.left), right(data.right);
    const auto points = static_cast<std::size_t>(data.points);
    const auto blocks = [](const auto&... arrays) {
      return (Arena::block_bytes(static_cast<std::int64_t>(arrays.size() * sizeof(arrays[0]))) +
              ...);
    };
    BASCULE_TRY(session_.arena->require(blocks(data.row_begin, data.row_feature, data.row_value,
                                               data.list_begin, data.list_rank, data.list_value,
                                               data.left, data.right, data.id_of)));
    BASCULE_ASSIGN(row_begin_, Values<std::int64_t>::copy(session_, data.row_begin));
    BASCULE_ASSIGN(row_feature_, Values<std::int32_t>::copy(session_, data.row_feature));
    BASCULE_ASSIGN(row_value_, Values<float>::copy(session_, data.row_value));
    BASCULE_ASSIGN(list_begin_, Values<std::int64_t>::copy(session_, data.list_begin));
    BASCULE_ASSIGN(list_rank_, Values<std::int32_t>::copy(session_, data.list_rank));
    BASCULE_ASSIGN(list_value_, Values<float>::copy(session_, data.list_value));
    BASCULE_ASSIGN(left_, Values<float>::copy(session_, left.first(points)));
    BASCULE_ASSIGN(right_, Values<float>::copy(session_, right.first(points)));
    BASCULE_ASSIGN(id_of_, Values<std::int32_t>::copy(session_, data.id_of));
    return session_.synchronize();
  }

  [[nodiscard]] Result<NeighborLists> all(std::int32_t k) override {
    if (k < 1) return Error{Code::kUsage, fmt::format("{} neighbours asked for", k)};
    BASCULE_ASSIGN(NeighborLists lists, empty_lists(host_.points, k));
    const Tops::Form form = Tops::form(host_.points, k);
    const std::int64_t at_once = Tops::lines_at_once(form, lists.points);
    NeighborArguments a = arguments(form);
    for (a.first = 0; a.first < lists.points; a.first += at_once) {
      const std::int64_t lines = std::min(at_once, lists.points - a.first);
      BASCULE_ASSIGN(const auto keys, search(a, lines, form));
      const auto slots = static_cast<std::size_t>(form.k);
      for (std::int64_t line = 0; line < lines; ++line)
        put_list(std::span(keys).subspan(static_cast<std::size_t>(line) * slots, slots),
                 host_.id_of[static_cast<std::size_t>(a.first + line)], lists);
    }
    return lists;
  }

  [[nodiscard]] Result<std::vector<Neighbor>> query(std::int32_t point, std::int32_t k,
                                                    bool include_self) override {
    if (point < 0 || point >= host_.points || k < 1) return std::vector<Neighbor>();
    const Tops::Form form = Tops::form(host_.points, k);
    NeighborArguments a = arguments(form);
    a.first = host_.rank_of[point];
    a.exclude_self = !include_self;
    BASCULE_ASSIGN(const auto keys, search(a, 1, form));
    return neighbors_of(keys);
  }

  [[nodiscard]] Result<std::vector<std::vector<Neighbor>>> query_each(
      std::span<const SparseLine> vectors, std::int32_t k,
      std::span<const std::int32_t> exclude) override {
    if (vectors.size() != exclude.size())
      return Error{Code::kUsage,
                   fmt::format("{} points to exclude, {} vectors", exclude.size(), vectors.size())};
    std::vector<std::vector<Neighbor>> found(vectors.size());
    if (host_.points == 0 || k < 1) return found;
    const Tops::Form form = Tops::form(host_.points, k);
    const auto at_once = static_cast<std::size_t>(Tops::lines_at_once(form, std::ssize(vectors)));
    for (std::size_t first = 0; first < vectors.size(); first += at_once) {
      const std::size_t lines = std::min(at_once, vectors.size() - first);
      BASCULE_ASSIGN(const Lines placed,
                     place_lines(vectors.subspan(first, lines), exclude.subspan(first, lines)));
      NeighborArguments a = arguments(form);
      a.line_begin = placed.begin.data();
      a.line_feature = placed.feature.data();
      a.line_value = placed.value.data();
      a.line_left = placed.left.data();
      a.line_excluded = placed.excluded.data();
      BASCULE_ASSIGN(const auto keys, search(a, static_cast<std::int64_t>(lines), form));
      const auto slots = static_cast<std::size_t>(form.k);
      for (std::size_t line = 0; line < lines; ++line)
        found[first + line] = neighbors_of(std::span(keys).subspan(line * slots, slots));
    }
    return found;
  }
  [[nodiscard]] Result<double> device_seconds() const override { return tops_.seconds(); }

 private:
  /// Vectors from outside.
  struct Lines {
    Values<std::int64_t> begin;
    Values<std::int32_t> feature, excluded;
    Values<float> value, left;
  };
  [[nodiscard]] Result<Lines> place_lines(std::span<const SparseLine> vectors,
                                          std::span<const std::int32_t> exclude) const {
    std::vector<std::int64_t> begin = {0};
    std::vector<std::int32_t> feature, excluded;
    std::vector<float> value, left;
    for (std::size_t v = 0; v < vectors.size(); ++v) {
      const detail::QueryLine line = detail::query_line(host_, vectors[v], exclude[v]);
      feature.insert(feature.end(), line.features.begin(), line.features.end());
      value.insert(value.end(), line.values.begin(), line.values.end());
      begin.push_back(std::ssize(feature));
      left.push_back(line.left);
      excluded.push_back(line.excluded);
    }
    Lines lines;
    BASCULE_ASSIGN(lines.begin, Values<std::int64_t>::copy(session_, begin));
    BASCULE_ASSIGN(lines.feature, Values<std::int32_t>::copy(session_, feature));
    BASCULE_ASSIGN(lines.value, Values<float>::copy(session_, value));
    BASCULE_ASSIGN(lines.left, Values<float>::copy(session_, left));
    BASCULE_ASSIGN(lines.excluded, Values<std::int32_t>::copy(session_, excluded));
    return lines;
  }
  [[nodiscard]] NeighborArguments arguments(const Tops::Form& form) const {
    NeighborArguments a;
    a.line_begin = row_begin_.data();
    a.line_feature = row_feature_.data();
    a.line_value = row_value_.data();
    a.line_left = left_.data();
    a.list_begin = list_begin_.data();
    a.list_rank = list_rank_.data();
    a.list_value = list_value_.data();
    a.right = right_.data();
    a.id_of = id_of_.data();
    a.points = host_.points;
    a.tiles = form.tiles;
    a.width = form.width;
    a.form = form_of(host_.form);
    a.shrinkage = host_.options.shrinkage;
    a.least = detail::kSmallest;
    return a;
  }
  [[nodiscard]] Result<std::vector<std::uint64_t>> search(NeighborArguments a, std::int64_t lines,
                                                          const Tops::Form& form) const {
    tops_.start_clock();
    return tops_.run(lines, form, [&](std::uint64_t* lists) {
      a.lists = lists;
      search_(lines * form.tiles, a);
    });
  }
  Session session_;
  detail::NeighborData host_;
  Tops tops_;
  Launcher<NeighborArguments> search_;
  Values<std::int64_t> row_begin_, list_begin_;
  Values<std::int32_t> row_feature_, list_rank_, id_of_;
  Values<float> row_value_, list_value_, left_, right_;
};

}  // namespace

Result<std::unique_ptr<NeighborSearch>> place_neighbors(const Session& session,
                                                        const NeighborIndex& index) {
  BASCULE_ASSIGN(Tops tops, Tops::make(session));
  BASCULE_ASSIGN(auto search, session.kernels->find(ids::neighbor_tops));
  auto placed =
      std::make_unique<CudaNeighbors>(session, index.data(), std::move(tops), std::move(search));
  BASCULE_TRY(placed->place(index.data()));
  return std::unique_ptr<NeighborSearch>(std::move(placed));
}

}  // namespace bascule::cuda
