#include "devices/cuda/blas.h"

#include <array>

#include <fmt/format.h>

namespace bascule::cuda {
namespace {

/// Of an algorithm at most; what NVIDIA recommends for its latest GPUs.
constexpr std::uint64_t kMostWorkspace = std::uint64_t{32} << 20;

int type_of(Factors factors) {
  return factors == Factors::kBf16 ? kTypeBf16 : factors == Factors::kF16 ? kTypeF16 : kTypeF32;
}

}  // namespace

bool Blas::ready() {
  if (asked_ || libraries_.blas_lt == nullptr) return library_ != nullptr;
  asked_ = true;
  const Result<const BlasLt*> library = libraries_.blas_lt();
  if (!library.ok()) return false;
  library_ = *library;
  if (make(handle_, library_->create) != kBlasLtSuccess) library_ = nullptr;
  return library_ != nullptr;
}

std::unique_ptr<BlasProduct> Blas::make(const BlasShape& shape) {
  // An empty product is zeros, or the bias: no work for a library.
  if (shape.m == 0 || shape.n == 0 || shape.k == 0 || !ready()) return nullptr;
  std::unique_ptr<BlasProduct> product(new BlasProduct(*this));
  if (product->describe(shape) != kBlasLtSuccess || product->find(shape) != kBlasLtSuccess)
    return nullptr;
  return product;
}

// The library's matrices have columns that lie together, so it is asked for cᵀ = op(b)ᵀ op(a)ᵀ: a
// row-major matrix is its own transpose to it.
int BlasProduct::describe(const BlasShape& s) {
  const BlasLt& library = *blas_->library_;
  const auto size = [](std::int64_t extent) { return static_cast<std::uint64_t>(extent); };
  const auto layout = [&](OwnedBlasLtLayout& owner, int type, std::int64_t lines, std::int64_t line,
                          std::int64_t stride) {
    return blas_->make(owner, library.layout_create, type, size(line), size(lines), stride);
  };
  const auto set = [&](int attribute, auto value) {
    return blas_->call(library.product_set, product_.get(), attribute,
                       static_cast<const void*>(&value), sizeof value);
  };
  const int type = type_of(s.factors);
  const std::uint32_t epilogue = (s.bias ? kEpilogueBias : 0U) | (s.relu ? kEpilogueRelu : 0U);
  int result = layout(a_, type, s.transpose_a ? s.k : s.m, s.transpose_a ? s.m : s.k, s.stride_a);
  if (result == kBlasLtSuccess)
    result = layout(b_, type, s.transpose_b ? s.n : s.k, s.transpose_b ? s.k : s.n, s.stride_b);
  if (result == kBlasLtSuccess) result = layout(c_, kTypeF32, s.m, s.n, s.n);
  if (result == kBlasLtSuccess)
    result = blas_->make(product_, library.product_create, kComputeF32, kTypeF32);
  if (result == kBlasLtSuccess && s.transpose_b) result = set(kProductTransposeA, kTransposed);
  if (result == kBlasLtSuccess && s.transpose_a) result = set(kProductTransposeB, kTransposed);
  if (result == kBlasLtSuccess && epilogue != 0) result = set(kProductEpilogue, epilogue);
  return result;
}

int BlasProduct::find(const BlasShape& shape) {
  if (const auto known = blas_->found_.find(shape); known != blas_->found_.end()) {
    found_ = known->second;
    return kBlasLtSuccess;
  }
  const BlasLt& library = *blas_->library_;
  OwnedBlasLtPreference preference;
  int result = blas_->make(preference, library.preference_create);
  if (result == kBlasLtSuccess)
    result = blas_->call(library.preference_set, preference.get(), kPreferenceWorkspace,
                         static_cast<const void*>(&kMostWorkspace), sizeof kMostWorkspace);
  int count = 0;
  if (result == kBlasLtSuccess)
    result = blas_->call(library.heuristic, blas_->handle_.get(), product_.get(), b_.get(),
                         a_.get(), c_.get(), c_.get(), preference.get(), 1, &found_, &count);
  if (result != kBlasLtSuccess) return result;
  if (count < 1 || found_.state != kBlasLtSuccess) return kBlasLtNotSupported;
  blas_->found_[shape] = found_;
  return kBlasLtSuccess;
}

void BlasProduct::launch(const void* a, const void* b, const float* bias, float* c,
                         void* workspace) {
  const BlasLt& library = *blas_->library_;
  Queue& queue = *blas_->queue_;
  if (!queue.enter()) return;
  const auto failed = [&](const char* name, int result) {
    if (result != kBlasLtSuccess)
      queue.fail(fmt::format("{}: {} ({})", name, library.status_text.function(result),
                             library.status_name.function(result)),
                 result);
    return result != kBlasLtSuccess;
  };
  if (bias != bias_) {
    if (failed(library.product_set.name,
               library.product_set.function(product_.get(), kProductBias, &bias, sizeof bias)))
      return;
    bias_ = bias;
  }
  constexpr float kOne = 1, kZero = 0;
  if (failed(
          library.multiply.name,
          library.multiply.function(blas_->handle_.get(), product_.get(), &kOne, b, b_.get(), a,
                                    a_.get(), &kZero, c, c_.get(), c, c_.get(), &found_.algorithm,
                                    workspace, found_.workspace, queue.stream())))
    return;
  ++queue.activity().launches;
}

}  // namespace bascule::cuda
