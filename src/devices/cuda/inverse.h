#pragma once
// The inverse of a positive definite matrix on the GPU: cuSOLVER's Cholesky factor, and the inverse
// from it in the same place.
#include <memory>

#include <bascule/devices/inverts.h>

#include "devices/cuda/handles.h"
#include "devices/cuda/session.h"
#include "devices/cuda/solver_table.h"

namespace bascule::cuda {

class Inverter {
 public:
  /// A handle of the library in the session's stream. kFailed when it is not to be had.
  static Result<std::unique_ptr<Inverter>> make(const Session& session, const SolverTable& table);
  ~Inverter() { session_.queue->drain(); }
  Inverter(const Inverter&) = delete;
  Inverter& operator=(const Inverter&) = delete;

  /// See Inverts.
  Result<std::int64_t> bytes(std::int64_t order);
  Status invert(SymmetricMatrix& matrix, StageTimes& times);

 private:
  Inverter(const Session& session, const SolverTable& table) : session_(session), table_(&table) {}
  template <class... Parameters, class... Arguments>
  Status call(const Entry<int(Parameters...)>& entry, Arguments... arguments);
  Result<int> workspace(std::int64_t order);
  Status run(const Entry<SolverTable::Run>& entry, float* matrix, int order, int stride,
             const Values<float>& workspace, int floats);

  Session session_;
  const SolverTable* table_;
  Owned<SolverTable, SolverHandle, &SolverTable::destroy> handle_;
  Values<std::int32_t> info_;
};

}  // namespace bascule::cuda
