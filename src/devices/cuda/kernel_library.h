#pragma once
// The modules of one GPU, and how their kernels are launched.
#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string_view>

#include "devices/cuda/blas.h"
#include "devices/cuda/images.h"
#include "devices/cuda/kernels/kernel_list.h"
#include "devices/cuda/queue.h"

namespace bascule::cuda {

/// A kernel with arguments of this type.
template <class Arguments>
class Launcher {
 public:
  Launcher(std::shared_ptr<Queue> queue, FunctionHandle function)
      : queue_(std::move(queue)), function_(function) {}

  /// So many blocks of kThreads threads; none does nothing.
  void operator()(std::int64_t blocks, const Arguments& arguments) const {
    if (blocks == 0) return;
    // More than a grid has is refused by the driver, not cut off.
    const auto grid =
        static_cast<unsigned>(std::min<std::int64_t>(blocks, std::numeric_limits<unsigned>::max()));
    void* parameters[] = {const_cast<Arguments*>(&arguments)};  // read while the call lasts
    if (queue_->run(queue_->driver().launch, function_, grid, 1U, 1U,
                    static_cast<unsigned>(kThreads), 1U, 1U, 0U, queue_->stream(), parameters,
                    nullptr))
      ++queue_->activity().launches;
  }

 private:
  std::shared_ptr<Queue> queue_;
  FunctionHandle function_;
};

class KernelLibrary {
 public:
  /// kNoDevice when an image does not load: it has no code for this GPU, for one.
  static Result<std::unique_ptr<KernelLibrary>> load(std::shared_ptr<Queue> queue,
                                                     std::span<const Image> images,
                                                     const Libraries& libraries);
  ~KernelLibrary() { queue_->drain(); }
  KernelLibrary(const KernelLibrary&) = delete;
  KernelLibrary& operator=(const KernelLibrary&) = delete;

  template <class Arguments>
  Result<Launcher<Arguments>> find(const KernelId<Arguments>& kernel) const {
    static_assert(sizeof(Arguments) <= 4096, "more than a kernel takes");
    BASCULE_ASSIGN(const FunctionHandle function, find(kernel.family, kernel.symbol));
    return Launcher<Arguments>(queue_, function);
  }
  [[nodiscard]] Queue& queue() const { return *queue_; }
  /// Products that are not ours.
  [[nodiscard]] Blas& blas() const { return *blas_; }

 private:
  KernelLibrary(std::shared_ptr<Queue> queue, const Libraries& libraries)
      : queue_(std::move(queue)), blas_(std::make_unique<Blas>(queue_, libraries)) {}
  [[nodiscard]] Result<FunctionHandle> find(const char* family, const char* symbol) const;

  std::shared_ptr<Queue> queue_;
  std::map<std::string_view, OwnedModule> modules_;  ///< by family
  std::unique_ptr<Blas> blas_;
};

}  // namespace bascule::cuda
