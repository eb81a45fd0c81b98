// What solver_table.h declares against NVIDIA's header, where there is one to compare with.
#if __has_include(<cusolverDn.h>)
#include <cusolverDn.h>
#include <gtest/gtest.h>

#include "devices/cuda/solver_table.h"
#include "unit/cuda/same_call.h"

namespace bascule::cuda {
namespace {

#define BASCULE_SAME(entry, theirs)                                               \
  static_assert(same_call(SolverTable().entry, decltype (&(theirs))()), #theirs); \
  EXPECT_STREQ(SolverTable().entry.name, #theirs)

TEST(CudaSolver, IsDeclaredAsNvidiaDeclaresIt) {
  static_assert(CUSOLVER_STATUS_SUCCESS == kSolverSuccess);
  static_assert(CUBLAS_FILL_MODE_UPPER == kUpperTriangle && MAJOR_VERSION == kMajorVersion);
  BASCULE_SAME(property, cusolverGetProperty);
  BASCULE_SAME(create, cusolverDnCreate);
  BASCULE_SAME(destroy, cusolverDnDestroy);
  BASCULE_SAME(set_stream, cusolverDnSetStream);
  BASCULE_SAME(factor_size, cusolverDnSpotrf_bufferSize);
  BASCULE_SAME(factor, cusolverDnSpotrf);
  BASCULE_SAME(inverse_size, cusolverDnSpotri_bufferSize);
  BASCULE_SAME(inverse, cusolverDnSpotri);
}

TEST(CudaSolver, NamesTheErrorsOfTheLibrary) {
  for (const auto& [status, name] :
       {std::pair{CUSOLVER_STATUS_NOT_INITIALIZED, "CUSOLVER_STATUS_NOT_INITIALIZED"},
        {CUSOLVER_STATUS_ALLOC_FAILED, "CUSOLVER_STATUS_ALLOC_FAILED"},
        {CUSOLVER_STATUS_INVALID_VALUE, "CUSOLVER_STATUS_INVALID_VALUE"},
        {CUSOLVER_STATUS_ARCH_MISMATCH, "CUSOLVER_STATUS_ARCH_MISMATCH"},
        {CUSOLVER_STATUS_EXECUTION_FAILED, "CUSOLVER_STATUS_EXECUTION_FAILED"},
        {CUSOLVER_STATUS_INTERNAL_ERROR, "CUSOLVER_STATUS_INTERNAL_ERROR"}})
    EXPECT_NE(describe_solver("call", status).find(name), std::string::npos) << name;
  EXPECT_EQ(describe_solver("call", 99), "call: error 99");
}

}  // namespace
}  // namespace bascule::cuda
#undef BASCULE_SAME
#endif
