#include "recsys/vae_parameters.h"

#include <bascule/nn/initializer.h>

namespace bascule::detail {

Status initialize_vae(const VaeForm& form, std::uint64_t seed, VariableStore& store,
                      ThreadPool& pool) {
  using nn::Initializer;
  constexpr double kBiasScale = 0.001;
  for (const ModelParameter& p : vae_parameters(form)) {
    const bool weight = p.shape.rank() == 2;
    const Initializer kind = weight ? Initializer{Initializer::Kind::kGlorotUniform}
                                    : Initializer{Initializer::Kind::kNormal, kBiasScale};
    const nn::Fans fans = weight ? nn::Fans{p.shape[0], p.shape[1]} : nn::Fans{};
    std::vector<float> values(static_cast<std::size_t>(p.shape.count()));
    BASCULE_TRY(nn::initialize(kind, p.shape, fans, seed, nn::name_stream(p.name), values, pool));
    BASCULE_TRY(store.write(p.name, std::span<const float>(values)));
  }
  return {};
}

}  // namespace bascule::detail
