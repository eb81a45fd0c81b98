#include "data/cifar.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "data/folder.h"
#include "data/labelled_arrays.h"
#include "data/npy.h"
#include "data/pickle.h"
#include "data/source.h"
#include "data/text.h"

namespace bascule {
namespace {

constexpr std::int64_t kPixels = 3072;
constexpr std::int64_t kRecord = 1 + kPixels;
constexpr int kMaxBatches = 99;  // of the training part; the published set has 5

std::vector<std::string> default_classes() {
  return {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
}

/// One file and where its samples go.
struct BatchFile {
  std::string path;
  bool test = false;
  std::optional<Source> source;
  std::optional<Pickle> pickle;      // of a pickle: what is in it
  std::string_view pixels;           // of a pickle: its features
  std::vector<std::int32_t> labels;  // of a pickle
  std::int64_t samples = 0;
  std::int64_t first = 0;  // sample of its part
};

std::vector<BatchFile> batch_files(const std::string& path, std::string_view ending,
                                   bool test_only) {
  std::vector<BatchFile> files;
  if (!std::filesystem::is_directory(path)) {
    files.emplace_back().path = path;
    return files;
  }
  for (int i = 1; i <= kMaxBatches; ++i) {
    std::string file = find_file(path, fmt::format("data_batch_{}{}", i, ending));
    if (file.empty()) break;
    files.emplace_back().path = std::move(file);
  }
  if (std::string file = find_file(path, fmt::format("test_batch{}", ending)); !file.empty()) {
    if (test_only) files.clear();
    files.emplace_back().path = std::move(file);
    files.back().test = true;
  }
  return files;
}

/// Runs `body` on every file; the first failure in file order counts.
template <class Body>
Status for_each_file(std::vector<BatchFile>& files, ThreadPool& pool, const Body& body) {
  std::vector<Status> results(files.size());
  pool.run(static_cast<std::int64_t>(files.size()), [&](std::int64_t chunk, int) {
    const auto i = static_cast<std::size_t>(chunk);
    results[i] = body(files[i]);
  });
  for (Status& result : results) BASCULE_TRY(std::move(result));
  return {};
}

/// Room for the samples of all files.
Status allocate(std::vector<BatchFile>& files, const std::string& path, bool test_only,
                LabelledSet& set) {
  for (BatchFile& file : files) {
    LabelledData& part = file.test ? set.test : set.train;
    file.first = part.samples;
    part.samples += file.samples;
    set.report.files.push_back(file.path);
  }
  if (set.train.samples == 0 && !(test_only && set.test.samples > 0))
    return bad_labelled(path, "holds no training batch");
  for (LabelledData* part : {&set.train, &set.test}) {
    if (part->samples == 0) continue;
    part->sample_shape = Shape({3, 32, 32});
    const auto samples = static_cast<std::size_t>(part->samples);
    BASCULE_ASSIGN(part->bytes, Buffer<std::uint8_t>::make(samples * kPixels));
    part->labels.resize(samples);
  }
  return {};
}

Status open_records(BatchFile& file, std::int64_t max_bytes) {
  BASCULE_ASSIGN(file.source, Source::open(file.path, max_bytes));
  const auto size = static_cast<std::int64_t>(file.source->bytes().size());
  if (size == 0 || size % kRecord != 0)
    return bad_labelled(file.path,
                        fmt::format("{} bytes are not whole records of {}: the last begins at byte "
                                    "{}",
                                    size, kRecord, size / kRecord * kRecord));
  file.samples = size / kRecord;
  return {};
}

Status copy_records(BatchFile& file, std::size_t classes, LabelledSet& set) {
  LabelledData& part = file.test ? set.test : set.train;
  const char* record = file.source->bytes().data();
  for (std::int64_t i = 0; i < file.samples; ++i, record += kRecord) {
    const auto label = static_cast<unsigned char>(record[0]);
    if (label >= classes)
      return bad_labelled(file.path, fmt::format("byte {}: label {} is out of range, there are {} "
                                                 "classes",
                                                 i * kRecord, label, classes));
    part.labels[static_cast<std::size_t>(file.first + i)] = label;
    std::memcpy(part.bytes.data() + (file.first + i) * kPixels, record + 1, kPixels);
  }
  file.source.reset();
  return {};
}

/// The lines of batches.meta.txt, or the published names when there is no such file.
Result<std::vector<std::string>> binary_classes(const std::string& path) {
  const std::string meta =
      std::filesystem::is_directory(path) ? find_file(path, "batches.meta.txt") : std::string();
  if (meta.empty()) return default_classes();
  BASCULE_ASSIGN(const Source source, Source::open(meta, 1 << 20));
  std::vector<std::string> names;
  LineCursor lines(source.bytes(), newline_of(source.bytes()));
  for (std::string_view line; lines.next(line);)
    if (!line.empty()) names.push_back(excerpt(line));
  if (names.empty() || names.size() > 256) return bad_labelled(meta, "does not name the classes");
  return names;
}

/// Checks the arrays of one pickled batch: a dict of `data` and `labels`.
Status open_pickle(BatchFile& file, std::int64_t max_bytes) {
  BASCULE_ASSIGN(file.source, Source::open(file.path, max_bytes));
  BASCULE_ASSIGN(file.pickle, Pickle::read(file.source->bytes(), file.path));
  const PickleValue* data = file.pickle->find("data");
  const PickleValue* labels = file.pickle->find("labels");
  if (data == nullptr || labels == nullptr)
    return bad_labelled(file.path, "is not a dict with the keys data and labels");
  const NpyView* pixels = file.pickle->array(*data);
  if (pixels == nullptr || pixels->header.kind != 'u' || pixels->header.item_size != 1 ||
      pixels->header.fortran_order || pixels->header.shape.size() != 2 ||
      pixels->header.shape[1] != kPixels || pixels->header.shape[0] == 0)
    return bad_labelled(file.path, "data is not an array of bytes [samples, 3072]");
  file.samples = pixels->header.shape[0];
  file.pixels = pixels->data;
  BASCULE_ASSIGN(const auto values, file.pickle->integers(*labels));
  if (static_cast<std::int64_t>(values.size()) != file.samples)
    return bad_labelled(file.path,
                        fmt::format("{} labels for {} images", values.size(), file.samples));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0 || values[i] > 255)
      return bad_labelled(file.path,
                          fmt::format("label {} of image {} is out of range", values[i], i));
    file.labels.push_back(static_cast<std::int32_t>(values[i]));
  }
  return {};
}

Status copy_pickle(BatchFile& file, LabelledSet& set) {
  LabelledData& part = file.test ? set.test : set.train;
  std::copy(file.labels.begin(), file.labels.end(), part.labels.begin() + file.first);
  std::memcpy(part.bytes.data() + file.first * kPixels, file.pixels.data(), file.pixels.size());
  file.source.reset();
  return {};
}

Result<std::vector<std::string>> pickle_classes(const std::string& path) {
  const std::string meta =
      std::filesystem::is_directory(path) ? find_file(path, "batches.meta") : std::string();
  if (meta.empty()) return default_classes();
  BASCULE_ASSIGN(const Source source, Source::open(meta, 1 << 20));
  BASCULE_ASSIGN(const Pickle pickle, Pickle::read(source.bytes(), meta));
  const PickleValue* names = pickle.find("label_names");
  if (names == nullptr || names->kind != PickleValue::Kind::kList || names->items.empty() ||
      names->items.size() > 256)
    return bad_labelled(meta, "does not list the classes as label_names");
  std::vector<std::string> classes;
  for (const std::uint32_t item : names->items) {
    const PickleValue& name = pickle.at(item);
    if (name.kind != PickleValue::Kind::kText)
      return bad_labelled(meta, "label_names holds something that is not a text");
    classes.push_back(excerpt(name.text));
  }
  return classes;
}

Status classes_only(const std::string& path, const LabelledReadOptions& options) {
  if (options.task == LabelledTask::kClassification) return {};
  return {Code::kUsage, fmt::format("{}: CIFAR-10 holds classes, no targets to regress on", path)};
}

}  // namespace

