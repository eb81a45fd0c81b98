#pragma once
// Samples as rows of numbers in a delimited file.
#include <string>

#include <bascule/base/status.h>
#include <bascule/data/labelled.h>

namespace bascule {

/// Reads a file as training part, or the files train, valid and test of a folder.
Status read_labelled_csv(const std::string& path, const LabelledReadOptions& options,
                         LabelledSet& set);
/// Does the folder hold a file train.csv or train.tsv?
bool is_csv_folder(const std::string& folder);

}  // namespace bascule
