#include <algorithm>
#include <utility>

#include <bascule/data/inspect.h>

namespace bascule {
namespace {

template <class T>
void count_values(const Buffer<T>& values, LabelledPart& out) {
  if (values.size() == 0) return;
  T least = values[0];
  T most = values[0];
  double sum = 0;
  for (const T value : values.span()) {
    least = std::min(least, value);
    most = std::max(most, value);
    sum += value;
  }
  out.minimum = least;
  out.maximum = most;
  out.mean = sum / static_cast<double>(values.size());
}

LabelledPart describe(std::string name, const LabelledData& part) {
  LabelledPart out;
  out.name = std::move(name);
  out.samples = part.samples;
  out.histogram.resize(part.classes.size());
  for (const std::int32_t label : part.labels) ++out.histogram[static_cast<std::size_t>(label)];
  count_values(part.bytes, out);
  count_values(part.floats, out);
  return out;
}

}  // namespace

Result<LabelledInspection> inspect_labelled(const std::string& path,
                                            const LabelledReadOptions& options, ThreadPool& pool) {
  BASCULE_ASSIGN(LabelledSet set, read_labelled(path, options, pool));
  LabelledInspection out;
  out.report = std::move(set.report);
  out.sample_shape = set.train.sample_shape;
  out.bytes = set.train.holds_bytes();
  out.classes = set.train.classes;
  out.target_width = set.train.target_width;
  out.parts.push_back(describe("train", set.train));
  if (set.valid) out.parts.push_back(describe("valid", *set.valid));
  if (set.test.samples > 0) out.parts.push_back(describe("test", set.test));
  return out;
}

}  // namespace bascule
