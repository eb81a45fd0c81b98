#include "devices/cuda/blas_lt.h"

#include <fmt/format.h>

namespace bascule::cuda {
namespace {

constexpr std::size_t kMajor = 10000, kMinor = 100;
constexpr int kLeast = 12, kMost = 13;

Result<BlasLt> load() {
  BASCULE_ASSIGN(const Library library, Library::open({"libcublasLt.so.13", "libcublasLt.so.12"}));
  BlasLt blas;
  BASCULE_TRY(library.fill(blas));
  const auto major = static_cast<int>(blas.version.function() / kMajor);
  BASCULE_TRY(check_major("cuBLASLt", major, kLeast, kMost));
  return blas;
}

}  // namespace

Result<const BlasLt*> system_blas_lt() {
  static const Result<BlasLt> blas = load();
  if (!blas.ok()) return blas.error();
  return &blas.value();
}

std::string version_text(const BlasLt& blas) {
  const std::size_t version = blas.version.function();
  return fmt::format("{}.{}.{}", version / kMajor, version % kMajor / kMinor, version % kMinor);
}

}  // namespace bascule::cuda
