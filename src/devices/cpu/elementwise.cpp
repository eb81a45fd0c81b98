// Element-wise ops and maps: a program over registers of a block of elements each, which stay in
// the first cache. Inputs are read, and results written, where they lie.
#include <algorithm>
#include <vector>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/op.h>

#include "devices/cpu/map_kernel.h"
#include "devices/cpu/operand.h"

namespace bascule::detail {
namespace {

constexpr std::int64_t kBlock = 1024;
constexpr double kCostlyFlops = 20;  // per element, from which smaller chunks pay

MapCode single(const ElementOpInfo& info, const Attributes& attributes) {
  MapInstruction instruction{info.op, 0, 1, 2};
  if (info.parameter) instruction.parameter = attributes.number("parameter");
  return {info.operands, {instruction}, {info.operands}};
}

class MapKernel final : public Kernel {
 public:
  MapKernel(const CpuContext& context, MapCode code, const KernelRequest& request)
      : context_(context), code_(std::move(code)) {
    const Shape& shape = request.node.outputs[0].shape;
    count_ = shape.count();
    for (const ValueType& type : request.inputs) {
      operands_.emplace_back(type.shape, shape);
      // Whole tiles in a block: then it is laid out once and for all.
      const std::int64_t tile = operands_.back().tile();
      if (tile > 0 && tile <= kBlock && block_ == kBlock) block_ = kBlock / tile * tile;
    }
    double flops = 0;
    for (const MapInstruction& one : code_.instructions) flops += element_op_info(one.op).flops;
    const std::int64_t wanted = flops >= kCostlyFlops ? kCostlyChunk : kChunk;
    chunk_ = (wanted + block_ - 1) / block_ * block_;
    find_last_uses();
    assign_slots();
    const auto threads = static_cast<std::size_t>(context.pool.threads());
    registers_.resize(threads * registers());
    deferred_.resize(code_.outputs.size());
  }

  [[nodiscard]] std::int64_t workspace_bytes() const override {
    return context_.pool.threads() * slots_ * kSlot * static_cast<std::int64_t>(sizeof(float));
  }
  [[nodiscard]] std::string description() const override {
    return std::string(context_.vector.name) + " map of " +
           std::to_string(code_.instructions.size());
  }

  void launch(const KernelArguments& arguments) override {
    defer_overwriting(arguments);
    for_chunks(context_.pool, count_, chunk_,
               [&](std::int64_t begin, std::int64_t end, int thread) {
                 run(arguments, begin, end, thread);
               });
  }

 private:
  static constexpr std::int64_t kSlot = kBlock + Operand::kOverrun;

  [[nodiscard]] std::size_t inputs() const { return operands_.size(); }
  [[nodiscard]] std::size_t registers() const { return inputs() + code_.instructions.size(); }

  /// The last instruction that reads each register; one beyond the last when it is a result.
  void find_last_uses() {
    last_use_.assign(registers(), -1);
    for (std::size_t k = 0; k < code_.instructions.size(); ++k) {
      const MapInstruction& one = code_.instructions[k];
      const std::int32_t reads[] = {one.a, one.b, one.c};
      for (int o = 0; o < element_op_info(one.op).operands; ++o)
        last_use_[static_cast<std::size_t>(reads[o])] = static_cast<std::int64_t>(k);
    }
    for (const std::int32_t result : code_.outputs)
      last_use_[static_cast<std::size_t>(result)] =
          static_cast<std::int64_t>(code_.instructions.size());
  }

  /// Registers take over the slots of others that are not read any more, so that few are in use.
  void assign_slots() {
    slot_.assign(registers(), -1);
    for (std::size_t i = 0; i < inputs(); ++i) {
      if (!operands_[i].full()) slot_[i] = slots_++;
    }
    std::vector<std::int64_t> free;
    for (std::size_t k = 0; k < code_.instructions.size(); ++k) {
      for (std::size_t r = inputs(); r < inputs() + k; ++r) {
        if (last_use_[r] == static_cast<std::int64_t>(k) - 1) free.push_back(slot_[r]);
      }
      if (free.empty()) free.push_back(slots_++);
      slot_[inputs() + k] = free.back();
      free.pop_back();
    }
  }

