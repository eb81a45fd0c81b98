// Other element types, rounded to nearest even. Integers take the nearest value that they can hold,
// 0 for NaN.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include <bascule/graph/op.h>

#include "devices/cpu/cpu_kernels.h"

namespace bascule::detail {
namespace {

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<From, Bf16>) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, Bf16>) {
    return Bf16(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // 2³¹ or 2⁶³, which is a float although the greatest integer is not.
    constexpr From kEnd = -static_cast<From>(std::numeric_limits<To>::min());
    const From whole = std::nearbyint(value);
    if (whole >= kEnd) return std::numeric_limits<To>::max();
    if (whole < -kEnd) return std::numeric_limits<To>::min();
    return whole == whole ? static_cast<To>(whole) : 0;
  } else if constexpr (std::is_same_v<To, std::int32_t>) {
    using Limits = std::numeric_limits<To>;
    return static_cast<To>(std::clamp<std::int64_t>(value, Limits::min(), Limits::max()));
  } else {
    return static_cast<To>(value);
  }
}

template <class To, class From>
void convert_all(const VectorKernels& kernels, const From* from, To* to, std::int64_t n) {
  if constexpr (std::is_same_v<To, From>) {
    std::memmove(to, from, static_cast<std::size_t>(n) * sizeof(To));
  } else if constexpr (std::is_same_v<From, float> && std::is_same_v<To, Bf16>) {
    kernels.to_bf16(from, to, n);
  } else if constexpr (std::is_same_v<From, Bf16> && std::is_same_v<To, float>) {
    kernels.from_bf16(from, to, n);
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i] = convert<To>(from[i]);
  }
}

template <class From, class To>
std::unique_ptr<Kernel> cast_kernel(const CpuContext& context, const KernelRequest& request) {
  return make_kernel(
      context.vector.name, 0,
      [context, count = request.inputs[0].shape.count()](const KernelArguments& arguments) {
        for_chunks(context.pool, count, kChunk, [&](std::int64_t begin, std::int64_t end, int) {
          convert_all(context.vector, input<From>(arguments, 0) + begin,
                      output<To>(arguments) + begin, end - begin);
        });
      });
}

template <class From>
std::unique_ptr<Kernel> cast_from(const CpuContext& context, const KernelRequest& request) {
  switch (request.node.outputs[0].dtype) {
    case DType::kF32:
      return cast_kernel<From, float>(context, request);
    case DType::kBf16:
      return cast_kernel<From, Bf16>(context, request);
    case DType::kI32:
      return cast_kernel<From, std::int32_t>(context, request);
    case DType::kI64:
      return cast_kernel<From, std::int64_t>(context, request);
    default:
      return nullptr;
  }
}

std::unique_ptr<Kernel> cast(const CpuContext& context, const KernelRequest& request) {
  switch (request.inputs[0].dtype) {
    case DType::kF32:
      return cast_from<float>(context, request);
    case DType::kBf16:
      return cast_from<Bf16>(context, request);
    case DType::kI32:
      return cast_from<std::int32_t>(context, request);
    case DType::kI64:
      return cast_from<std::int64_t>(context, request);
    default:
      return nullptr;
  }
}

}  // namespace

std::span<const CpuOp> cpu_cast_ops() {
  static const std::array ops = {CpuOp{"cast", cast}};
  return ops;
}

}  // namespace bascule::detail
