#include "devices/cuda/solver_table.h"

#include <fmt/format.h>

namespace bascule::cuda {
namespace {

/// That of CUDA 12 and that of CUDA 13.
constexpr int kLeastMajor = 11, kMostMajor = 12;

Result<SolverTable> load() {
  BASCULE_ASSIGN(const Library library, Library::open({"libcusolver.so.12", "libcusolver.so.11"}));
  SolverTable table;
  BASCULE_TRY(library.fill(table));
  BASCULE_TRY(check_version(table));
  return table;
}

}  // namespace

Result<const SolverTable*> system_solver() {
  static const Result<SolverTable> table = load();
  if (!table.ok()) return table.error();
  return &table.value();
}

Status check_version(const SolverTable& table) {
  int major = 0;
  const int result = table.property.function(kMajorVersion, &major);
  if (result != kSolverSuccess)
    return {Code::kNoDevice, describe_solver(table.property.name, result)};
  return check_major("cuSOLVER", major, kLeastMajor, kMostMajor);
}

std::string describe_solver(const char* call, int result) {
  const char* name = nullptr;
  switch (result) {
    case 1:
      name = "not initialised (CUSOLVER_STATUS_NOT_INITIALIZED)";
      break;
    case 2:
      name = "out of memory (CUSOLVER_STATUS_ALLOC_FAILED)";
      break;
    case 3:
      name = "invalid value (CUSOLVER_STATUS_INVALID_VALUE)";
      break;
    case 4:
      name = "not for this GPU (CUSOLVER_STATUS_ARCH_MISMATCH)";
      break;
    case 6:
      name = "a kernel failed (CUSOLVER_STATUS_EXECUTION_FAILED)";
      break;
    case 7:
      name = "internal error (CUSOLVER_STATUS_INTERNAL_ERROR)";
      break;
    default:
      return fmt::format("{}: error {}", call, result);
  }
  return fmt::format("{}: {}", call, name);
}

}  // namespace bascule::cuda
