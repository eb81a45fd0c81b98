#include <algorithm>
#include <cmath>
#include <numeric>

#include <bascule/recsys/weighting.h>

namespace bascule {
namespace {

double length(SparseLine document) {
  return std::accumulate(document.values.begin(), document.values.end(), 0.0);
}

}  // namespace

Weigher::Weigher(const CompressedView& documents, const WeightingOptions& options)
    : options_(options) {
  if (options_.weighting != Weighting::kTfIdf && options_.weighting != Weighting::kBm25) return;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(documents.minors), 0);
  double total = 0;
  for (std::int64_t p = 0; p < documents.nonzeros(); ++p) {
    ++counts[documents.indices[p]];
    total += documents.values[p];
  }
  idf_.reserve(counts.size());
  for (const std::int64_t count : counts) {
    // One logarithm of the quotient: the difference of two is not quite 0 where it should be.
    const double quotient =
        static_cast<double>(documents.majors) / (1 + static_cast<double>(count));
    idf_.push_back(static_cast<float>(std::log(std::max(1.0, quotient))));
  }
  if (total > 0) mean_length_ = total / static_cast<double>(documents.majors);
}

void Weigher::weigh(SparseLine document, std::span<float> out) const {
  switch (options_.weighting) {
    case Weighting::kRaw: {
      std::copy(document.values.begin(), document.values.end(), out.begin());
      return;
    }
    case Weighting::kCosine: {
      double squares = 0;
      for (const float value : document.values) squares += double{value} * value;
      const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
      for (std::size_t i = 0; i < document.size(); ++i)
        out[i] = static_cast<float>(document.values[i] * scale);
      return;
    }
    case Weighting::kTfIdf: {
      for (std::size_t i = 0; i < document.size(); ++i)
        out[i] = std::sqrt(std::max(document.values[i], 0.0F)) * idf_[document.indices[i]];
      return;
    }
    case Weighting::kBm25: {
      const double k1 = options_.bm25_k1;
      const double b = options_.bm25_b;
      const double norm = k1 * (1 - b + b * length(document) / mean_length_);
      for (std::size_t i = 0; i < document.size(); ++i) {
        const double r = document.values[i];
        const double weight = norm + r != 0 ? r * (k1 + 1) / (norm + r) : 0;
        out[i] = static_cast<float>(weight * idf_[document.indices[i]]);
      }
      return;
    }
  }
}

void Weigher::weigh_all(Compressed& documents) const {
  const CompressedView view = documents.view();
  const std::span<float> values = documents.mutable_values();
  for (std::int64_t m = 0; m < view.majors; ++m) {
    weigh(view.line(m), values.subspan(static_cast<std::size_t>(view.offsets[m]),
                                       static_cast<std::size_t>(view.length(m))));
  }
}

}  // namespace bascule
