#pragma once
// Features and labels as NumPy arrays: .npy files in a folder, or the members of one .npz.
#include <string>

#include <bascule/base/status.h>
#include <bascule/data/labelled.h>

namespace bascule {

Status read_npy_folder(const std::string& path, const LabelledReadOptions& options,
                       LabelledSet& set);
Status read_labelled_npz(const std::string& path, const LabelledReadOptions& options,
                         LabelledSet& set);
bool is_npy_folder(const std::string& folder);

}  // namespace bascule
