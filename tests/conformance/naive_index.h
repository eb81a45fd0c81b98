#pragma once
// Tensors addressed by index tuples.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string_view>

#include <bascule/graph/ops.h>

#include "graph_interpreter.h"

namespace bascule::naive {

using Index = std::vector<std::int64_t>;
using Inputs = std::vector<Tensor>;

/// All index tuples of a shape in row-major order.
inline std::vector<Index> indices(const Shape& shape) {
  std::vector<Index> all = {{}};
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    std::vector<Index> longer;
    for (const Index& index : all) {
      for (std::int64_t i = 0; i < shape[axis]; ++i) {
        longer.push_back(index);
        longer.back().push_back(i);
      }
    }
    all = std::move(longer);
  }
  return all;
}

inline const double& at(const Tensor& tensor, const Index& index) {
  std::int64_t place = 0;
  for (std::size_t axis = 0; axis < tensor.type.shape.rank(); ++axis)
    place = place * tensor.type.shape[axis] + index[axis];
  return tensor.values[static_cast<std::size_t>(place)];
}
inline double& at(Tensor& tensor, const Index& index) {
  return const_cast<double&>(at(static_cast<const Tensor&>(tensor), index));
}

/// The element of a tensor that broadcasting puts at `index`.
inline double broadcast_at(const Tensor& tensor, const Index& index) {
  const Shape& shape = tensor.type.shape;
  Index own(index.end() - static_cast<std::ptrdiff_t>(shape.rank()), index.end());
  for (std::size_t axis = 0; axis < own.size(); ++axis)
    if (shape[axis] == 1) own[axis] = 0;
  return at(tensor, own);
}

/// Every element of the first output from its index.
inline Tensor from_index(const Node& node, const std::function<double(const Index&)>& element) {
  Tensor y = filled(node.outputs[0], 0);
  for (const Index& index : indices(y.type.shape)) at(y, index) = element(index);
  return y;
}

/// Element (i, j) of op(a) · op(b), where op transposes if asked to.
/// To eight binary digits.
inline double nearest_bf16(double x) {
  int exponent = 0;
  const double digits = std::frexp(x, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(digits, 8)), exponent - 8);
}
/// To eleven binary digits, and no finer than 2⁻²⁴.
inline double nearest_fp16(double x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  const int last = std::max(exponent - 11, -24);
  return std::ldexp(std::nearbyint(std::ldexp(x, -last)), last);
}
/// Element (i, j) of op(a) op(b), of which `node` may round the factors.
inline double product(const Node& node, const Tensor& a, bool ta, const Tensor& b, bool tb,
                      std::int64_t i, std::int64_t j) {
  double (*round)(double) = [](double x) { return x; };
  if (multiplies_bf16(node)) round = nearest_bf16;
  if (multiplies_fp16(node)) round = nearest_fp16;
  double sum = 0;
  for (std::int64_t p = 0; p < a.type.shape[ta ? 0 : 1]; ++p) {
    const double x = at(a, ta ? Index{p, i} : Index{i, p});
    const double y = at(b, tb ? Index{j, p} : Index{p, j});
    sum += round(x) * round(y);
  }
  return sum;
}

using Formula = std::vector<Tensor> (*)(const Node& node, const Inputs& x);
/// For ops with one output.
template <Tensor (*kFormula)(const Node&, const Inputs&)>
std::vector<Tensor> one(const Node& node, const Inputs& x) {
  return {kFormula(node, x)};
}

/// By op: those that compute rows, random values and updates.
std::map<std::string_view, Formula> row_formulas();

}  // namespace bascule::naive
