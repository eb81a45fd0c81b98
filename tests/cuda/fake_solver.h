#pragma once
// cuSOLVER without a GPU: plain loops in double precision over the memory of the fake driver.
#include <string>

#include "devices/cuda/solver_table.h"

namespace bascule::test {

/// One at a time, as the fake driver.
class FakeSolver {
 public:
  FakeSolver();
  ~FakeSolver();
  FakeSolver(const FakeSolver&) = delete;
  FakeSolver& operator=(const FakeSolver&) = delete;

  [[nodiscard]] const cuda::SolverTable& table() const { return table_; }
  /// For open_device().
  static Result<const cuda::SolverTable*> source();

  int major = 12;
  int fail_at = 0;  ///< the number of the call that fails, from 1 on; 0: none
  int status = 6;   ///< of that call
  int info = 0;     ///< what the matrix is said to be wrong with where it is right

  [[nodiscard]] int calls() const { return calls_; }
  /// The call that failed because of fail_at; empty while there was none.
  [[nodiscard]] const std::string& failed() const { return failed_; }
  [[nodiscard]] int handles() const { return handles_; }  ///< not destroyed yet

 private:
  friend struct FakeSolverFunctions;
  cuda::SolverTable table_;
  int calls_ = 0, handles_ = 0;
  std::string failed_;
};

}  // namespace bascule::test
