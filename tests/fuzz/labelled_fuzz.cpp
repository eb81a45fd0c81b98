// Mutated labelled sets of every format: no crash, no hang, no memory beyond the size of the files,
// and whatever is read is whole.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include <bascule/data/batches.h>
#include <bascule/data/labelled.h>

#include "driver.h"
#include "file_text.h"
#include "labelled_files.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using fuzz::Random;

struct File {
  std::string name, bytes;
};
using Files = std::vector<File>;

std::vector<Files> seeds() {
  std::string rows = "a,b,kind\n";
  for (int i = 0; i < 40; ++i) rows += fmt::format("{}.5,\"{}\",class {}\n", i, i * i, i % 4);
  const std::string pixels = cifar_record(1, 5).substr(1) + cifar_record(1, 9).substr(1);
  return {
      {{"train-images-idx3-ubyte", idx_file({3, 2, 2}, "abcdefghijkl")},
       {"train-labels-idx1-ubyte", idx_file({3}, {0, 2, 1})},
       {"t10k-images-idx3-ubyte", idx_file({1, 2, 2}, "mnop")},
       {"t10k-labels-idx1-ubyte", idx_file({1}, {1})}},
      {{"train-images-idx2-ubyte", idx_file({2, 2}, std::string(16, '\x40'), 0x0d)},
       {"train-labels-idx1-ubyte", idx_file({2}, std::string("\0\0\0\1\0\0\0\0", 8), 0x0c)}},
      {{"data_batch_1.bin", cifar_record(2, 0) + cifar_record(7, 3)},
       {"test_batch.bin", cifar_record(1, 1)},
       {"batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\n"}},
      {{"data_batch_1", cifar_pickle({3, 4}, pixels)},
       {"test_batch", cifar_pickle({0, 1}, pixels)}},
      {{"data_batch_1", cifar_pickle({3, 4}, pixels).substr(0, 220)}},
      {{"x_train.npy", npy_file<float>("<f4", "(2, 3)", {1, 2, 3, 4, 5, 6})},
       {"y_train.npy", npy_file<std::int64_t>("<i8", "(2,)", {1, 0})}},
      {{"X.npy",
        npy_file<std::uint8_t>("|u1", "(2, 2, 1, 3)", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})},
       {"y.npy", npy_file<std::int16_t>(">i2", "(2, 1)", {256, 0})}},
      {{"train.csv", rows}, {"test.csv", rows}},
  };
}

// One change of a kind that damaged or hostile files come with.
void mutate(std::string& bytes, Random& random) {
  const std::size_t at = random.below(bytes.size() + 1);
  switch (random.below(9)) {
    case 0:
      for (std::size_t flips = 1 + random.below(4); flips > 0 && !bytes.empty(); --flips)
        bytes[random.below(bytes.size())] ^= static_cast<char>(1 << random.below(8));
      break;
    case 1:
      bytes.resize(at);
      break;
    case 2:  // sizes and opcodes stand at the start
      if (!bytes.empty())
        bytes[random.below(std::min<std::size_t>(bytes.size(), 200))] =
            static_cast<char>(random.below(256));
      break;
    case 3:
      bytes.insert(at, 1 + random.below(4), random.below(2) == 0 ? '\0' : '\xff');
      break;
    case 4:
      bytes.insert(at, bytes.substr(random.below(bytes.size() + 1), random.below(300)));
      break;
    case 5:
      bytes.erase(at, 1 + random.below(8));
      break;
    case 6:
      bytes.insert(at, 1,
                   "(.GJKMNRTUXabcehjqrstu})]BC\x80\x85\x88\x8a\x8e\x93\x94\x96"[random.below(36)]);
      break;
    case 7:
      bytes.insert(at, random.below(2) == 0 ? "99999999999999999999" : "nan");
      break;
    default:
      for (std::size_t i = 0; i < 4 && at + i < bytes.size() && random.below(8) > 0; ++i)
        bytes[at + i] = random.below(2) == 0 ? '\xff' : '\x7f';
      break;
  }
}

// What is wrong with a part; empty when nothing is.
std::string check(const LabelledData& part) {
  const auto elements = static_cast<std::size_t>(part.samples * part.sample_shape.count());
  if (part.samples < 1 || elements == 0) return "no features";
  if (part.bytes.size() + part.floats.size() != elements) return "features do not add up";
  if (!part.labels.empty() == !part.targets.empty()) return "neither labels nor targets, or both";
  const auto samples = static_cast<std::size_t>(part.samples);
  if (part.target_width == 0 && part.labels.size() != samples) return "labels do not add up";
  if (part.targets.size() != samples * static_cast<std::size_t>(part.target_width))
    return "targets do not add up";
  for (const std::int32_t label : part.labels)
    if (label < 0 || static_cast<std::size_t>(label) >= part.classes.size())
      return "a label out of range";
  for (const float value : part.floats.span())
    if (!std::isfinite(value)) return "a feature is not finite";
  return {};
}

std::string check(const std::string& folder, const LabelledReadOptions& options, ThreadPool& pool) {
  const auto set = read_labelled(folder, options, pool);
  if (!set.ok()) {
    const bool named = set.error().message.find(folder) != std::string::npos;
    return named && set.error().code != Code::kFailed ? "" : "an error that names no file";
  }
  const bool left_out = options.test_only && set->train.samples == 0;
  const LabelledData& first = left_out ? set->test : set->train;
  if (std::string wrong = check(first); !wrong.empty()) return wrong;
  if (set->test.samples > 0)
    if (std::string wrong = check(set->test); !wrong.empty()) return wrong;
  if (set->report.rows != set->report.good + set->report.malformed_rows())
    return "rows != good + malformed";
  const auto features = Features::make(first, {});
  if (!features.ok()) return "features cannot be read";
  const std::array<std::int32_t, 1> last = {static_cast<std::int32_t>(first.samples - 1)};
  std::vector<float> row(static_cast<std::size_t>(features->width()));
  features->read(last, row.data());
  return {};
}

std::int64_t peak_kib() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

int run_cases(int argc, char** argv) {
  // The files are a few kilobytes; sanitizers keep freed memory for a while.
  constexpr std::int64_t kMaxGrowthKib = 1 << 20;
  const std::vector<Files> corpus = seeds();
  ThreadPool pool(2);
  const std::int64_t before = peak_kib();
  return fuzz::run(argc, argv, "mutated sets, every one refused or whole", [&](Random& random) {
    Files files = corpus[random.below(corpus.size())];
    for (std::size_t changes = 1 + random.below(3); changes > 0; --changes)
      mutate(files[random.below(files.size())].bytes, random);
    LabelledReadOptions options;
    options.strict = random.below(8) == 0;
    options.test_only = random.below(4) == 0;
    if (random.below(8) == 0) options.task = LabelledTask::kRegression;
    options.max_bytes = std::int64_t{16} << 20;
    const TempFolder folder;
    for (const File& file : files) write_text(folder / file.name, file.bytes);
    std::string wrong = check(folder.path(), options, pool);
    if (wrong.empty() && peak_kib() - before > kMaxGrowthKib) wrong = "took a gigabyte";
    return wrong;
  });
}

}  // namespace
}  // namespace bascule

int main(int argc, char** argv) {
  return bascule::run_cases(argc, argv);
}
