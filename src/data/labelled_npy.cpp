#include "data/labelled_npy.h"

#include <array>
#include <functional>
#include <string_view>

#include <fmt/format.h>

#include "data/folder.h"
#include "data/labelled_arrays.h"
#include "data/npz_archive.h"
#include "data/source.h"

namespace bascule {
namespace {

// Shapes of binary voxels shrink more than photographs do.
constexpr std::int64_t kMaxRatio = 200;

/// What the arrays of a set may be called. The training part comes first in each.
struct PartNames {
  std::string_view features, labels;
};
struct Naming {
  PartNames train, valid, test;
};
constexpr std::array<Naming, 4> kNamings = {
    {{{"x_train", "y_train"}, {"x_valid", "y_valid"}, {"x_test", "y_test"}},
     {{"X_train", "y_train"}, {"X_valid", "y_valid"}, {"X_test", "y_test"}},
     {{"train_images", "train_labels"},
      {"val_images", "val_labels"},
      {"test_images", "test_labels"}},
     {{"X", "y"}, {"", ""}, {"", ""}}}};

/// Where arrays come from.
struct ArrayStore {
  std::function<bool(std::string_view name)> has;
  /// Hands the array to `take` while its bytes live.
  using Take = std::function<Status(const NpyView& array, const std::string& where)>;
  std::function<Status(std::string_view name, const Take& take)> with;
};

Status read_part(const ArrayStore& store, const PartNames& names,
                 const LabelledReadOptions& options, LabelledData& part) {
  BASCULE_TRY(store.with(names.features, [&](const NpyView& array, const std::string& where) {
    return take_features(array, where, part);
  }));
  return store.with(names.labels, [&](const NpyView& array, const std::string& where) {
    return take_labels(array, where, options.task, part);
  });
}

Status read_parts(const ArrayStore& store, const LabelledReadOptions& options, LabelledSet& set) {
  for (const Naming& naming : kNamings) {
    if (!store.has(naming.train.features)) continue;
    const auto has = [&](const PartNames& names) {
      return !names.features.empty() && store.has(names.features);
    };
    if (!options.test_only || !has(naming.test)) {
      BASCULE_TRY(read_part(store, naming.train, options, set.train));
      if (has(naming.valid))
        BASCULE_TRY(read_part(store, naming.valid, options, set.valid.emplace()));
    }
    if (has(naming.test)) BASCULE_TRY(read_part(store, naming.test, options, set.test));
    return finish_set(set, {});
  }
  return bad_labelled(set.path, "holds no array x_train, X_train, train_images or X");
}

std::string npy_file(const std::string& folder, std::string_view name) {
  return find_file(folder, fmt::format("{}.npy", name));
}

}  // namespace

Status read_npy_folder(const std::string& path, const LabelledReadOptions& options,
                       LabelledSet& set) {
  ArrayStore store;
  store.has = [&](std::string_view name) { return !npy_file(path, name).empty(); };
  store.with = [&](std::string_view name, const ArrayStore::Take& take) -> Status {
    const std::string file = npy_file(path, name);
    if (file.empty()) return bad_labelled(path, fmt::format("holds no {}.npy", name));
    set.report.files.push_back(file);
    BASCULE_ASSIGN(const Source source, Source::open(file, options.max_bytes));
    BASCULE_ASSIGN(const NpyView array, read_npy(source.bytes(), file));
    return take(array, file);
  };
  return read_parts(store, options, set);
}

Status read_labelled_npz(const std::string& path, const LabelledReadOptions& options,
                         LabelledSet& set) {
  BASCULE_ASSIGN(NpzArchive archive, NpzArchive::open(path, options.max_bytes, kMaxRatio));
  set.report.files.push_back(path);
  ArrayStore store;
  store.has = [&](std::string_view name) {
    return archive.has(fmt::format("{}.npy", name).c_str());
  };
  store.with = [&](std::string_view name, const ArrayStore::Take& take) -> Status {
    const std::string member = fmt::format("{}.npy", name);
    BASCULE_ASSIGN(const std::string bytes, archive.member(member.c_str()));
    BASCULE_ASSIGN(const NpyView array, read_npy(bytes, archive.where(member.c_str())));
    return take(array, archive.where(member.c_str()));
  };
  return read_parts(store, options, set);
}

bool is_npy_folder(const std::string& folder) {
  for (const Naming& naming : kNamings)
    if (!npy_file(folder, naming.train.features).empty()) return true;
  return false;
}

}  // namespace bascule
