#pragma once
// CIFAR-10 in its binary and its Python version (A. Krizhevsky 2009,
// www.cs.toronto.edu/~kriz/cifar.html).
#include <string>
#include <string_view>

#include <bascule/base/status.h>
#include <bascule/data/labelled.h>

namespace bascule {

/// Reads data_batch_*.bin and test_batch.bin of a folder, or one such file as training part.
Status read_cifar_binary(const std::string& path, const LabelledReadOptions& options,
                         ThreadPool& pool, LabelledSet& set);
/// Reads the pickles data_batch_* and test_batch of a folder, or one such file as training part.
Status read_cifar_pickles(const std::string& path, const LabelledReadOptions& options,
                          ThreadPool& pool, LabelledSet& set);
bool is_cifar_binary_folder(const std::string& folder);
bool is_cifar_pickle_folder(const std::string& folder);

}  // namespace bascule
