#pragma once
#include <bascule/tensor/compressed.h>

#include "devices/cuda/kernels/arguments.h"
#include "devices/cuda/session.h"

namespace bascule::cuda {

/// A sparse matrix on the GPU.
struct CompressedValues {
  Values<std::int64_t> offsets;
  Values<std::int32_t> indices;
  Values<float> values;

  static Result<CompressedValues> copy(const Session& session, const CompressedView& x) {
    const auto stored = static_cast<std::size_t>(x.nonzeros());
    CompressedValues there;
    BASCULE_ASSIGN(
        there.offsets,
        Values<std::int64_t>::copy(session, {x.offsets, static_cast<std::size_t>(x.majors) + 1}));
    BASCULE_ASSIGN(there.indices, Values<std::int32_t>::copy(session, {x.indices, stored}));
    BASCULE_ASSIGN(there.values, Values<float>::copy(session, {x.values, stored}));
    return there;
  }
  [[nodiscard]] SparseMatrix matrix() const {
    return {offsets.data(), indices.data(), values.data()};
  }
};

}  // namespace bascule::cuda
