#pragma once
#include <span>
#include <vector>

#include <bascule/graph/graph.h>

namespace bascule {

/// Appends the nodes that compute d loss / d w for every w of `wrt` (reverse mode). The results are
/// ordinary values: they can be changed, clipped, differentiated again as far as their ops allow.
/// A value that `loss` does not depend on has the gradient 0. GraphError when `loss` is no f32
/// scalar or an op on the way has no gradient.
std::vector<Value> grad(const Value& loss, std::span<const Value> wrt);

}  // namespace bascule
