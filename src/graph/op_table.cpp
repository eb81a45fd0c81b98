// Every op there is. A new op is a declaration in graph/ops/ and a line here.
#include "graph/op_table.h"

#include <algorithm>
#include <cassert>
#include <map>

namespace bascule {
namespace {

const std::vector<const OpInfo*>& table() {
  static const std::vector<const OpInfo*> ops = [] {
    std::vector<const OpInfo*> all;
    for (const auto& family :
         {source_ops(), elementwise_ops(), matmul_ops(), shape_ops(), part_ops(), reduce_ops(),
          row_ops(), softmax_ops(), random_ops(), optimizer_ops(), multi_update_ops(), map_ops(),
          linear_ops(), cross_entropy_ops(), sparse_ops(), multinomial_ops()})
      for (const OpInfo& op : family) all.push_back(&op);
    return all;
  }();
  return ops;
}

}  // namespace

std::span<const OpInfo* const> all_ops() {
  return table();
}

const OpInfo* find_op(std::string_view name) {
  static const std::map<std::string_view, const OpInfo*> by_name = [] {
    std::map<std::string_view, const OpInfo*> names;
    for (const OpInfo* op : table()) {
      [[maybe_unused]] const bool fresh = names.emplace(op->name, op).second;
      assert(fresh);
    }
    return names;
  }();
  const auto at = by_name.find(name);
  return at == by_name.end() ? nullptr : at->second;
}

const OpInfo& get_op(std::string_view name) {
  const OpInfo* op = find_op(name);
  assert(op != nullptr);
  return *op;
}

double node_flops(const Node& node, std::span<const ValueType> inputs) {
  if (node.op->flops != nullptr) return node.op->flops(node, inputs);
  double elements = 0;
  for (const ValueType& type : node.outputs) elements += static_cast<double>(type.shape.count());
  return elements;
}

double node_bytes(const Node& node, std::span<const ValueType> inputs) {
  if (node.op->bytes != nullptr) return node.op->bytes(node, inputs);
  double bytes = 0;
  for (const ValueType& type : inputs) bytes += static_cast<double>(type.bytes());
  for (const ValueType& type : node.outputs) bytes += static_cast<double>(type.bytes());
  return bytes;
}

}  // namespace bascule
