#include "cuda/fake_blas.h"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include <bascule/base/bf16.h>
#include <bascule/base/f16.h>

namespace bascule::test {
namespace {

using cuda::BlasLtHeuristic;
FakeBlas* current = nullptr;
constexpr int kInvalid = 7;
constexpr std::uint64_t kAlgorithm = 0xA190;
constexpr std::size_t kWorkspace = 768;

template <class Handle, class Owned>
Handle give(std::map<const void*, std::unique_ptr<Owned>>& all, Owned made) {
  auto owned = std::make_unique<Owned>(std::move(made));
  auto* handle = reinterpret_cast<Handle>(owned.get());
  all.emplace(handle, std::move(owned));
  return handle;
}

std::int64_t element_bytes(int type) {
  return type == cuda::kTypeF32 ? 4 : 2;
}

double element(const void* data, int type, std::int64_t i) {
  if (type == cuda::kTypeF32) return static_cast<const float*>(data)[i];
  std::uint16_t bits = static_cast<const std::uint16_t*>(data)[i];
  if (type == cuda::kTypeBf16) return static_cast<float>(std::bit_cast<Bf16>(bits));
  F16 half;
  half.bits = bits;
  return static_cast<float>(half);
}

}  // namespace

struct FakeBlasFunctions {
  using Product = FakeBlas::Product;
  using Matrix = FakeBlas::Matrix;

  static int begin(const char* name) { return current->driver_.begin(name); }
  template <class Owned>
  static Owned* find(std::map<const void*, std::unique_ptr<Owned>>& all, const void* handle) {
    const auto at = all.find(handle);
    EXPECT_NE(at, all.end()) << "a handle that cuBLASLt did not make";
    return at == all.end() ? nullptr : at->second.get();
  }

  /// Bytes from the first element of a matrix to its last one.
  static std::size_t span_of(const Matrix& m) {
    return static_cast<std::size_t>(element_bytes(m.type) * ((m.columns - 1) * m.stride + m.rows));
  }
  static void expect_inside(const void* data, std::size_t bytes) {
    EXPECT_TRUE(current->driver_.owns(data, bytes));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % 256, 0U)
        << "less aligned than the heuristics were told";
  }

  static void expect_fits(const Product& p, const Matrix& a, const Matrix& b, const Matrix& c) {
    EXPECT_EQ(p.compute, cuda::kComputeF32);
    EXPECT_EQ(p.transpose_a ? a.columns : a.rows, c.rows);
    EXPECT_EQ(p.transpose_b ? b.rows : b.columns, c.columns);
    EXPECT_EQ(p.transpose_a ? a.rows : a.columns, p.transpose_b ? b.columns : b.rows);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(c.type, cuda::kTypeF32);
    for (const Matrix* m : {&a, &b, &c}) {
      EXPECT_GT(m->rows, 0);
      EXPECT_GT(m->columns, 0);
      EXPECT_GE(m->stride, m->rows);
    }
  }

  static void multiply(const Product& p, const Matrix& ma, const void* a, const Matrix& mb,
                       const void* b, const Matrix& mc, float* c) {
    const std::int64_t depth = p.transpose_a ? ma.rows : ma.columns;
    for (std::int64_t column = 0; column < mc.columns; ++column) {
      for (std::int64_t row = 0; row < mc.rows; ++row) {
        double sum = 0;
        for (std::int64_t k = 0; k < depth; ++k) {
          const std::int64_t of_a = p.transpose_a ? row * ma.stride + k : k * ma.stride + row;
          const std::int64_t of_b = p.transpose_b ? k * mb.stride + column : column * mb.stride + k;
          sum += element(a, ma.type, of_a) * element(b, mb.type, of_b);
        }
        if ((p.epilogue & cuda::kEpilogueBias) != 0) sum += double{p.bias[row]};
        if ((p.epilogue & cuda::kEpilogueRelu) != 0) sum = std::max(sum, 0.0);
        c[column * mc.stride + row] = static_cast<float>(sum);
      }
    }
  }

  static void fill(cuda::BlasLt& t);
};

