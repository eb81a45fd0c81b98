#include <algorithm>
#include <cmath>
#include <limits>

#include "devices/reference/loops.h"
#include "devices/reference/storage.h"

namespace bascule::reference {
namespace {

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<From, Bf16>) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, Bf16>) {
    return Bf16(static_cast<float>(value));
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    if (value != value) return 0;
    // The greatest integer may be no float; the power of two after it is one.
    constexpr From kEnd = -static_cast<From>(std::numeric_limits<To>::min());
    if (value < -kEnd) return std::numeric_limits<To>::min();
    const From rounded = std::nearbyint(value);
    return rounded >= kEnd ? std::numeric_limits<To>::max() : static_cast<To>(rounded);
  } else if constexpr (std::is_integral_v<To> && sizeof(To) < sizeof(From)) {
    return static_cast<To>(
        std::clamp<From>(value, std::numeric_limits<To>::min(), std::numeric_limits<To>::max()));
  } else {
    return static_cast<To>(value);
  }
}

template <class Real>
Loop cast(const LoopRequest& request) {
  const std::int64_t count = request.output().shape.count();
  return with_storage<Real>(
      request.inputs[0].dtype, [&]<class From>(std::type_identity<From>) -> Loop {
        return with_storage<Real>(
            request.output().dtype, [&]<class To>(std::type_identity<To>) -> Loop {
              return [count](const KernelArguments& arguments) {
                for (std::int64_t i = 0; i < count; ++i)
                  output<To>(arguments)[i] = convert<To>(input<From>(arguments, 0)[i]);
              };
            });
      });
}

}  // namespace

template <class Real>
std::vector<LoopEntry> cast_loops() {
  return {{"cast", cast<Real>}};
}
template std::vector<LoopEntry> cast_loops<float>();
template std::vector<LoopEntry> cast_loops<double>();

}  // namespace bascule::reference
