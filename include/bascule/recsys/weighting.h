#pragma once
// Weights of interactions before similarities are taken.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

enum class Weighting {
  kRaw,     ///< the rating as it is
  kCosine,  ///< every document scaled to unit length
  /// √r · idf, idf(term) = max(0, ln D − ln(1 + n)), D documents, n of them with the term. The form
  /// that the library `implicit` uses for item-kNN.
  kTfIdf,
  /// r (k1 + 1) / (k1 L + r) · idf with L = 1 − b + b · length / mean length, length = Σ r.
  /// S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009,
  /// with the idf above.
  kBm25
};

struct WeightingOptions {
  Weighting weighting = Weighting::kRaw;
  float bm25_k1 = 1.2F;
  float bm25_b = 0.75F;
};

/// A weighting learnt from documents × terms: for item-kNN the items are the documents and the
/// users the terms, for user-kNN the other way round. Documents that were not among them (a new
/// user) are weighted by what was learnt.
class Weigher {
 public:
  Weigher() = default;
  Weigher(const CompressedView& documents, const WeightingOptions& options);

  /// The weights of one document; `out` has room for them all.
  void weigh(SparseLine document, std::span<float> out) const;
  /// Weighs every document in place.
  void weigh_all(Compressed& documents) const;

 private:
  WeightingOptions options_;
  std::vector<float> idf_;
  double mean_length_ = 1;
};

}  // namespace bascule
