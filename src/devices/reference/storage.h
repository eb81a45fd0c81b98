#pragma once
// Which C++ type holds an element on a reference device whose real numbers are `Real`.
#include <cstdlib>
#include <type_traits>

#include <bascule/base/bf16.h>
#include <bascule/base/dtype.h>

namespace bascule::reference {

/// Calls use(std::type_identity<T>{}) with the type that holds elements of `dtype`, which is one of
/// those that ops admit.
template <class Real, class Use>
auto with_storage(DType dtype, const Use& use) {
  switch (dtype) {
    case DType::kF32:
      return use(std::type_identity<Real>{});
    case DType::kBf16:
      return use(
          std::type_identity<std::conditional_t<std::is_same_v<Real, double>, double, Bf16>>{});
    case DType::kI32:
      return use(std::type_identity<std::int32_t>{});
    case DType::kI64:
      return use(std::type_identity<std::int64_t>{});
    default:
      std::abort();  // no op has such values
  }
}

}  // namespace bascule::reference
