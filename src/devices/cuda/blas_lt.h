#pragma once
// cuBLASLt as a table (library.h), its types as the library's binary interface has them; a test
// compares them with cublasLt.h where there is one.
#include <cstddef>
#include <cstdint>

#include "devices/cuda/driver.h"

namespace bascule::cuda {

using BlasLtHandle = struct BlasLtTag*;
using BlasLtProduct = struct BlasLtProductTag*;
using BlasLtLayout = struct BlasLtLayoutTag*;
using BlasLtPreference = struct BlasLtPreferenceTag*;

struct BlasLtAlgorithm {
  std::uint64_t data[8] = {};
};
struct BlasLtHeuristic {
  BlasLtAlgorithm algorithm;
  std::size_t workspace = 0;
  int state = 0;
  float waves = 0;
  int reserved[4] = {};
};

inline constexpr int kBlasLtSuccess = 0, kBlasLtNotSupported = 15;
inline constexpr int kTypeF32 = 0, kTypeF16 = 2, kTypeBf16 = 14;  ///< cudaDataType
inline constexpr int kComputeF32 = 68;
inline constexpr int kProductTransposeA = 3, kProductTransposeB = 4, kProductEpilogue = 7,
                     kProductBias = 8;          ///< attributes of a product
inline constexpr std::int32_t kTransposed = 1;  ///< value of the first two
inline constexpr std::uint32_t kEpilogueNone = 1, kEpilogueRelu = 2, kEpilogueBias = 4;
inline constexpr int kPreferenceWorkspace = 1;

struct BlasLt {
  Entry<std::size_t()> version{"cublasLtGetVersion"};
  Entry<const char*(int)> status_name{"cublasLtGetStatusName"};
  Entry<const char*(int)> status_text{"cublasLtGetStatusString"};
  Entry<int(BlasLtHandle*)> create{"cublasLtCreate"};
  Entry<int(BlasLtHandle)> destroy{"cublasLtDestroy"};
  Entry<int(BlasLtProduct*, int, int)> product_create{"cublasLtMatmulDescCreate"};
  Entry<int(BlasLtProduct)> product_destroy{"cublasLtMatmulDescDestroy"};
  Entry<int(BlasLtProduct, int, const void*, std::size_t)> product_set{
      "cublasLtMatmulDescSetAttribute"};
  Entry<int(BlasLtLayout*, int, std::uint64_t, std::uint64_t, std::int64_t)> layout_create{
      "cublasLtMatrixLayoutCreate"};
  Entry<int(BlasLtLayout)> layout_destroy{"cublasLtMatrixLayoutDestroy"};
  Entry<int(BlasLtPreference*)> preference_create{"cublasLtMatmulPreferenceCreate"};
  Entry<int(BlasLtPreference)> preference_destroy{"cublasLtMatmulPreferenceDestroy"};
  Entry<int(BlasLtPreference, int, const void*, std::size_t)> preference_set{
      "cublasLtMatmulPreferenceSetAttribute"};
  Entry<int(BlasLtHandle, BlasLtProduct, BlasLtLayout, BlasLtLayout, BlasLtLayout, BlasLtLayout,
            BlasLtPreference, int, BlasLtHeuristic*, int*)>
      heuristic{"cublasLtMatmulAlgoGetHeuristic"};
  Entry<int(BlasLtHandle, BlasLtProduct, const void*, const void*, BlasLtLayout, const void*,
            BlasLtLayout, const void*, const void*, BlasLtLayout, void*, BlasLtLayout,
            const BlasLtAlgorithm*, void*, std::size_t, StreamHandle)>
      multiply{"cublasLtMatmul"};
};

/// visit(entry) for every function of the table.
template <class Visit>
void for_each_entry(BlasLt& b, const Visit& visit) {
  const auto all = [&](auto&... entries) {
    static_assert(sizeof...(entries) * sizeof(b.create) == sizeof(BlasLt), "an entry is missing");
    (visit(entries), ...);
  };
  all(b.version, b.status_name, b.status_text, b.create, b.destroy, b.product_create,
      b.product_destroy, b.product_set, b.layout_create, b.layout_destroy, b.preference_create,
      b.preference_destroy, b.preference_set, b.heuristic, b.multiply);
}

/// Opens libcublasLt.so.13 or .12 once. kNoDevice, with the reason: neither is there, it lacks a
/// function or has another version.
Result<const BlasLt*> system_blas_lt();
/// "13.1.0".
std::string version_text(const BlasLt& blas);

}  // namespace bascule::cuda
