#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/data/catalogue.h>

namespace bascule {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kResearchOnly =
    "research use with citation; no redistribution or commercial use without permission of "
    "GroupLens";
constexpr std::string_view kShareAlike =
    "research use with citation; redistribution under the same conditions; no commercial use "
    "without permission of GroupLens";

// Checksums: MD5 as GroupLens publishes beside each archive; SHA-256 of ml-latest-small as recorded
// by TensorFlow Datasets for the release of 9/2018; the image sets' as their publishers state.
std::vector<KnownSet> make_sets() {
  return {
      {"bookcrossing",
       "ratings",
       "book ratings 1..10 and implicit 0, with titles (C.-N. Ziegler et al., WWW 2005)",
       105283,
       340556,
       1149780,
       "http://www2.informatik.uni-freiburg.de/~cziegler/BX/",
       "research use with citation",
       {{"http://www2.informatik.uni-freiburg.de/~cziegler/BX/BX-CSV-Dump.zip", "BX-CSV-Dump.zip",
         0, ""}},
       true,
       "the publisher states no checksum, and the server is often away"},
      {"ml-100k",
       "ratings",
       "MovieLens 100K, film ratings 1..5",
       943,
       1682,
       100000,
       "https://grouplens.org/datasets/movielens/100k/",
       kResearchOnly,
       {{"https://files.grouplens.org/datasets/movielens/ml-100k.zip", "ml-100k.zip", 4924029,
         "md5:0e33842e24a9c977be4e0107933c0723"}},
       true,
       ""},
      {"ml-1m",
       "ratings",
       "MovieLens 1M, film ratings 1..5",
       6040,
       3706,
       1000209,
       "https://grouplens.org/datasets/movielens/1m/",
       kResearchOnly,
       {{"https://files.grouplens.org/datasets/movielens/ml-1m.zip", "ml-1m.zip", 5917549,
         "md5:c4d9eecfca2ab87c1945afe126590906"}},
       true,
       ""},
      {"ml-10m",
       "ratings",
       "MovieLens 10M, film ratings 0.5..5",
       69878,
       10677,
       10000054,
       "https://grouplens.org/datasets/movielens/10m/",
       kResearchOnly,
       {{"https://files.grouplens.org/datasets/movielens/ml-10m.zip", "ml-10m.zip", 65566137,
         "md5:ce571fd55effeba0271552578f2648bd"}},
       true,
       ""},
      {"ml-20m",
       "ratings",
       "MovieLens 20M, film ratings 0.5..5",
       138493,
       26744,
       20000263,
       "https://grouplens.org/datasets/movielens/20m/",
       kShareAlike,
       {{"https://files.grouplens.org/datasets/movielens/ml-20m.zip", "ml-20m.zip", 198702078,
         "md5:cd245b17a1ae2cc31bb14903e1204af3"}},
       true,
       ""},
      {"ml-25m",
       "ratings",
       "MovieLens 25M, film ratings 0.5..5",
       162541,
       59047,
       25000095,
       "https://grouplens.org/datasets/movielens/25m/",
       kShareAlike,
       {{"https://files.grouplens.org/datasets/movielens/ml-25m.zip", "ml-25m.zip", 261978986,
         "md5:6b51fb2759a8657d3bfcbfc42b592ada"}},
       true,
       ""},
      {"ml-latest-small",
       "ratings",
       "MovieLens small set for education, release 9/2018, film ratings 0.5..5",
       610,
       9724,
       100836,
       "https://grouplens.org/datasets/movielens/latest/",
       kShareAlike,
       {{"https://files.grouplens.org/datasets/movielens/ml-latest-small.zip",
         "ml-latest-small.zip", 978202,
         "sha256:696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436"}},
       true,
       "GroupLens may replace this set by a newer release, which then fails the checksum"},
      {"gowalla",
       "ratings",
       "check-ins without ratings, training and test part of LightGCN (SIGIR 2020)",
       29858,
       40981,
       1027370,
       "https://snap.stanford.edu/data/loc-gowalla.html",
       "no licence text; research use with citation",
       {{"https://raw.githubusercontent.com/gusye1234/LightGCN-PyTorch/master/data/gowalla/"
         "train.txt",
         "train.txt", 0, ""},
        {"https://raw.githubusercontent.com/gusye1234/LightGCN-PyTorch/master/data/gowalla/"
         "test.txt",
         "test.txt", 0, ""}},
       false,
       "the publisher states no checksum"},
      {"netflix",
       "ratings",
       "Netflix Prize, film ratings 1..5 with dates",
       480189,
       17770,
       100480507,
       "https://www.netflixprize.com/",
       "research use only; no commercial use or redistribution without permission of Netflix",
       {},
       false,
       "no longer published: put combined_data_1.txt … combined_data_4.txt (or the folder of "
       "mv_*.txt) and movie_titles.csv of your own copy into a folder `netflix` of the data "
       "folder"},
      {"fashion-mnist",
       "images",
       "28x28 grey images of clothing",
       0,
       10,
       70000,
       "https://github.com/zalandoresearch/fashion-mnist",
       "MIT licence",
       {{"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz",
         "train-images-idx3-ubyte.gz", 26421880, "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
        {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
         "train-labels-idx1-ubyte.gz", 29515, "md5:25c81989df183df01b3e8a0aad5dffbe"},
        {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-images-idx3-ubyte.gz",
         "t10k-images-idx3-ubyte.gz", 4422102, "md5:bef4ecab320f06d8554ea6380940ec79"},
        {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz",
         "t10k-labels-idx1-ubyte.gz", 5148, "md5:bb300cfdad3c16e7a12a480ee83cd310"}},
       false,
       ""},
      {"mnist",
       "images",
       "28x28 grey images of handwritten digits",
       0,
       10,
       70000,
       "http://yann.lecun.com/exdb/mnist/",
       "usually given as CC BY-SA 3.0",
       {{"https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz",
         "train-images-idx3-ubyte.gz", 9912422, "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873"},
        {"https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz",
         "train-labels-idx1-ubyte.gz", 28881, "md5:d53e105ee54ea40749a09fcbcd1e9432"},
        {"https://ossci-datasets.s3.amazonaws.com/mnist/t10k-images-idx3-ubyte.gz",
         "t10k-images-idx3-ubyte.gz", 1648877, "md5:9fb629c4189551a2d022fa330f9573f3"},
        {"https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",
         "t10k-labels-idx1-ubyte.gz", 4542, "md5:ec29112dd5afa0611ce80d1b7f02629c"}},
       false,
       "downloaded from the mirror that torchvision uses"},
      {"cifar-10",
       "images",
       "32x32 colour images, binary version (A. Krizhevsky 2009)",
       0,
       10,
       60000,
       "https://www.cs.toronto.edu/~kriz/cifar.html",
       "no licence text; citation asked for",
       {{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "cifar-10-binary.tar.gz",
         170052171, "md5:c32a1d4ab5d03f1284b67883e8d87530"}},
       true,
       ""},
  };
}

bool exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

const std::vector<KnownSet>& known_sets() {
  static const std::vector<KnownSet> sets = make_sets();
  return sets;
}

const KnownSet* known_set(std::string_view name) {
  const auto& sets = known_sets();
  const auto place =
      std::find_if(sets.begin(), sets.end(), [&](const KnownSet& set) { return set.name == name; });
  return place == sets.end() ? nullptr : &*place;
}

std::string data_cache_dir() {
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty())
    return cache + "/bascule/data";
  if (const std::string home = environment("HOME"); !home.empty())
    return home + "/.cache/bascule/data";
  return {};
}

std::vector<std::string> data_dirs(const std::string& data_option) {
  std::vector<std::string> dirs;
  for (std::string dir : {data_option, environment("BASCULE_DATA"), data_cache_dir()})
    if (!dir.empty()) dirs.push_back(std::move(dir));
  return dirs;
}

Result<std::string> find_set(const std::string& name, const std::vector<std::string>& dirs) {
  if (name.empty()) return Error{Code::kBadData, "no data set is named"};
  if (exists(name)) return name;
  std::vector<std::string> searched = {name};
  // A path that leads upwards or from the root can only be meant as itself.
  const bool plain = name.front() != '/' && name.front() != '.';
  for (const std::string& dir : plain ? dirs : std::vector<std::string>()) {
    for (const std::string_view folder : {"", "movielens"}) {
      std::string path = (fs::path(dir) / folder / name).string();
      if (exists(path)) return path;
      if (folder.empty() || name.starts_with("ml-")) searched.push_back(std::move(path));
    }
  }
  std::string hint;
  if (const KnownSet* set = known_set(name); set != nullptr) {
    hint = set->files.empty() ? fmt::format("; {}", set->note)
                              : fmt::format("; `bascule data fetch {}` downloads it", name);
  }
  return Error{Code::kBadData,
               fmt::format("data set \"{}\" not found (searched {}){}; `bascule data list` shows "
                           "the known sets, `bascule data make` makes synthetic ones",
                           name, fmt::join(searched, ", "), hint)};
}

}  // namespace bascule