void FakeBlasFunctions::fill(cuda::BlasLt& t) {
  t.version.function = [] { return std::size_t{130100}; };
  t.status_name.function = [](int) { return "CUDA_ERROR_FAKE"; };
  t.status_text.function = [](int) { return "told to fail"; };
  t.create.function = [](cuda::BlasLtHandle* handle) {
    if (const int failure = begin("cublasLtCreate"); failure != 0) return failure;
    *handle = give<cuda::BlasLtHandle>(current->handles_, char{});
    return 0;
  };
  t.destroy.function = [](cuda::BlasLtHandle handle) {
    current->handles_.erase(handle);
    return begin("cublasLtDestroy");
  };
  t.product_create.function = [](cuda::BlasLtProduct* handle, int compute, int scale) {
    if (const int failure = begin("cublasLtMatmulDescCreate"); failure != 0) return failure;
    EXPECT_EQ(scale, cuda::kTypeF32);
    *handle = give<cuda::BlasLtProduct>(current->described_, Product{compute});
    return 0;
  };
  t.product_destroy.function = [](cuda::BlasLtProduct handle) {
    current->described_.erase(handle);
    return begin("cublasLtMatmulDescDestroy");
  };
  t.product_set.function = [](cuda::BlasLtProduct handle, int attribute, const void* value,
                              std::size_t bytes) {
    if (const int failure = begin("cublasLtMatmulDescSetAttribute"); failure != 0) return failure;
    Product* product = find(current->described_, handle);
    const auto as = [&](auto& to) {
      EXPECT_EQ(bytes, sizeof to);
      std::memcpy(&to, value, sizeof to);
    };
    std::int32_t transposed = 0;
    switch (attribute) {
      case cuda::kProductTransposeA:
        as(transposed);
        product->transpose_a = transposed == cuda::kTransposed;
        return 0;
      case cuda::kProductTransposeB:
        as(transposed);
        product->transpose_b = transposed == cuda::kTransposed;
        return 0;
      case cuda::kProductEpilogue:
        as(product->epilogue);
        return 0;
      case cuda::kProductBias:
        as(product->bias);
        return 0;
      default:
        return kInvalid;
    }
  };
  t.layout_create.function = [](cuda::BlasLtLayout* handle, int type, std::uint64_t rows,
                                std::uint64_t columns, std::int64_t stride) {
    if (const int failure = begin("cublasLtMatrixLayoutCreate"); failure != 0) return failure;
    *handle = give<cuda::BlasLtLayout>(
        current->matrices_,
        Matrix{type, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), stride});
    return 0;
  };
  t.layout_destroy.function = [](cuda::BlasLtLayout handle) {
    current->matrices_.erase(handle);
    return begin("cublasLtMatrixLayoutDestroy");
  };
  t.preference_create.function = [](cuda::BlasLtPreference* handle) {
    if (const int failure = begin("cublasLtMatmulPreferenceCreate"); failure != 0) return failure;
    *handle = give<cuda::BlasLtPreference>(current->preferences_, FakeBlas::Preference{0});
    return 0;
  };
  t.preference_destroy.function = [](cuda::BlasLtPreference handle) {
    current->preferences_.erase(handle);
    return begin("cublasLtMatmulPreferenceDestroy");
  };
  t.preference_set.function = [](cuda::BlasLtPreference handle, int attribute, const void* value,
                                 std::size_t bytes) {
    if (const int failure = begin("cublasLtMatmulPreferenceSetAttribute"); failure != 0)
      return failure;
    EXPECT_EQ(attribute, cuda::kPreferenceWorkspace);
    EXPECT_EQ(bytes, sizeof(FakeBlas::Preference));
    std::memcpy(find(current->preferences_, handle), value, bytes);
    return 0;
  };
  t.heuristic.function = [](cuda::BlasLtHandle handle, cuda::BlasLtProduct product,
                            cuda::BlasLtLayout a, cuda::BlasLtLayout b, cuda::BlasLtLayout c,
                            cuda::BlasLtLayout d, cuda::BlasLtPreference preference, int wanted,
                            BlasLtHeuristic* found, int* count) {
    if (const int failure = begin("cublasLtMatmulAlgoGetHeuristic"); failure != 0) return failure;
    ++current->heuristics_;
    find(current->handles_, handle);
    EXPECT_EQ(wanted, 1);
    EXPECT_EQ(c, d);
    EXPECT_GE(*find(current->preferences_, preference), kWorkspace);
    expect_fits(*find(current->described_, product), *find(current->matrices_, a),
                *find(current->matrices_, b), *find(current->matrices_, c));
    *count = current->has_algorithms ? 1 : 0;
    *found = {};
    found->algorithm.data[3] = kAlgorithm;
    found->workspace = kWorkspace;
    return 0;
  };
  t.multiply.function = [](cuda::BlasLtHandle handle, cuda::BlasLtProduct product,
                           const void* alpha, const void* a, cuda::BlasLtLayout la, const void* b,
                           cuda::BlasLtLayout lb, const void* beta, const void* c,
                           cuda::BlasLtLayout lc, void* d, cuda::BlasLtLayout ld,
                           const cuda::BlasLtAlgorithm* algorithm, void* workspace,
                           std::size_t bytes, cuda::StreamHandle) {
    if (const int failure = begin("cublasLtMatmul"); failure != 0) return failure;
    ++current->products_;
    find(current->handles_, handle);
    const Product p = *find(current->described_, product);
    const Matrix ma = *find(current->matrices_, la), mb = *find(current->matrices_, lb),
                 mc = *find(current->matrices_, lc);
    expect_fits(p, ma, mb, mc);
    EXPECT_EQ(*static_cast<const float*>(alpha), 1);
    EXPECT_EQ(*static_cast<const float*>(beta), 0);
    EXPECT_EQ(c, d);
    EXPECT_EQ(lc, ld);
    EXPECT_EQ(algorithm->data[3], kAlgorithm);
    EXPECT_GE(bytes, kWorkspace);
    expect_inside(a, span_of(ma));
    expect_inside(b, span_of(mb));
    expect_inside(d, span_of(mc));
    expect_inside(workspace, bytes);
    const bool bias = (p.epilogue & cuda::kEpilogueBias) != 0;
    EXPECT_EQ(bias, p.bias != nullptr);
    if (bias) expect_inside(p.bias, sizeof(float) * static_cast<std::size_t>(mc.rows));
    current->driver_.do_or_record([=] {
      std::memset(workspace, 0xFF, bytes);
      multiply(p, ma, a, mb, b, mc, static_cast<float*>(d));
    });
    return 0;
  };
}

FakeBlas::FakeBlas(FakeDriver& driver) : driver_(driver) {
  EXPECT_EQ(current, nullptr);
  current = this;
  FakeBlasFunctions::fill(table_);
}

FakeBlas::~FakeBlas() {
  EXPECT_EQ(alive(), 0U);
  current = nullptr;
}

cuda::Libraries FakeBlas::libraries() {
  return {[]() -> Result<const cuda::BlasLt*> {
    if (!current->missing.empty()) return Error{Code::kNoDevice, current->missing};
    return &current->table_;
  }};
}

std::size_t FakeBlas::alive() const {
  return described_.size() + matrices_.size() + preferences_.size() + handles_.size();
}

}  // namespace bascule::test
