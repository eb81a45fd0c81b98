// The types that blas_lt.h declares against NVIDIA's header, where there is one to compare with,
// and the table against the library.
#if __has_include(<cublasLt.h>)
#include <type_traits>

#include <cublasLt.h>
#include <gtest/gtest.h>

#include "devices/cuda/blas_lt.h"
#include "unit/cuda/same_call.h"

namespace bascule::cuda {
namespace {

#define BASCULE_SAME(entry, theirs)                                          \
  static_assert(same_call(BlasLt().entry, decltype (&(theirs))()), #theirs); \
  EXPECT_STREQ(BlasLt().entry.name, #theirs)

TEST(CudaBlas, IsDeclaredAsNvidiaDeclaresIt) {
  static_assert(CUBLAS_STATUS_SUCCESS == kBlasLtSuccess);
  static_assert(CUBLAS_STATUS_NOT_SUPPORTED == kBlasLtNotSupported);
  static_assert(CUDA_R_32F == kTypeF32 && CUDA_R_16F == kTypeF16 && CUDA_R_16BF == kTypeBf16);
  static_assert(CUBLAS_COMPUTE_32F == kComputeF32 && CUBLAS_OP_T == kTransposed);
  static_assert(CUBLASLT_MATMUL_DESC_TRANSA == kProductTransposeA);
  static_assert(CUBLASLT_MATMUL_DESC_TRANSB == kProductTransposeB);
  static_assert(CUBLASLT_MATMUL_DESC_EPILOGUE == kProductEpilogue);
  static_assert(CUBLASLT_MATMUL_DESC_BIAS_POINTER == kProductBias);
  static_assert(CUBLASLT_EPILOGUE_DEFAULT == kEpilogueNone);
  static_assert(CUBLASLT_EPILOGUE_RELU == kEpilogueRelu);
  static_assert(CUBLASLT_EPILOGUE_BIAS == kEpilogueBias);
  static_assert(CUBLASLT_EPILOGUE_RELU_BIAS == (kEpilogueRelu | kEpilogueBias));
  static_assert(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES == kPreferenceWorkspace);
  using Theirs = cublasLtMatmulHeuristicResult_t;
  static_assert(sizeof(Theirs) == sizeof(BlasLtHeuristic));
  static_assert(sizeof(cublasLtMatmulAlgo_t) == sizeof(BlasLtAlgorithm));
  static_assert(offsetof(Theirs, workspaceSize) == offsetof(BlasLtHeuristic, workspace));
  static_assert(offsetof(Theirs, state) == offsetof(BlasLtHeuristic, state));
  BASCULE_SAME(version, cublasLtGetVersion);
  BASCULE_SAME(status_name, cublasLtGetStatusName);
  BASCULE_SAME(status_text, cublasLtGetStatusString);
  BASCULE_SAME(create, cublasLtCreate);
  BASCULE_SAME(destroy, cublasLtDestroy);
  BASCULE_SAME(product_create, cublasLtMatmulDescCreate);
  BASCULE_SAME(product_destroy, cublasLtMatmulDescDestroy);
  BASCULE_SAME(product_set, cublasLtMatmulDescSetAttribute);
  BASCULE_SAME(layout_create, cublasLtMatrixLayoutCreate);
  BASCULE_SAME(layout_destroy, cublasLtMatrixLayoutDestroy);
  BASCULE_SAME(preference_create, cublasLtMatmulPreferenceCreate);
  BASCULE_SAME(preference_destroy, cublasLtMatmulPreferenceDestroy);
  BASCULE_SAME(preference_set, cublasLtMatmulPreferenceSetAttribute);
  BASCULE_SAME(heuristic, cublasLtMatmulAlgoGetHeuristic);
  BASCULE_SAME(multiply, cublasLtMatmul);
}

TEST(CudaBlas, HasATableOfThisMachinesLibraryOrSaysWhyNot) {
  const Result<const BlasLt*> blas = system_blas_lt();
  if (!blas.ok()) {
    EXPECT_EQ(blas.error().code, Code::kNoDevice);
    EXPECT_NE(blas.error().message.find("libcublasLt.so.13"), std::string::npos);
    return;
  }
  EXPECT_NE(version_text(**blas).find('.'), std::string::npos);
  EXPECT_STREQ((*blas)->status_name.function(kBlasLtNotSupported), "CUBLAS_STATUS_NOT_SUPPORTED");
}

}  // namespace
}  // namespace bascule::cuda
#undef BASCULE_SAME
#endif