  /// A result must not be written over an input that a later instruction reads.
  void defer_overwriting(const KernelArguments& arguments) {
    for (std::size_t o = 0; o < code_.outputs.size(); ++o) {
      const std::int64_t made = code_.outputs[o] - static_cast<std::int64_t>(inputs());
      bool defer = made < 0 || std::find(code_.outputs.begin(), code_.outputs.begin() + o,
                                         code_.outputs[o]) != code_.outputs.begin() + o;
      for (std::size_t i = 0; i < inputs(); ++i)
        defer = defer || (arguments.inputs[i] == arguments.outputs[o] && last_use_[i] > made);
      deferred_[o] = defer;
    }
  }

  void run(const KernelArguments& arguments, std::int64_t begin, std::int64_t end, int thread) {
    float* scratch =
        static_cast<float*>(arguments.workspace) + std::int64_t{thread} * slots_ * kSlot;
    const auto slot = [&](std::size_t r) { return scratch + slot_[r] * kSlot; };
    const float** r = registers_.data() + static_cast<std::size_t>(thread) * registers();
    for (std::size_t i = 0; i < inputs(); ++i) {
      if (operands_[i].same_for_blocks_of(block_))
        r[i] = operands_[i].read(input<float>(arguments, i), begin, std::min(block_, end - begin),
                                 slot(i));
    }
    for (std::int64_t at = begin; at < end; at += block_) {
      const std::int64_t n = std::min(block_, end - at);
      for (std::size_t i = 0; i < inputs(); ++i) {
        if (!operands_[i].same_for_blocks_of(block_))
          r[i] = operands_[i].read(input<float>(arguments, i), at, n, slot(i));
      }
      step(arguments, r, at, n, slot);
    }
  }

  template <class Slot>
  void step(const KernelArguments& arguments, const float** r, std::int64_t at, std::int64_t n,
            const Slot& slot) {
    for (std::size_t k = 0; k < code_.instructions.size(); ++k) {
      const MapInstruction& one = code_.instructions[k];
      float* to = slot(inputs() + k);
      for (std::size_t o = 0; o < code_.outputs.size(); ++o) {
        if (!deferred_[o] && static_cast<std::size_t>(code_.outputs[o]) == inputs() + k)
          to = output<float>(arguments, o) + at;
      }
      const int operands = element_op_info(one.op).operands;
      context_.vector.elements[static_cast<std::size_t>(one.op)](
          r[one.a], operands > 1 ? r[one.b] : nullptr, operands > 2 ? r[one.c] : nullptr, to, n,
          one.parameter);
      r[inputs() + k] = to;
    }
    // Inputs that are results first: what comes after may be written over them.
    for (const bool of_input : {true, false}) {
      for (std::size_t o = 0; o < code_.outputs.size(); ++o) {
        const auto result = static_cast<std::size_t>(code_.outputs[o]);
        if (deferred_[o] && (result < inputs()) == of_input)
          std::copy_n(r[result], n, output<float>(arguments, o) + at);
      }
    }
  }

  CpuContext context_;
  MapCode code_;
  std::vector<Operand> operands_;
  std::int64_t count_ = 0, block_ = kBlock, chunk_ = kChunk, slots_ = 0;
  std::vector<std::int64_t> last_use_, slot_;  // by register
  std::vector<bool> deferred_;                 // by output: copied at the end of a block
  std::vector<const float*> registers_;        // by thread and register
};

std::unique_ptr<Kernel> make_element(const CpuContext& context, const KernelRequest& request) {
  const ElementOpInfo& info = *find_element_op(request.node.op->name);
  return make_map_kernel(context, single(info, request.node.attributes), request);
}
std::unique_ptr<Kernel> make_map(const CpuContext& context, const KernelRequest& request) {
  return make_map_kernel(context, map_code(request.node), request);
}

}  // namespace

std::unique_ptr<Kernel> make_map_kernel(const CpuContext& context, MapCode code,
                                        const KernelRequest& request) {
  return std::make_unique<MapKernel>(context, std::move(code), request);
}

std::span<const CpuOp> cpu_element_ops() {
  static const std::vector<CpuOp> ops = [] {
    std::vector<CpuOp> all{{"map", make_map}};
    for (const ElementOpInfo& info : element_ops()) all.push_back({info.name, make_element});
    return all;
  }();
  return ops;
}

}  // namespace bascule::detail
