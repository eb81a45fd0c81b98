#include "devices/cuda/device.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include <bascule/devices/cuda_device.h>
#include <bascule/devices/own_memory.h>
#include <bascule/graph/op.h>

#include "devices/cuda/alternating.h"
#include "devices/cuda/arena.h"
#include "devices/cuda/cuda_ops.h"
#include "devices/cuda/elastic_net.h"
#include "devices/cuda/inventory.h"
#include "devices/cuda/inverse.h"
#include "devices/cuda/neighbors.h"
#include "devices/cuda/recording.h"
#include "devices/cuda/resident_rows.h"
#include "devices/cuda/score_tops.h"
#include "devices/cuda/staging.h"

namespace bascule {
namespace cuda {
namespace {

DevicePointer address(const void* data) {
  return reinterpret_cast<DevicePointer>(data);
}

class CudaDevice final : public Device,
                         public CountsActivity,
                         public HasOwnMemory,
                         public KeepsRows,
                         public SearchesScores,
                         public SolvesLeastSquares,
                         public SolvesElasticNets,
                         public Inverts {
 public:
  CudaDevice(std::shared_ptr<Queue> queue, std::unique_ptr<Staging> staging,
             std::unique_ptr<KernelLibrary> library, const CudaOptions& options,
             SolverSource solver)
      : target_(cuda_target()),
        options_(options),
        queue_(std::move(queue)),
        arena_(std::make_shared<Arena>(queue_)),
        staging_(std::move(staging)),
        library_(std::move(library)),
        solver_(solver) {
    target_.device = queue_->name();
  }

  [[nodiscard]] const Target& target() const override { return target_; }
  [[nodiscard]] Result<std::unique_ptr<DeviceMemory>> allocate(std::int64_t bytes) override {
    return arena_->allocate(bytes);
  }
  [[nodiscard]] Result<std::int64_t> free_memory() override { return arena_->free_bytes(); }
  void upload(const void* host, void* device, const ValueType& type, Layout) override {
    staging_->to_device(host, address(device), type.bytes());
  }
  void download(const void* device, void* host, const ValueType& type, Layout) override {
    staging_->to_host(address(device), host, type.bytes());
  }
  void copy(const void* from, void* to, std::int64_t bytes) override {
    if (bytes > 0 && queue_->run(queue_->driver().on_device, address(to), address(from),
                                 static_cast<std::size_t>(bytes), queue_->stream()))
      queue_->activity().copied += bytes;
  }
  Status synchronize() override {
    queue_->run(queue_->driver().stream_synchronize, queue_->stream());
    return queue_->status();
  }
  [[nodiscard]] bool records() const override { return options_.record_steps; }
  [[nodiscard]] Result<std::unique_ptr<Recording>> record(
      const std::function<void()>& work) override {
    return cuda::record(queue_, work);
  }
  [[nodiscard]] DeviceActivity activity() const override { return queue_->activity(); }
  [[nodiscard]] Result<std::unique_ptr<Kernel>> prepare(const KernelRequest& request) override {
    const auto plain = [](Layout layout) { return layout == Layout::kRowMajor; };
    const CudaOp* op = find_cuda_op(request.node);
    if (op == nullptr ||
        !std::all_of(request.input_layouts.begin(), request.input_layouts.end(), plain) ||
        !std::all_of(request.output_layouts.begin(), request.output_layouts.end(), plain))
      return Error{Code::kUsage, fmt::format("{} has no kernel for this {}", queue_->name(),
                                             request.node.op->name)};
    return op->make(*library_, request);
  }
  [[nodiscard]] Result<std::unique_ptr<NeighborSearch>> place(const NeighborIndex& index) override {
    return place_neighbors(session(), index);
  }
  [[nodiscard]] Result<std::unique_ptr<DenseSearch>> place(const DenseMatrix& matrix) override {
    return place_dense(session(), matrix);
  }
  [[nodiscard]] Result<std::unique_ptr<ResidentRows>> keep(const CompressedView& matrix,
                                                           std::int64_t rows,
                                                           std::int64_t elements) override {
    return keep_rows(session(), matrix, rows, elements);
  }
  [[nodiscard]] Result<NeighborLists> best(const ScoredRows& rows, std::int32_t k) override {
    if (!tops_) {
      BASCULE_ASSIGN(tops_, ScoreTops::make(session()));
    }
    return tops_->run(rows, k);
  }
  [[nodiscard]] std::int64_t most_factors() const override { return kMostFactors; }
  [[nodiscard]] Result<std::unique_ptr<AlternatingFactors>> alternate(
      const CompressedView& by_user, const CompressedView& by_item, const FactorMatrix& items,
      const LeastSquares& problem) override {
    return cuda::alternate(session(), by_user, by_item, items, problem);
  }
  [[nodiscard]] std::int64_t elastic_net_bytes(std::int64_t columns) override {
    return cuda::elastic_net_bytes(columns);
  }
  [[nodiscard]] Result<std::vector<std::vector<ColumnWeight>>> elastic_net(
      const SymmetricMatrix& gram, const ElasticNet& problem, ThreadPool& pool,
      StageTimes& times) override {
    return cuda::elastic_net(session(), gram, problem, pool, times);
  }
  [[nodiscard]] Result<std::int64_t> invert_bytes(std::int64_t order) override {
    BASCULE_ASSIGN(Inverter* const mine, inverter());
    return mine->bytes(order);
  }
  Status invert(SymmetricMatrix& matrix, StageTimes& times) override {
    BASCULE_ASSIGN(Inverter* const mine, inverter());
    return mine->invert(matrix, times);
  }

 private:
  [[nodiscard]] Session session() const {
    return {queue_.get(), arena_.get(), staging_.get(), library_.get()};
  }
  Result<Inverter*> inverter() {
    if (inverter_ == nullptr) {
      const Result<const SolverTable*> table =
          solver_ != nullptr ? solver_() : Error{Code::kNoDevice, "it is not asked for"};
      if (!table.ok())
        return Error{Code::kNoDevice, fmt::format("{} inverts matrices by cuSOLVER: {}",
                                                  queue_->name(), table.error().message)};
      BASCULE_ASSIGN(inverter_, Inverter::make(session(), **table));
    }
    return inverter_.get();
  }

  Target target_;
  CudaOptions options_;
  std::shared_ptr<Queue> queue_;
  std::shared_ptr<Arena> arena_;
  std::unique_ptr<Staging> staging_;
  std::unique_ptr<KernelLibrary> library_;
  SolverSource solver_;
  std::unique_ptr<Inverter> inverter_;  // null until something is inverted
  std::optional<ScoreTops> tops_;       // none until something is searched
};

}  // namespace

Result<std::unique_ptr<Device>> open_device(const Driver& driver, const Images& images, int ordinal,
                                            const CudaOptions& options,
                                            const Libraries& libraries) {
  const CudaInventory found = take_inventory(&driver, images, {});
  if (!found.why.empty()) return Error{Code::kNoDevice, found.why};
  const auto count = static_cast<int>(found.gpus.size());
  if (ordinal < 0 || ordinal >= count)
    return Error{Code::kNoDevice,
                 fmt::format("the NVIDIA driver finds {} GPU{}", count, count == 1 ? "" : "s")};
  const CudaGpu& gpu = found.gpus[static_cast<std::size_t>(ordinal)];
  if (!gpu.why.empty()) return Error{Code::kNoDevice, gpu.why};
  BASCULE_ASSIGN(std::shared_ptr<Queue> queue, Queue::open(driver, ordinal));
  BASCULE_ASSIGN(auto staging, Staging::make(queue));
  BASCULE_ASSIGN(auto library, KernelLibrary::load(queue, images.all, libraries));
  return std::unique_ptr<Device>(std::make_unique<CudaDevice>(
      std::move(queue), std::move(staging), std::move(library), options, libraries.solver));
}

}  // namespace cuda

Target cuda_target() {
  Target target;
  target.device = "cuda";
  target.alignment = 256;
  target.fp16 = true;
  target.fused = true;
  target.host_memory = false;
  target.supports = [](const Graph&, const Node& node) {
    return node.op->cases == nullptr || cuda::find_cuda_op(node) != nullptr;
  };
  return target;
}

Result<std::unique_ptr<Device>> make_cuda_device(int ordinal, const CudaOptions& options) {
  BASCULE_ASSIGN(const cuda::Driver* driver, cuda::system_driver());
  return cuda::open_device(*driver, cuda::kernel_images(), ordinal, options,
                           cuda::system_libraries());
}

}  // namespace bascule
