#include "devices/cuda/inverse.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

namespace bascule::cuda {
namespace {

constexpr std::int64_t kFloat = sizeof(float);

std::int64_t elements(std::int64_t order) {
  return order * SymmetricMatrix::stride_for(order);
}

}  // namespace

template <class... Parameters, class... Arguments>
Status Inverter::call(const Entry<int(Parameters...)>& entry, Arguments... arguments) {
  Queue& queue = *session_.queue;
  if (!queue.enter()) return queue.status();
  const int result = entry.function(arguments...);
  if (result == kSolverSuccess) return {};
  return {Code::kFailed, fmt::format("{}: {}", queue.name(), describe_solver(entry.name, result))};
}

Result<std::unique_ptr<Inverter>> Inverter::make(const Session& session, const SolverTable& table) {
  std::unique_ptr<Inverter> inverter(new Inverter(session, table));
  SolverHandle handle = nullptr;
  BASCULE_TRY(inverter->call(table.create, &handle));
  inverter->handle_ = {table, handle};
  BASCULE_TRY(inverter->call(table.set_stream, handle, session.queue->stream()));
  BASCULE_ASSIGN(inverter->info_, Values<std::int32_t>::make(session, 1));
  return inverter;
}

/// Floats that either step wants.
Result<int> Inverter::workspace(std::int64_t order) {
  // It counts in ints.
  if (elements(order) > std::numeric_limits<int>::max())
    return Error{Code::kFailed,
                 fmt::format("{}: cuSOLVER inverts no matrix of {} rows: that is more than 2^31 "
                             "elements",
                             session_.queue->name(), order)};
  const auto n = static_cast<int>(order),
             stride = static_cast<int>(SymmetricMatrix::stride_for(order));
  int most = 0;
  for (const auto* entry : {&table_->factor_size, &table_->inverse_size}) {
    int floats = 0;
    // The matrix is not looked at, but must have an address.
    auto* address = reinterpret_cast<float*>(info_.data());
    BASCULE_TRY(call(*entry, handle_.get(), kUpperTriangle, n, address, stride, &floats));
    most = std::max(most, floats);
  }
  return most;
}

Result<std::int64_t> Inverter::bytes(std::int64_t order) {
  BASCULE_ASSIGN(const int floats, workspace(order));
  return Arena::block_bytes(elements(order) * kFloat) + Arena::block_bytes(floats * kFloat);
}

Status Inverter::run(const Entry<SolverTable::Run>& entry, float* matrix, int order, int stride,
                     const Values<float>& workspace, int floats) {
  BASCULE_TRY(call(entry, handle_.get(), kUpperTriangle, order, matrix, stride, workspace.data(),
                   floats, info_.data()));
  std::array<std::int32_t, 1> info = {};
  info_.read(session_, info);
  BASCULE_TRY(session_.synchronize());
  if (info[0] > 0)
    return {Code::kFailed, "the matrix is not positive definite in single precision"};
  if (info[0] < 0)
    return {Code::kFailed, fmt::format("{}: {}: argument {} is wrong", session_.queue->name(),
                                       entry.name, -info[0])};
  return {};
}

Status Inverter::invert(SymmetricMatrix& matrix, StageTimes& times) {
  if (matrix.order() == 0) return {};
  Stopwatch watch;
  BASCULE_ASSIGN(const int floats, workspace(matrix.order()));
  BASCULE_ASSIGN(const std::int64_t wanted, bytes(matrix.order()));
  BASCULE_TRY(session_.arena->require(wanted));
  BASCULE_ASSIGN(const auto work, Values<float>::make(session_, floats));
  const auto count = static_cast<std::size_t>(elements(matrix.order()));
  BASCULE_ASSIGN(const auto values,
                 Values<float>::copy(session_, std::span<const float>(matrix.row(0), count)));
  BASCULE_TRY(session_.synchronize());
  times.emplace_back("transfer", watch.restart());
  const auto n = static_cast<int>(matrix.order()), stride = static_cast<int>(matrix.stride());
  for (const auto* entry : {&table_->factor, &table_->inverse})
    BASCULE_TRY(run(*entry, values.data(), n, stride, work, floats));
  times.emplace_back("inverse", watch.restart());
  values.read(session_, std::span(matrix.row(0), count));
  BASCULE_TRY(session_.synchronize());
  times.emplace_back("transfer_back", watch.seconds());
  return {};
}

}  // namespace bascule::cuda
