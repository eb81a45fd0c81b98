#pragma once
// First values of parameters, under the names and by the formulas of PyTorch, Keras and Lasagne, so
// that published results can be reproduced.
//
//   zeros, ones, constant(c), uniform(a): U(−a, a), normal(σ)
//   glorot_uniform    U(±√(6 / (in + out))); also xavier_uniform. Default of Keras' Dense and of
//                     Lasagne's DenseLayer. X. Glorot, Y. Bengio, AISTATS 2010, equation 16.
//   glorot_normal     σ = √(2 / (in + out)), truncated as Keras does; xavier_normal is PyTorch's,
//                     not truncated
//   he_uniform        U(±√(6 / in)); also kaiming_uniform. K. He et al., ICCV 2015, equation 10.
//   he_normal         σ = √(2 / in), truncated; kaiming_normal is PyTorch's, not truncated
//   lecun_uniform     U(±√(3 / in));  lecun_normal  σ = √(1 / in), truncated
//   torch_linear      U(±1 / √in): weight and bias of PyTorch's nn.Linear
//   orthogonal        orthonormal columns, or rows where there are fewer of them (A. Saxe et al.,
//                     ICLR 2014)
//
// Truncated: a standard normal drawn again while |z| > 2, times σ / 0.8796…, which restores σ.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/shape.h>
#include <bascule/base/status.h>
#include <bascule/base/threads.h>

namespace bascule::nn {

struct Initializer {
  enum class Kind : std::uint8_t {
    kConstant,
    kUniform,
    kNormal,
    kGlorotUniform,
    kGlorotNormal,
    kXavierNormal,
    kHeUniform,
    kHeNormal,
    kKaimingNormal,
    kLecunUniform,
    kLecunNormal,
    kTorchLinear,
    kOrthogonal
  };
  Kind kind = Kind::kConstant;
  double parameter = 0;  ///< of constant, uniform and normal
  bool operator==(const Initializer&) const = default;
};

/// "glorot_uniform", "constant(0.1)"; kUsage, with the nearest known name, for anything else.
Result<Initializer> parse_initializer(std::string_view text);

/// Connections into and out of a unit.
struct Fans {
  std::int64_t in = 1, out = 1;
};

/// Fills `values` (of `shape`, row-major). A pure function of its arguments: element i depends on
/// (seed, stream, i) alone, but for orthogonal, which wants a matrix (kUsage).
Status initialize(const Initializer& initializer, const Shape& shape, Fans fans, std::uint64_t seed,
                  std::uint64_t stream, std::span<float> values, ThreadPool& pool = default_pool());

/// The stream of a variable: its name hashed (FNV-1a), so that it does not depend on other layers.
std::uint64_t name_stream(std::string_view name);

}  // namespace bascule::nn
