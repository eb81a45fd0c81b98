#include "data/idx.h"

#include <array>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "data/folder.h"
#include "data/labelled_arrays.h"
#include "data/source.h"

namespace bascule {
namespace {

constexpr std::size_t kMaxRank = 4;

/// The element types by the third byte of the magic number.
std::string_view idx_dtype(unsigned char code) {
  switch (code) {
    case 0x08:
      return "|u1";
    case 0x09:
      return "|i1";
    case 0x0b:
      return ">i2";
    case 0x0c:
      return ">i4";
    case 0x0d:
      return ">f4";
    case 0x0e:
      return ">f8";
    default:
      return {};
  }
}

/// The two files of a part.
struct PartFiles {
  std::string images, labels;
};

/// Files are named as MNIST's; some mirrors write a dot for the second hyphen.
std::string find_idx(const std::string& folder, std::string_view part, std::string_view what,
                     std::size_t first_rank, std::size_t last_rank) {
  for (std::size_t rank = first_rank; rank <= last_rank; ++rank)
    for (const char mark : {'-', '.'})
      if (std::string file =
              find_file(folder, fmt::format("{}-{}{}idx{}-ubyte", part, what, mark, rank));
          !file.empty())
        return file;
  return {};
}

PartFiles part_files(const std::string& folder, std::string_view part) {
  return {find_idx(folder, part, "images", 2, kMaxRank), find_idx(folder, part, "labels", 1, 2)};
}

/// The labels that go with a file of images: the same name with "labels-idx1".
std::string labels_beside(const std::string& images) {
  const std::filesystem::path path(images);
  const std::string name = path.filename().string();
  const std::size_t at = name.find("images");
  if (at == std::string::npos) return {};
  const std::string folder = path.parent_path().empty() ? "." : path.parent_path().string();
  return find_idx(folder, at == 0 ? "" : name.substr(0, at - 1), "labels", 1, 2);
}

Status read_part(const PartFiles& files, const LabelledReadOptions& options, LabelledData& part) {
  BASCULE_ASSIGN(const Source images, Source::open(files.images, options.max_bytes));
  BASCULE_ASSIGN(const NpyView pixels, read_idx(images.bytes(), files.images));
  BASCULE_TRY(take_features(pixels, files.images, part));
  BASCULE_ASSIGN(const Source labels, Source::open(files.labels, options.max_bytes));
  BASCULE_ASSIGN(const NpyView classes, read_idx(labels.bytes(), files.labels));
  return take_labels(classes, files.labels, options.task, part);
}

std::vector<std::string> class_names(const std::string& path) {
  std::string name;
  for (const char c : std::filesystem::absolute(path).lexically_normal().string())
    if (c != '-' && c != '_' && c != ' ') name += (c >= 'A' && c <= 'Z') ? char(c - 'A' + 'a') : c;
  if (name.find("fashionmnist") == std::string::npos) return {};
  return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
          "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
}

}  // namespace

Result<NpyView> read_idx(std::string_view bytes, const std::string& name) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  if (bytes.size() < 4) return bad_labelled(name, fmt::format("ends at byte {}", bytes.size()));
  NpyHeader header;
  if (byte(0) != 0 || byte(1) != 0 || !set_npy_dtype(idx_dtype(byte(2)), header))
    return bad_labelled(name, "byte 0: not the magic number of an IDX file");
  const std::size_t rank = byte(3);
  if (rank < 1 || rank > kMaxRank)
    return bad_labelled(name, fmt::format("byte 3: rank {} is not within 1 and 4", rank));
  header.data_offset = 4 + 4 * rank;
  if (bytes.size() < header.data_offset)
    return bad_labelled(name, fmt::format("ends in its sizes, at byte {}", bytes.size()));
  for (std::size_t at = 4; at < header.data_offset; at += 4)
    header.shape.push_back(std::int64_t{byte(at)} << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 |
                           byte(at + 3));
  const std::string_view data = bytes.substr(header.data_offset);
  return npy_view(std::move(header), data, name);
}

Status read_idx_set(const std::string& path, const LabelledReadOptions& options, ThreadPool& pool,
                    LabelledSet& set) {
  struct Job {
    PartFiles files;
    LabelledData* part;
  };
  std::vector<Job> jobs;
  if (std::filesystem::is_directory(path)) {
    PartFiles test = part_files(path, "t10k");
    if (test.images.empty()) test = part_files(path, "test");
    const bool has_test = !test.images.empty();
    if (!options.test_only || !has_test) {
      jobs.push_back({part_files(path, "train"), &set.train});
      if (PartFiles valid = part_files(path, "val"); !valid.images.empty())
        jobs.push_back({std::move(valid), &set.valid.emplace()});
    }
    if (has_test) jobs.push_back({std::move(test), &set.test});
  } else {
    jobs.push_back({{path, labels_beside(path)}, &set.train});
  }
  for (const Job& job : jobs) {
    if (job.files.images.empty())
      return bad_labelled(path, "holds no file train-images-idx3-ubyte");
    if (job.files.labels.empty())
      return bad_labelled(job.files.images, "has no file of labels beside it");
    set.report.files.push_back(job.files.images);
    set.report.files.push_back(job.files.labels);
  }
  std::vector<Status> results(jobs.size());
  pool.run(static_cast<std::int64_t>(jobs.size()), [&](std::int64_t chunk, int) {
    const auto i = static_cast<std::size_t>(chunk);
    results[i] = read_part(jobs[i].files, options, *jobs[i].part);
  });
  for (Status& result : results) BASCULE_TRY(std::move(result));
  return finish_set(set, options.task == LabelledTask::kClassification
                             ? class_names(path)
                             : std::vector<std::string>());
}

bool is_idx_folder(const std::string& folder) {
  return !part_files(folder, "train").images.empty();
}

}  // namespace bascule
