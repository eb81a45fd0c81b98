#pragma once
#include <string>
#include <vector>

#include <bascule/base/shape.h>
#include <bascule/run/variables.h>

namespace bascule::detail {

/// Of a network that recommends: an f32 variable that is trained.
struct ModelParameter {
  std::string name;
  Shape shape;
};

/// Makes them in the store, of zeros.
inline Status declare_parameters(const std::vector<ModelParameter>& parameters,
                                 VariableStore& store) {
  for (const ModelParameter& p : parameters)
    BASCULE_TRY(store.declare(p.name, f32(p.shape), VariableRole::kParameter));
  return {};
}

}  // namespace bascule::detail
