#include "devices/cuda/cuda_ops.h"

#include <algorithm>
#include <map>

#include <bascule/graph/op.h>

namespace bascule::cuda {
namespace {

/// Walks have so many axes.
bool fits_walks(const Node& node) {
  return std::all_of(node.outputs.begin(), node.outputs.end(),
                     [](const ValueType& type) { return type.shape.rank() <= kRank; });
}

}  // namespace

const CudaOp* find_cuda_op(const Node& node) {
  static const std::map<std::string_view, const CudaOp*> table = [] {
    std::map<std::string_view, const CudaOp*> by_name;
    for (const auto& family : {element_ops(), move_ops(), index_ops(), reduce_ops(), row_ops(),
                               random_ops(), update_ops(), product_ops(), sparse_ops()}) {
      for (const CudaOp& op : family) by_name.emplace(op.op, &op);
    }
    return by_name;
  }();
  const auto at = table.find(node.op->name);
  if (at == table.end() || !fits_walks(node)) return nullptr;
  const CudaOp* op = at->second;
  return op->supports == nullptr || op->supports(node) ? op : nullptr;
}

}  // namespace bascule::cuda