Status read_cifar_binary(const std::string& path, const LabelledReadOptions& options,
                         ThreadPool& pool, LabelledSet& set) {
  BASCULE_TRY(classes_only(path, options));
  BASCULE_ASSIGN(std::vector<std::string> classes, binary_classes(path));
  std::vector<BatchFile> files = batch_files(path, ".bin", options.test_only);
  BASCULE_TRY(for_each_file(
      files, pool, [&](BatchFile& file) { return open_records(file, options.max_bytes); }));
  BASCULE_TRY(allocate(files, path, options.test_only, set));
  BASCULE_TRY(for_each_file(
      files, pool, [&](BatchFile& file) { return copy_records(file, classes.size(), set); }));
  return finish_set(set, std::move(classes));
}

Status read_cifar_pickles(const std::string& path, const LabelledReadOptions& options,
                          ThreadPool& pool, LabelledSet& set) {
  BASCULE_TRY(classes_only(path, options));
  BASCULE_ASSIGN(std::vector<std::string> classes, pickle_classes(path));
  std::vector<BatchFile> files = batch_files(path, "", options.test_only);
  BASCULE_TRY(for_each_file(files, pool,
                            [&](BatchFile& file) { return open_pickle(file, options.max_bytes); }));
  BASCULE_TRY(allocate(files, path, options.test_only, set));
  BASCULE_TRY(for_each_file(files, pool, [&](BatchFile& file) { return copy_pickle(file, set); }));
  return finish_set(set, std::move(classes));
}

bool is_cifar_binary_folder(const std::string& folder) {
  return !find_file(folder, "data_batch_1.bin").empty();
}

bool is_cifar_pickle_folder(const std::string& folder) {
  return !find_file(folder, "data_batch_1").empty();
}

}  // namespace bascule
