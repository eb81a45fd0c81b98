#include "devices/cuda/tops.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace bascule::cuda {
namespace {

constexpr std::int64_t kBytesAtOnce = std::int64_t{256} << 20;

std::int32_t ceil_div(std::int32_t a, std::int32_t b) {
  return a / b + (a % b > 0 ? 1 : 0);
}

Error failed(const Queue& queue, const char* call, int result) {
  return {Code::kFailed,
          fmt::format("{}: {}", queue.name(), describe(queue.driver(), call, result))};
}

Result<OwnedEvent> timed_event(Queue& queue) {
  const Driver& driver = queue.driver();
  EventHandle event = nullptr;
  const int result = queue.attempt(driver.event_create, &event, kEventWithTiming);
  if (result != kSuccess) return failed(queue, driver.event_create.name, result);
  return OwnedEvent(driver, event);
}

}  // namespace

Neighbor candidate_of(std::uint64_t key) {
  const auto ordered = static_cast<std::uint32_t>(key >> 32);
  const std::uint32_t bits = (ordered >> 31) != 0 ? ordered & 0x7FFFFFFFU : ~ordered;
  return {static_cast<std::int32_t>(~static_cast<std::uint32_t>(key)), std::bit_cast<float>(bits)};
}

std::vector<Neighbor> neighbors_of(std::span<const std::uint64_t> keys) {
  std::vector<Neighbor> found;
  for (const std::uint64_t key : keys) {
    if (key == 0) break;
    found.push_back(candidate_of(key));
  }
  return found;
}

Result<NeighborLists> empty_lists(std::int64_t points, std::int32_t k) {
  NeighborLists lists{points, k, {}, {}};
  try {
    lists.ids.assign(static_cast<std::size_t>(points * k), -1);
    lists.scores.resize(lists.ids.size());
  } catch (const std::exception&) {
    return Error{Code::kFailed,
                 fmt::format("not enough memory for the best {} of {} lines", k, points)};
  }
  return lists;
}

void put_list(std::span<const std::uint64_t> keys, std::int64_t point, NeighborLists& lists) {
  auto slot = static_cast<std::size_t>(point * lists.k);
  for (const std::uint64_t key : keys) {
    if (key == 0) break;
    const Neighbor found = candidate_of(key);
    lists.ids[slot] = found.id;
    lists.scores[slot++] = found.score;
  }
}

Result<Tops> Tops::make(const Session& session) {
  BASCULE_ASSIGN(auto merge, session.kernels->find(ids::merge_tops));
  BASCULE_ASSIGN(OwnedEvent start, timed_event(*session.queue));
  BASCULE_ASSIGN(OwnedEvent stop, timed_event(*session.queue));
  return Tops(session, std::move(merge), std::move(start), std::move(stop));
}

void Tops::start_clock() const {
  Queue& queue = *session_.queue;
  queue.run(queue.driver().event_record, start_.get(), queue.stream());
}

Result<double> Tops::seconds() const {
  Queue& queue = *session_.queue;
  float milliseconds = 0;
  const Driver& driver = queue.driver();
  const int result = queue.attempt(driver.event_elapsed, &milliseconds, start_.get(), stop_.get());
  if (result != kSuccess) return failed(queue, driver.event_elapsed.name, result);
  return double{milliseconds} * 1e-3;
}

Tops::Form Tops::form(std::int32_t candidates, std::int32_t k) {
  Form form{};
  form.tiles = ceil_div(candidates, kTopTile);
  form.k = std::min(candidates, k);
  form.width = std::min(form.k, kTopTile);
  return form;
}

std::int64_t Tops::lines_at_once(const Form& form, std::int64_t lines) {
  const std::int64_t bytes = std::int64_t{8} * form.tiles * form.width;
  return std::clamp<std::int64_t>(kBytesAtOnce / std::max<std::int64_t>(bytes, 1), 1,
                                  std::max<std::int64_t>(lines, 1));
}

Result<std::vector<std::uint64_t>> Tops::run(
    std::int64_t lines, const Form& form, const std::function<void(std::uint64_t*)>& fill) const {
  BASCULE_ASSIGN(auto lists,
                 Values<std::uint64_t>::make(session_, lines * form.tiles * form.width));
  fill(lists.data());
  std::int32_t count = form.tiles, width = form.width;
  while (count > 1) {
    MergeArguments a;
    a.lists = lists.data();
    a.count = count;
    a.width = width;
    a.groups = ceil_div(count, kTopGroup);
    a.merged_width =
        static_cast<std::int32_t>(std::min<std::int64_t>(form.k, std::int64_t{width} * kTopGroup));
    BASCULE_ASSIGN(auto merged,
                   Values<std::uint64_t>::make(session_, lines * a.groups * a.merged_width));
    a.merged = merged.data();
    merge_(lines * a.groups, a);
    lists = std::move(merged);
    count = a.groups;
    width = a.merged_width;
  }
  session_.queue->run(session_.queue->driver().event_record, stop_.get(), session_.queue->stream());
  std::vector<std::uint64_t> keys(static_cast<std::size_t>(lines * form.k));
  lists.read(session_, keys);
  BASCULE_TRY(session_.synchronize());
  return keys;
}

}  // namespace bascule::cuda
