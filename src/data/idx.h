#pragma once
// IDX, the format of MNIST: a magic number that says type and rank, big-endian sizes, elements.
#include <string>
#include <string_view>

#include <bascule/base/status.h>
#include <bascule/data/labelled.h>

#include "data/npy.h"

namespace bascule {

/// The array in `bytes`; kBadData with the byte when they are not exactly an IDX file.
Result<NpyView> read_idx(std::string_view bytes, const std::string& name);

/// A folder of image and label files, or one images file (then all is training part).
Status read_idx_set(const std::string& path, const LabelledReadOptions& options, ThreadPool& pool,
                    LabelledSet& set);
/// Does the folder hold an images file of a training part?
bool is_idx_folder(const std::string& folder);

}  // namespace bascule
