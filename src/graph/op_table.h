#pragma once
// The families of ops, one per file in graph/ops/.
#include <span>

#include <bascule/graph/op.h>

namespace bascule {

std::span<const OpInfo> source_ops();
std::span<const OpInfo> elementwise_ops();
std::span<const OpInfo> matmul_ops();

}  // namespace bascule
