#pragma once
// The training interactions as tensors of a model file. Every saved recommender has them beside its
// own tensors: they are the users' histories, what exact queries read, and what evaluate splits.
#include <span>

#include <bascule/base/status.h>
#include <bascule/tensor/compressed.h>
#include <bascule/tensor/safetensors.h>

namespace bascule {

/// The interactions of a file, borrowed from it.
struct StoredInteractions {
  CompressedView matrix;               ///< users × items
  std::span<const std::int64_t> time;  ///< per non-zero, or empty
};

/// Adds interactions.offsets, .indices, .values and, unless empty, .time, and puts the number of
/// items into the metadata. The arrays are borrowed until the file is written.
void save_interactions(SafetensorsWriter& writer, const CompressedView& matrix,
                       std::span<const std::int64_t> time);
/// kBadData unless they form a sound matrix.
Result<StoredInteractions> load_interactions(const SafetensorsFile& file);

}  // namespace bascule
