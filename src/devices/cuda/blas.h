#pragma once
// Products by cuBLASLt on the stream of a queue.
#include <map>
#include <memory>
#include <tuple>

#include "devices/cuda/handles.h"
#include "devices/cuda/kernels/arguments.h"
#include "devices/cuda/libraries.h"
#include "devices/cuda/queue.h"

namespace bascule::cuda {

using OwnedBlasLt = Owned<BlasLt, BlasLtHandle, &BlasLt::destroy>;
using OwnedBlasLtProduct = Owned<BlasLt, BlasLtProduct, &BlasLt::product_destroy>;
using OwnedBlasLtLayout = Owned<BlasLt, BlasLtLayout, &BlasLt::layout_destroy>;
using OwnedBlasLtPreference = Owned<BlasLt, BlasLtPreference, &BlasLt::preference_destroy>;

/// c[m, n] = relu(op(a) op(b) + bias), row-major. Lines of a and b, as they lie in memory, are
/// `stride` elements apart; what they are in memory, `factors` says; c is float32.
struct BlasShape {
  std::int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  std::int64_t stride_a = 0, stride_b = 0;
  Factors factors = Factors::kF32;
  bool bias = false, relu = false;

  [[nodiscard]] auto key() const {
    return std::tie(m, n, k, transpose_a, transpose_b, stride_a, stride_b, factors, bias, relu);
  }
  bool operator<(const BlasShape& other) const { return key() < other.key(); }
};

class Blas;

/// One product, made once and launched in every step.
class BlasProduct {
 public:
  /// Of the library's own, while it runs.
  [[nodiscard]] std::int64_t workspace_bytes() const {
    return static_cast<std::int64_t>(found_.workspace);
  }
  /// `bias` is null where the shape has none. Errors are the queue's.
  void launch(const void* a, const void* b, const float* bias, float* c, void* workspace);

 private:
  friend class Blas;
  explicit BlasProduct(Blas& blas) : blas_(&blas) {}
  int describe(const BlasShape& shape);
  int find(const BlasShape& shape);

  Blas* blas_;
  OwnedBlasLtProduct product_;
  OwnedBlasLtLayout a_, b_, c_;
  BlasLtHeuristic found_;
  const float* bias_ = nullptr;  ///< that the description has
};

class Blas {
 public:
  /// Opens nothing yet.
  Blas(std::shared_ptr<Queue> queue, const Libraries& libraries)
      : queue_(std::move(queue)), libraries_(libraries) {}
  ~Blas() { queue_->drain(); }
  Blas(const Blas&) = delete;
  Blas& operator=(const Blas&) = delete;

  /// Null where the library is missing or cannot do it: the plain kernels do it then. Must not
  /// outlive this.
  std::unique_ptr<BlasProduct> make(const BlasShape& shape);

 private:
  friend class BlasProduct;
  /// Opens the library when it is first wanted; whether it is there.
  bool ready();
  /// Calls the library in the queue's context.
  template <class... Parameters, class... Arguments>
  int call(const Entry<int(Parameters...)>& entry, Arguments... arguments) {
    return queue_->enter() ? entry.function(arguments...) : kBlasLtNotSupported;
  }
  /// A handle that the library makes.
  template <class Owner, class... Parameters, class... Arguments>
  int make(Owner& owner, const Entry<int(Parameters...)>& entry, Arguments... arguments) {
    decltype(owner.get()) handle = nullptr;
    const int result = call(entry, &handle, arguments...);
    if (result == kBlasLtSuccess) owner = Owner(*library_, handle);
    return result;
  }

  std::shared_ptr<Queue> queue_;
  Libraries libraries_;
  bool asked_ = false;
  const BlasLt* library_ = nullptr;  ///< null until it is ready
  OwnedBlasLt handle_;
  std::map<BlasShape, BlasLtHeuristic> found_;  ///< by the library's heuristics
};

}  // namespace bascule::cuda
