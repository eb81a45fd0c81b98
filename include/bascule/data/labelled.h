#pragma once
// Labelled data sets: samples with a class or with target values, for networks.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <bascule/base/shape.h>
#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/data/read_report.h>
#include <bascule/tensor/buffer.h>

namespace bascule {

/// One part of a set: samples in the order of the file, features as the file holds them.
struct LabelledData {
  std::int64_t samples = 0;
  /// Of one sample: [F] for rows of numbers, [C, H, W] for images (grey ones have C = 1),
  /// [1, D, H, W] for volumes.
  Shape sample_shape;
  /// Features, [samples, sample_shape], outermost index first: `bytes` when the file holds bytes,
  /// else `floats`. The other is empty.
  Buffer<std::uint8_t> bytes;
  Buffer<float> floats;
  /// Classification: an index into `classes` per sample. Empty for regression.
  std::vector<std::int32_t> labels;
  std::vector<std::string> classes;
  /// Regression: [samples, target_width]. Empty for classification.
  std::vector<float> targets;
  std::int64_t target_width = 0;

  [[nodiscard]] bool holds_bytes() const { return bytes.size() > 0; }
};

/// A set in its parts. A file that knows no parts is all `train`.
struct LabelledSet {
  LabelledData train;
  LabelledData test;  ///< no samples when the set has no test part
  std::optional<LabelledData> valid;
  std::string format;  ///< one of `labelled_formats`
  std::string path;
  ReadReport report;  ///< rows are samples; malformed ones occur in csv and tsv alone
};

enum class LabelledTask {
  kClassification,
  kRegression,
  kNone  ///< csv and tsv: every column is a feature
};

struct LabelledReadOptions {
  LabelledTask task = LabelledTask::kClassification;
  /// One of `labelled_formats`, or "auto".
  std::string format = "auto";
  /// csv and tsv: the columns of the label or targets, by name or by 1-based number. Empty: the
  /// last one. Classification takes exactly one.
  std::vector<std::string> label_columns;
  /// The first malformed row is an error (kBadData) that names file and line.
  bool strict = false;
  /// A set with a test part is read without its others: `train` is empty, `valid` missing.
  bool test_only = false;
  /// Upper bound of bytes after decompression, per file.
  std::int64_t max_bytes = std::int64_t{16} << 30;
};

/// Reads `path`, a file or a folder (see find_set for known names).
/// - idx: a folder of {train,t10k|test,val}-{images,labels}-idx*-ubyte, or one images file whose
///   name says where its labels are;
/// - cifar-10: data_batch_*.bin and test_batch.bin (records of a label byte and 3,072 pixels);
/// - cifar-10-python: data_batch_* and test_batch, read as data only, nothing in them is executed;
/// - csv, tsv: one sample a row, numbers but for the class; classes are numbered in ascending order
///   (of number when all are integers, else of their bytes); a folder has {train,valid,test}.csv;
/// - npy: a folder of x_train, y_train, x_test, y_test (.npy), or X and y;
/// - npz: the same arrays in one archive, or train_images, train_labels, val_…, test_….
/// Arrays of rank 4 with 1, 3 or 4 as last extent and not as second are taken for [N, H, W, C].
/// Classes are named by the set where it names them (CIFAR-10, Fashion-MNIST), else by number.
/// Files may be compressed (gzip, xz, zstd). kBadData names the file and the byte or line; kUsage
/// for an unknown format or column.
Result<LabelledSet> read_labelled(const std::string& path, const LabelledReadOptions& options = {},
                                  ThreadPool& pool = default_pool());

/// Samples to predict for: a .npy array, an IDX file of images or the rows of a csv or tsv file,
/// all without labels; or of any labelled set its test part, or its training part where there is
/// none. Errors as read_labelled.
Result<LabelledData> read_samples(const std::string& path, const LabelledReadOptions& options = {},
                                  ThreadPool& pool = default_pool());

/// The format of a file or folder by its names, empty when it is none of `labelled_formats`.
std::string labelled_format(const std::string& path);
/// "idx", "cifar-10", "cifar-10-python", "csv", "tsv", "npy", "npz".
std::vector<std::string> labelled_formats();

}  // namespace bascule
