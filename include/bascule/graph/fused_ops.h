#pragma once
// Ops that only the fuse pass makes. Each stands for a few plain ops; the declaration in graph/ops
// is the same kind of entry, so they are judged, costed and printed like all others. None has a
// gradient: passes run after grad().
//
//   map                  inputs … → outputs …: a MapCode over elements; every input has the
//                        outputs' shape, or broadcasts to it as a scalar, as one row [N] or
//                        [1, …, N], or as one column [M, 1]
//   linear               x [M, K], w [K, N], (bias [N]) → y = act(x w + bias)
//                        attributes: activation (name of a one-operand ElementOp or ""), parameter
//   linear_input_grad    dy [M, N], w [K, N], (y or x of the layer before, [M, K]) → dx [M, K]
//                        = grad(dy wᵀ, y); attributes: activation (name of a *_grad ElementOp or
//                        ""), parameter
//   linear_weight_grad   x [M, K], dy [M, N] → xᵀ dy [K, N]
//   linear_update        x [M, K], dy [M, N], then the inputs of the optimizer's update op but its
//                        gradient (w, states …, lr, (step)) → that op's outputs for the gradient
//                        xᵀ dy; attributes: optimizer (name of the update op) and its attributes
//   sparse_update        the same for x [M, K] in CSR; w and its states are row-major
//   rows_update          values [N, D], indices [N], then as linear_update, for the gradient
//                        scatter_add_rows(values, indices); w [V, D] and its states are row-major
//   multi_update         of several weights by one optimizer: every weight followed by its states,
//                        every gradient, lr, (step), (gate) → every new weight and its states;
//                        attributes as linear_update
//   sparse_cross_entropy       logits [M, C], labels [M] → −log softmax(logits)[label], [M]
//   sparse_cross_entropy_grad  logits [M, C], labels [M], g [M] → g (softmax(logits) − one_hot)
//                        a label out of range: loss and gradient of the row are 0
#include <bascule/graph/element_op.h>
#include <bascule/graph/graph.h>

namespace bascule {

/// Weights of one multi_update at most.
inline constexpr std::size_t kMostMultiUpdates = 48;

/// A map node's program, and its attributes: "code" has five integers per instruction (ElementOp,
/// a, b, c, place of its parameter in "parameters" or −1), "results" the registers of the outputs.
MapCode map_code(const Node& map);
Attributes map_attributes(const MapCode& code);

}  // namespace bascule
