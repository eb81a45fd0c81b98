#include <filesystem>

#include <fmt/format.h>

#include <bascule/data/labelled.h>

#include "data/idx.h"
#include "data/labelled_arrays.h"
#include "data/source.h"

namespace bascule {
namespace {

/// The name without the ending of a compressed file.
std::string plain_name(const std::string& path) {
  std::filesystem::path name = std::filesystem::path(path).filename();
  for (const std::string_view packed : {".gz", ".xz", ".zst"})
    if (name.extension() == packed) name = name.stem();
  return name.string();
}

using ReadArray = Result<NpyView> (*)(std::string_view bytes, const std::string& name);

Result<LabelledData> read_array(const std::string& path, std::int64_t max_bytes, ReadArray read) {
  BASCULE_ASSIGN(const Source source, Source::open(path, max_bytes));
  BASCULE_ASSIGN(const NpyView array, read(source.bytes(), path));
  LabelledData data;
  BASCULE_TRY(take_features(array, path, data));
  return data;
}

}  // namespace

Result<LabelledData> read_samples(const std::string& path, const LabelledReadOptions& options,
                                  ThreadPool& pool) {
  std::error_code error;
  const bool folder = std::filesystem::is_directory(path, error);
  const std::string name = plain_name(path);
  if (!folder && name.ends_with(".npy")) return read_array(path, options.max_bytes, read_npy);
  if (!folder && labelled_format(path) == "idx")
    return read_array(path, options.max_bytes, read_idx);
  LabelledReadOptions rest = options;
  rest.test_only = true;
  const bool rows = name.ends_with(".csv") || name.ends_with(".tsv");
  if (!folder && rows && options.label_columns.empty()) rest.task = LabelledTask::kNone;
  BASCULE_ASSIGN(LabelledSet set, read_labelled(path, rest, pool));
  return std::move(set.test.samples > 0 ? set.test : set.train);
}

}  // namespace bascule
