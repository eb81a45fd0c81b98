#include "devices/cuda/blas_product.h"

#include "devices/cuda/blas.h"
#include "devices/cuda/cuda_ops.h"
#include "devices/cuda/update_arguments.h"

namespace bascule::cuda {
namespace {

constexpr std::int64_t kAlignment = 256;

/// Parts of a kernel's workspace, one behind the other.
class Parts {
 public:
  std::int64_t add(std::int64_t bytes) {
    const std::int64_t at = bytes_;
    bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return at;
  }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  std::int64_t bytes_ = 0;
};

/// One operand: where it lies, or where and how it is narrowed to 16 bits.
struct Operand {
  std::int64_t lines = 0, line = 0, stride = 0;
  std::int64_t offset = 0;  ///< in the workspace, of narrowed ones
};

/// Tensor cores take lines that begin at multiples of 16 bytes.
Operand operand(std::int64_t lines, std::int64_t line, bool narrow, Parts& parts) {
  constexpr std::int64_t kElements = 8;
  Operand o{lines, line, line};
  if (!narrow) return o;
  o.stride = (line + kElements - 1) / kElements * kElements;
  o.offset = parts.add(2 * lines * o.stride);
  return o;
}

class BlasKernel final : public Kernel {
 public:
  static Result<std::unique_ptr<Kernel>> make(const KernelLibrary& library,
                                              const BlasRequest& request) {
    std::unique_ptr<BlasKernel> kernel(new BlasKernel(request));
    BASCULE_TRY(kernel->prepare(library));
    if (kernel->blas_ == nullptr) return std::unique_ptr<Kernel>();
    return std::unique_ptr<Kernel>(std::move(kernel));
  }

  [[nodiscard]] std::int64_t workspace_bytes() const override { return parts_.bytes(); }
  [[nodiscard]] std::string description() const override {
    const Factors factors = request_.product.factors;
    return std::string("cublasLt") + (factors == Factors::kBf16  ? " bf16"
                                      : factors == Factors::kF16 ? " fp16"
                                                                 : "");
  }

  void launch(const KernelArguments& step) override {
    auto* workspace = static_cast<std::byte*>(step.workspace);
    const void* factors[2] = {step.inputs[0], step.inputs[1]};
    if (narrow_) {
      for (std::size_t i = 0; i < 2; ++i)
        factors[i] = narrowed(i, static_cast<const float*>(factors[i]), workspace);
    }
    float* result = update_ ? reinterpret_cast<float*>(workspace + result_) : output<float>(step);
    const float* third = update_ || step.inputs.size() < 3 ? nullptr : input<float>(step, 2);
    blas_->launch(factors[0], factors[1], request_.bias ? third : nullptr, result,
                  workspace + own_);
    if (finish_) {
      finishing_.x[0] = result;
      finishing_.x[1] = request_.bias ? nullptr : third;
      finishing_.y = result;
      (*finish_)(blocks_for(finishing_.count), finishing_);
    }
    if (update_) {
      fill_update(updating_, step, 2, /*gradient=*/false);
      updating_.gradient = result;
      (*update_)(update_blocks(updating_.count), updating_);
    }
  }

 private:
  explicit BlasKernel(const BlasRequest& request) : request_(request) {}

  Status prepare(const KernelLibrary& library) {
    const ProductArguments& p = request_.product;
    const bool narrow = p.factors != Factors::kF32;
    const bool relu = p.has_function && p.function == ElementOp::kRelu;
    operands_[0] =
        operand(request_.transpose_a ? p.k : p.m, request_.transpose_a ? p.m : p.k, narrow, parts_);
    operands_[1] =
        operand(request_.transpose_b ? p.n : p.k, request_.transpose_b ? p.k : p.n, narrow, parts_);
    blas_ = library.blas().make({p.m, p.n, p.k, request_.transpose_a, request_.transpose_b,
                                 operands_[0].stride, operands_[1].stride, p.factors, request_.bias,
                                 relu});
    if (blas_ == nullptr) return library.queue().status();
    own_ = parts_.add(blas_->workspace_bytes());
    if (narrow) {
      BASCULE_ASSIGN(auto launcher, library.find(ids::narrow));
      narrow_.emplace(std::move(launcher));
    }
    if (p.has_function && !relu) BASCULE_TRY(prepare_finish(library));
    if (request_.update) {
      BASCULE_ASSIGN(auto launcher, library.find(ids::update));
      update_.emplace(std::move(launcher));
      updating_ = *request_.update;
      result_ = parts_.add(static_cast<std::int64_t>(sizeof(float)) * p.m * p.n);
    }
    return {};
  }

  /// What the library does not apply to the elements of its result.
  Status prepare_finish(const KernelLibrary& library) {
    const ProductArguments& p = request_.product;
    BASCULE_ASSIGN(auto launcher, library.find(ids::element));
    finish_.emplace(std::move(launcher));
    finishing_.op = p.function;
    finishing_.parameter = p.parameter;
    finishing_.count = p.m * p.n;
    finishing_.operands = element_op_info(p.function).operands;
    for (Walk& walk : finishing_.walks) walk = straight_walk(finishing_.count);
    return {};
  }

  const void* narrowed(std::size_t i, const float* from, std::byte* workspace) {
    const Operand& o = operands_[i];
    auto* to = reinterpret_cast<std::uint16_t*>(workspace + o.offset);
    (*narrow_)(blocks_for(o.lines * o.line),
               {from, to, o.line, o.stride, o.lines * o.line, request_.product.factors});
    return to;
  }

  BlasRequest request_;
  Parts parts_;
  Operand operands_[2];
  std::unique_ptr<BlasProduct> blas_;
  std::int64_t own_ = 0, result_ = 0;  ///< in the workspace: the library's, a gradient
  std::optional<Launcher<NarrowArguments>> narrow_;
  std::optional<Launcher<ElementArguments>> finish_;
  std::optional<Launcher<UpdateArguments>> update_;
  ElementArguments finishing_;
  UpdateArguments updating_;
};

}  // namespace

Result<std::unique_ptr<Kernel>> make_blas_product(const KernelLibrary& library,
                                                  const BlasRequest& request) {
  return BlasKernel::make(library, request);
}

}  // namespace bascule::cuda
