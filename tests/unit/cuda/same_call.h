#pragma once
// Functions of tables against NVIDIA's declarations.
#include <type_traits>

#include "devices/cuda/library.h"

namespace bascule::cuda {

/// Are values of both types passed alike: as a pointer, or as a number of this size?
template <class Ours, class Theirs>
constexpr bool passed_alike() {
  if constexpr (std::is_pointer_v<Ours>) return std::is_pointer_v<Theirs>;
  // NOLINTNEXTLINE(bugprone-sizeof-expression): of types that are no pointers
  return !std::is_pointer_v<Theirs> && sizeof(Ours) == sizeof(Theirs);
}
template <class Our, class... Ours, class Their, class... Theirs>
constexpr bool same_call(Entry<Our(Ours...)>, Their (*)(Theirs...)) {
  if constexpr (sizeof...(Ours) == sizeof...(Theirs))
    return passed_alike<Our, Their>() && (passed_alike<Ours, Theirs>() && ...);
  return false;
}

}  // namespace bascule::cuda
