#include "data/labelled_arrays.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace bascule {
namespace {

/// How the samples of an array are laid out.
struct SampleLayout {
  Shape shape;                 // as LabelledData says
  bool channels_last = false;  // [H, W, C] in the array
};

Result<SampleLayout> sample_layout(const std::vector<std::int64_t>& extents,
                                   const std::string& name) {
  const std::size_t rank = extents.size();
  if (rank < 1 || rank > 5)
    return bad_labelled(name, fmt::format("features of rank {} are not read, only 1 to 5", rank));
  std::vector<std::int64_t> sample(extents.begin() + 1, extents.end());
  const auto channels = [](std::int64_t n) { return n == 1 || n == 3 || n == 4; };
  SampleLayout layout;
  if (rank == 1) sample = {1};
  if (rank == 3) sample.insert(sample.begin(), 1);
  if (rank == 4 && !channels(sample[0])) {
    layout.channels_last = channels(sample[2]);
    if (layout.channels_last) {
      sample = {sample[2], sample[0], sample[1]};
    } else {
      sample.insert(sample.begin(), 1);
    }
  }
  BASCULE_ASSIGN(layout.shape, Shape::make(std::move(sample)));
  return layout;
}

/// [N, H, W, C] to [N, C, H, W].
template <class T>
void channels_first(const T* in, std::int64_t samples, const Shape& shape, T* out) {
  const std::int64_t channels = shape[0];
  const std::int64_t pixels = shape[1] * shape[2];
  for (std::int64_t n = 0; n < samples; ++n, in += channels * pixels)
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t p = 0; p < pixels; ++p) *out++ = in[p * channels + c];
}

/// Position of the first number that is not finite, or -1.
std::int64_t find_not_finite(std::span<const float> values) {
  const auto place = std::find_if_not(values.begin(), values.end(),
                                      [](float value) { return std::isfinite(value); });
  return place == values.end() ? -1 : place - values.begin();
}

Status take_bytes(const NpyView& array, bool reorder, LabelledData& part) {
  BASCULE_ASSIGN(part.bytes, Buffer<std::uint8_t>::make(array.data.size()));
  const auto* in = reinterpret_cast<const std::uint8_t*>(array.data.data());
  if (reorder) {
    channels_first(in, part.samples, part.sample_shape, part.bytes.data());
  } else {
    std::memcpy(part.bytes.data(), in, array.data.size());
  }
  return {};
}

Status take_floats(const NpyView& array, const std::string& name, bool reorder,
                   LabelledData& part) {
  const auto count = static_cast<std::size_t>(array.header.count);
  BASCULE_ASSIGN(part.floats, Buffer<float>::make(count));
  BASCULE_TRY(npy_floats(array, name, part.floats.span()));
  if (const std::int64_t at = find_not_finite(part.floats.span()); at >= 0)
    return bad_labelled(
        name, fmt::format("a feature of sample {} is not finite", at / part.sample_shape.count()));
  if (!reorder) return {};
  BASCULE_ASSIGN(auto reordered, Buffer<float>::make(count));
  channels_first(part.floats.data(), part.samples, part.sample_shape, reordered.data());
  part.floats = std::move(reordered);
  return {};
}

Status check_count(const NpyView& array, const std::string& name, const LabelledData& part) {
  const auto& shape = array.header.shape;
  if (shape.empty() || shape.size() > 2 || array.header.fortran_order)
    return bad_labelled(name, "labels are not a one- or two-dimensional array in C order");
  if (shape[0] != part.samples)
    return bad_labelled(name, fmt::format("{} labels for {} samples", shape[0], part.samples));
  return {};
}

std::string_view feature_type(const LabelledData& part) {
  return part.holds_bytes() ? "bytes" : "floats";
}

Status check_alike(const std::string& path, const LabelledData& first, const LabelledData& part) {
  if (part.sample_shape == first.sample_shape && part.holds_bytes() == first.holds_bytes() &&
      part.target_width == first.target_width)
    return {};
  return bad_labelled(
      path,
      fmt::format("training samples are {} {} with {} targets, those of another part {} {} with {}",
                  feature_type(first), first.sample_shape.to_string(), first.target_width,
                  feature_type(part), part.sample_shape.to_string(), part.target_width));
}

}  // namespace

Error bad_labelled(const std::string& name, std::string_view why) {
  return {Code::kBadData, fmt::format("{}: {}", name, why)};
}

Status take_features(const NpyView& array, const std::string& name, LabelledData& part) {
  const NpyHeader& header = array.header;
  if (header.kind == 'S' || header.kind == 'U') return bad_labelled(name, "features are text");
  if (header.count == 0) return bad_labelled(name, "holds no samples, or empty ones");
  if (header.fortran_order && header.shape.size() > 1)
    return bad_labelled(name, "is in Fortran order; save it in C order");
  BASCULE_ASSIGN(SampleLayout layout, sample_layout(header.shape, name));
  part.samples = header.shape[0];
  part.sample_shape = std::move(layout.shape);
  if (header.item_size == 1 && header.kind != 'i')
    return take_bytes(array, layout.channels_last, part);
  return take_floats(array, name, layout.channels_last, part);
}

Status take_labels(const NpyView& array, const std::string& name, LabelledTask task,
                   LabelledData& part) {
  BASCULE_TRY(check_count(array, name, part));
  const std::int64_t width = array.header.shape.size() == 2 ? array.header.shape[1] : 1;
  if (task == LabelledTask::kRegression) {
    BASCULE_ASSIGN(part.targets, npy_floats(array, name));
    part.target_width = width;
    if (width == 0) return bad_labelled(name, "holds no targets");
    if (const std::int64_t at = find_not_finite(part.targets); at >= 0)
      return bad_labelled(name, fmt::format("a target of sample {} is not finite", at / width));
    return {};
  }
  if (width != 1)
    return bad_labelled(name, fmt::format("{} labels a sample; classes are one integer", width));
  BASCULE_ASSIGN(const auto labels, npy_integers(array, name));
  part.labels.resize(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= kMaxClasses)
      return bad_labelled(name, fmt::format("label {} of sample {} is not a class index below {}",
                                            labels[i], i, kMaxClasses));
    part.labels[i] = static_cast<std::int32_t>(labels[i]);
  }
  return {};
}

Status finish_set(LabelledSet& set, std::vector<std::string> names) {
  std::vector<LabelledData*> parts;
  if (set.train.samples > 0) parts.push_back(&set.train);
  if (set.valid) parts.push_back(&*set.valid);
  if (set.test.samples > 0) parts.push_back(&set.test);
  std::int32_t most = -1;
  for (const LabelledData* part : parts) {
    BASCULE_TRY(check_alike(set.path, *parts.front(), *part));
    for (const std::int32_t label : part->labels) most = std::max(most, label);
    set.report.rows += part->samples;
    set.report.good += part->samples;
    set.report.kept += part->samples;
  }
  if (most >= 0 && names.empty())
    for (std::int32_t i = 0; i <= most; ++i) names.push_back(std::to_string(i));
  if (most >= static_cast<std::int32_t>(names.size()))
    return bad_labelled(set.path, fmt::format("label {} is out of range: the set names {} classes",
                                              most, names.size()));
  if (most < 0) names.clear();
  for (LabelledData* part : parts) part->classes = names;
  return {};
}

}  // namespace bascule
