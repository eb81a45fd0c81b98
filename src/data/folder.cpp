#include "data/folder.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

namespace bascule {
namespace {

namespace fs = std::filesystem;

// Files that make a set on their own, in the order of preference.
constexpr std::array<std::string_view, 9> kSingleFiles = {"BX-Book-Ratings.csv",
                                                          "layout/BX-Book-Ratings.csv",
                                                          "ratings.dat",
                                                          "ratings.csv",
                                                          "u.data",
                                                          "netflix-user-ratings-10k.csv",
                                                          "ratings.tsv",
                                                          "ratings.txt",
                                                          "ratings.npz"};

// Files that make a set together; the first must be there.
constexpr std::array<std::string_view, 2> kBookCrossing = {"BX-Ratings.csv",
                                                           "BX-NewBooksRatings.csv"};
constexpr std::array<std::string_view, 3> kParts = {"train", "valid", "test"};

// Where the many files of the Netflix Prize lie.
constexpr std::array<std::string_view, 4> kNetflixFolders = {"", "training_set",
                                                             "download/training_set", "layout"};

std::vector<std::string> netflix_files(const std::string& folder) {
  for (const std::string_view sub : kNetflixFolders) {
    std::vector<std::string> files;
    std::error_code error;
    for (fs::directory_iterator entry(fs::path(folder) / sub, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if ((name.starts_with("mv_") || name.starts_with("combined_data_")) &&
          name.find(".txt") != std::string::npos)
        files.push_back(entry->path().string());
    }
    std::sort(files.begin(), files.end());
    if (!files.empty()) return files;
  }
  return {};
}

template <class Names>
std::vector<std::string> present(const std::string& folder, const Names& names) {
  std::vector<std::string> files;
  for (const std::string_view name : names)
    if (std::string file = find_file(folder, std::string(name)); !file.empty())
      files.push_back(std::move(file));
  return files;
}

std::vector<std::string> part_files(const std::string& folder, const std::string& part) {
  std::vector<std::string> files;
  for (const std::string_view name : kParts) {
    if (!part.empty() && part != name) continue;
    for (const std::string_view ending : {".txt", ".csv", ".tsv"})
      if (std::string file = find_file(folder, fmt::format("{}{}", name, ending)); !file.empty()) {
        files.push_back(std::move(file));
        break;
      }
  }
  return files;
}

}  // namespace

std::string find_file(const std::string& folder, const std::string& name) {
  for (const char* suffix : {"", ".gz", ".xz", ".zst"}) {
    const fs::path path = fs::path(folder) / (name + suffix);
    std::error_code error;
    if (fs::is_regular_file(path, error)) return path.string();
  }
  return {};
}

Result<std::vector<std::string>> rating_files(const std::string& path, const std::string& part) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (part.empty()) return std::vector<std::string>{path};
    return Error{Code::kBadData,
                 fmt::format("{}: is one file, not a set with a part '{}'", path, part)};
  }
  if (!part.empty()) {
    std::vector<std::string> files = part_files(path, part);
    if (files.empty())
      return Error{Code::kBadData, fmt::format("{}: holds no part '{}'", path, part)};
    return files;
  }
  if (std::vector<std::string> files = present(path, kSingleFiles); !files.empty())
    return std::vector<std::string>{files.front()};
  if (std::vector<std::string> files = present(path, kBookCrossing); !files.empty()) return files;
  if (std::vector<std::string> files = netflix_files(path); !files.empty()) return files;
  if (std::vector<std::string> files = part_files(path, part); !files.empty()) return files;
  return Error{Code::kBadData,
               fmt::format("{}: holds no known ratings set (looked for BX-Book-Ratings.csv, "
                           "BX-Ratings.csv, ratings.dat, ratings.csv, u.data, mv_*.txt, "
                           "combined_data_*.txt, train.txt); name a file",
                           path)};
}

}  // namespace bascule
