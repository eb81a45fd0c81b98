#pragma once
// From arrays, as files of several formats hold them, to the features and labels of a part.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/data/labelled.h>

#include "data/npy.h"

namespace bascule {

/// Classes are numbered by the file itself up to this bound.
inline constexpr std::int64_t kMaxClasses = 65536;

Error bad_labelled(const std::string& name, std::string_view why);

/// Sets samples, sample_shape and bytes or floats. The first extent counts samples; see
/// read_labelled for how the others are understood. kBadData for an empty array, for one that is
/// not in C order and for a number that is not finite.
Status take_features(const NpyView& array, const std::string& name, LabelledData& part);

/// Sets labels, from integers [N] or [N, 1] that are class indices, or for regression targets, from
/// numbers [N] or [N, T]. kBadData when there are not as many as samples.
Status take_labels(const NpyView& array, const std::string& name, LabelledTask task,
                   LabelledData& part);

/// Gives all parts the same classes: `names`, or where there are none "0", "1", … up to the largest
/// label. kBadData when a label lies beyond the names, or when parts differ in the sample's shape,
/// in the type of the features or in the number of targets.
Status finish_set(LabelledSet& set, std::vector<std::string> names);

}  // namespace bascule
