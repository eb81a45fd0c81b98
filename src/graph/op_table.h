#pragma once
// The families of ops, one per file in graph/ops/.
#include <span>

#include <bascule/graph/op.h>

namespace bascule {

std::span<const OpInfo> source_ops();
std::span<const OpInfo> elementwise_ops();
std::span<const OpInfo> matmul_ops();
std::span<const OpInfo> shape_ops();
std::span<const OpInfo> part_ops();
std::span<const OpInfo> reduce_ops();
std::span<const OpInfo> row_ops();
std::span<const OpInfo> softmax_ops();
std::span<const OpInfo> random_ops();
std::span<const OpInfo> optimizer_ops();
std::span<const OpInfo> multi_update_ops();
std::span<const OpInfo> map_ops();
std::span<const OpInfo> linear_ops();
std::span<const OpInfo> cross_entropy_ops();
std::span<const OpInfo> sparse_ops();
std::span<const OpInfo> multinomial_ops();

}  // namespace bascule
