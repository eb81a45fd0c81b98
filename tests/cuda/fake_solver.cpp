#include "cuda/fake_solver.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace bascule::test {
namespace {

using cuda::SolverHandle;
constexpr int kInvalid = 3;
/// Floats of workspace that the two steps want: different ones.
constexpr int kFactorWork = 600, kInverseWork = 900;
FakeSolver* current = nullptr;

}  // namespace

struct FakeSolverFunctions {
  static int begin(const char* name) {
    if (++current->calls_ != current->fail_at) return cuda::kSolverSuccess;
    current->failed_ = name;
    return current->status;
  }
  /// The column-major upper triangle of a matrix: element (row, column), row <= column.
  struct Triangle {
    float* data;
    std::int64_t stride;
    float& operator()(std::int64_t row, std::int64_t column) const {
      return data[row + column * stride];
    }
  };

  static int size(const char* name, SolverHandle handle, int triangle, int n, const float* matrix,
                  int stride, int* floats, int wanted) {
    if (handle == nullptr || triangle != cuda::kUpperTriangle || matrix == nullptr || stride < n)
      return kInvalid;
    *floats = wanted;
    return begin(name);
  }
  static bool takes(SolverHandle handle, int triangle, int n, const float* matrix, int stride,
                    float* work, int floats, int wanted, const int* info) {
    for (int i = 0; i < wanted; ++i) work[i] = -1;  // it is there
    return handle != nullptr && triangle == cuda::kUpperTriangle && matrix != nullptr &&
           stride >= n && floats >= wanted && info != nullptr;
  }
  /// A = UᵀU in place of A; the order of the first minor that is not positive, or 0.
  static int factor(const Triangle& a, std::int64_t n) {
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t i = 0; i <= j; ++i) {
        double sum = a(i, j);
        for (std::int64_t k = 0; k < i; ++k) sum -= double{a(k, i)} * double{a(k, j)};
        if (i < j) {
          a(i, j) = static_cast<float>(sum / double{a(i, i)});
        } else if (sum > 0) {
          a(i, i) = static_cast<float>(std::sqrt(sum));
        } else {
          return static_cast<int>(j + 1);
        }
      }
    }
    return 0;
  }
  /// (UᵀU)⁻¹ in place of U, a column of the unit matrix after the other.
  static void invert(const Triangle& u, std::int64_t n) {
    const auto count = static_cast<std::size_t>(n);
    std::vector<double> inverse(count * count, 0);
    for (std::int64_t c = 0; c < n; ++c) {
      double* x = inverse.data() + c * n;
      x[c] = 1;
      for (std::int64_t i = c; i < n; ++i) {
        for (std::int64_t k = c; k < i; ++k) x[i] -= double{u(k, i)} * x[k];
        x[i] /= double{u(i, i)};
      }
      for (std::int64_t i = n - 1; i >= 0; --i) {
        for (std::int64_t k = i + 1; k < n; ++k) x[i] -= double{u(i, k)} * x[k];
        x[i] /= double{u(i, i)};
      }
    }
    for (std::int64_t c = 0; c < n; ++c)
      for (std::int64_t i = 0; i <= c; ++i) u(i, c) = static_cast<float>(inverse[c * n + i]);
  }

  static void fill(cuda::SolverTable& t) {
    t.property.function = [](int property, int* value) {
      *value = property == cuda::kMajorVersion ? current->major : -1;
      return begin("cusolverGetProperty");
    };
    t.create.function = [](SolverHandle* handle) {
      if (const int failure = begin("cusolverDnCreate"); failure != 0) return failure;
      ++current->handles_;
      *handle = reinterpret_cast<SolverHandle>(current);
      return cuda::kSolverSuccess;
    };
    t.destroy.function = [](SolverHandle handle) {
      if (handle == nullptr) return kInvalid;
      --current->handles_;
      return begin("cusolverDnDestroy");
    };
    t.set_stream.function = [](SolverHandle handle, cuda::StreamHandle stream) {
      return handle == nullptr || stream == nullptr ? kInvalid : begin("cusolverDnSetStream");
    };
    t.factor_size.function = [](SolverHandle handle, int triangle, int n, float* matrix, int stride,
                                int* floats) {
      return size("cusolverDnSpotrf_bufferSize", handle, triangle, n, matrix, stride, floats,
                  kFactorWork);
    };
    t.inverse_size.function = [](SolverHandle handle, int triangle, int n, float* matrix,
                                 int stride, int* floats) {
      return size("cusolverDnSpotri_bufferSize", handle, triangle, n, matrix, stride, floats,
                  kInverseWork);
    };
    t.factor.function = [](SolverHandle handle, int triangle, int n, float* matrix, int stride,
                           float* work, int floats, int* info) {
      if (!takes(handle, triangle, n, matrix, stride, work, floats, kFactorWork, info))
        return kInvalid;
      *info = factor({matrix, stride}, n);
      if (*info == 0) *info = current->info;
      return begin("cusolverDnSpotrf");
    };
    t.inverse.function = [](SolverHandle handle, int triangle, int n, float* matrix, int stride,
                            float* work, int floats, int* info) {
      if (!takes(handle, triangle, n, matrix, stride, work, floats, kInverseWork, info))
        return kInvalid;
      invert({matrix, stride}, n);
      *info = 0;
      return begin("cusolverDnSpotri");
    };
  }
};

FakeSolver::FakeSolver() {
  EXPECT_EQ(current, nullptr);
  current = this;
  FakeSolverFunctions::fill(table_);
}

FakeSolver::~FakeSolver() {
  EXPECT_EQ(handles_, 0);
  current = nullptr;
}

Result<const cuda::SolverTable*> FakeSolver::source() {
  BASCULE_TRY(cuda::check_version(current->table_));
  return &current->table_;
}

}  // namespace bascule::test
