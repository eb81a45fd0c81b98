// Neighbours on the GPU: the index of the CPU copied there, a block per line and tile of points.
#include "devices/cuda/neighbors.h"

#include <algorithm>

#include <fmt/format.h>

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

class CudaNeighbors final : public NeighborSearch {
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
    BASCULE_TRY(session_.arena->require(
        blocks(data.row_begin, data.row_feature, data.row_value, data.list_begin, data.list_rank,
               data.list_value, data.left, data.right, data.id_of)));
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
    NeighborLists lists;
    lists.points = host_.points;
    lists.k = k;
    try {
      lists.ids.assign(static_cast<std::size_t>(lists.points * k), -1);
      lists.scores.resize(lists.ids.size());
    } catch (const std::exception&) {
      return Error{Code::kFailed, fmt::format("not enough memory for {} neighbours of {} points", k,
                                              lists.points)};
    }
    const Tops::Form form = Tops::form(host_.points, k);
    const std::int64_t at_once = Tops::lines_at_once(form, lists.points);
    NeighborArguments a = arguments(form);
    for (a.first = 0; a.first < lists.points; a.first += at_once) {
      const std::int64_t lines = std::min(at_once, lists.points - a.first);
      BASCULE_ASSIGN(const auto keys, search(a, lines, form));
      for (std::int64_t line = 0; line < lines; ++line) {
        const std::int64_t to = std::int64_t{host_.id_of[a.first + line]} * k;
        for (std::int32_t slot = 0; slot < form.k; ++slot) {
          const std::uint64_t key = keys[static_cast<std::size_t>(line * form.k + slot)];
          if (key == 0) break;
          const Neighbor found = candidate_of(key);
          lists.ids[to + slot] = found.id;
          lists.scores[to + slot] = found.score;
        }
      }
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
    return best(a, form);
  }

  [[nodiscard]] Result<std::vector<Neighbor>> query(SparseLine vector, std::int32_t k,
                                                    std::int32_t exclude) override {
    if (host_.points == 0 || k < 1) return std::vector<Neighbor>();
    const detail::QueryLine line = detail::query_line(host_, vector, exclude);
    const std::vector<std::int64_t> begin = {0, std::ssize(line.features)};
    BASCULE_ASSIGN(const auto begins, Values<std::int64_t>::copy(session_, begin));
    BASCULE_ASSIGN(const auto features, Values<std::int32_t>::copy(session_, line.features));
    BASCULE_ASSIGN(const auto values, Values<float>::copy(session_, line.values));
    BASCULE_ASSIGN(const auto left, Values<float>::copy(session_, std::span(&line.left, 1)));
    BASCULE_ASSIGN(const auto excluded,
                   Values<std::int32_t>::copy(session_, std::span(&line.excluded, 1)));
    const Tops::Form form = Tops::form(host_.points, k);
    NeighborArguments a = arguments(form);
    a.line_begin = begins.data();
    a.line_feature = features.data();
    a.line_value = values.data();
    a.line_left = left.data();
    a.line_excluded = excluded.data();
    return best(a, form);
  }

 private:
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
    return tops_.run(lines, form, [&](std::uint64_t* lists) {
      a.lists = lists;
      search_(lines * form.tiles, a);
    });
  }
  [[nodiscard]] Result<std::vector<Neighbor>> best(const NeighborArguments& a,
                                                   const Tops::Form& form) const {
    BASCULE_ASSIGN(const auto keys, search(a, 1, form));
    return neighbors_of(keys);
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
  BASCULE_ASSIGN(auto search, session.library->find(ids::neighbor_tops));
  auto placed =
      std::make_unique<CudaNeighbors>(session, index.data(), std::move(tops), std::move(search));
  BASCULE_TRY(placed->place(index.data()));
  return std::unique_ptr<NeighborSearch>(std::move(placed));
}

}  // namespace bascule::cuda
