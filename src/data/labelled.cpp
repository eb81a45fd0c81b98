#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/data/labelled.h>

#include "data/cifar.h"
#include "data/idx.h"
#include "data/labelled_arrays.h"
#include "data/labelled_csv.h"
#include "data/labelled_npy.h"

namespace bascule {
namespace {

namespace fs = std::filesystem;

std::string file_format(const std::string& path) {
  fs::path name = fs::path(path).filename();
  if (name == ".gz" || name == ".xz") return {};
  for (const std::string_view packed : {".gz", ".xz", ".zst"})
    if (name.extension() == packed) name = name.stem();
  const std::string text = name.string();
  if (text.ends_with("-ubyte")) return "idx";
  if (text.starts_with("data_batch_") || text.starts_with("test_batch"))
    return text.ends_with(".bin") ? "cifar-10" : "cifar-10-python";
  for (const std::string_view format : {"csv", "tsv", "npz"})
    if (text.ends_with(fmt::format(".{}", format))) return std::string(format);
  return {};
}

std::string folder_format(const std::string& path) {
  if (is_idx_folder(path)) return "idx";
  if (is_cifar_binary_folder(path)) return "cifar-10";
  if (is_cifar_pickle_folder(path)) return "cifar-10-python";
  if (is_npy_folder(path)) return "npy";
  if (is_csv_folder(path)) return "csv";
  return {};
}

Status read_as(const std::string& format, const std::string& path,
               const LabelledReadOptions& options, ThreadPool& pool, LabelledSet& set) {
  if (format == "idx") return read_idx_set(path, options, pool, set);
  if (format == "cifar-10") return read_cifar_binary(path, options, pool, set);
  if (format == "cifar-10-python") return read_cifar_pickles(path, options, pool, set);
  if (format == "npy") return read_npy_folder(path, options, set);
  if (format == "npz") return read_labelled_npz(path, options, set);
  return read_labelled_csv(path, options, set);
}

}  // namespace

std::vector<std::string> labelled_formats() {
  return {"idx", "cifar-10", "cifar-10-python", "csv", "tsv", "npy", "npz"};
}

std::string labelled_format(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error) ? folder_format(path) : file_format(path);
}

Result<LabelledSet> read_labelled(const std::string& path, const LabelledReadOptions& options,
                                  ThreadPool& pool) {
  LabelledSet set;
  set.path = path;
  set.format = options.format;
  const std::vector<std::string> formats = labelled_formats();
  if (set.format == "auto") {
    std::error_code error;
    if (!fs::exists(path, error)) return bad_labelled(path, "is not there");
    set.format = labelled_format(path);
    if (set.format.empty())
      return bad_labelled(path, fmt::format("holds no known labelled set; the formats are {}",
                                            fmt::join(formats, ", ")));
  }
  if (std::find(formats.begin(), formats.end(), set.format) == formats.end())
    return Error{Code::kUsage, fmt::format("{}: there is no format \"{}\"; the formats are {}",
                                           path, set.format, fmt::join(formats, ", "))};
  set.report.format = set.format;
  BASCULE_TRY(read_as(set.format, path, options, pool, set));
  return set;
}

}  // namespace bascule
