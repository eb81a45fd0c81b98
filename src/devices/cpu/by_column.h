#pragma once
#include <cstdint>
#include <span>

#include <bascule/devices/sparse_product.h>
#include <bascule/tensor/compressed.h>

namespace bascule::detail {

/// Stored elements of the rows [first, last) of x, column by column, rows ascending and counted
/// from `first`: those of column j are entries[begin[j]] … entries[begin[j + 1] − 1]. `begin` has
/// x.minors + 2 elements, `entries` as many as the rows store.
void sort_by_column(const CompressedView& x, std::int64_t first, std::int64_t last,
                    std::span<std::int64_t> begin, SparseEntry* entries);

}  // namespace bascule::detail
