#include "devices/reference/neighbors.h"

#include <cmath>

namespace bascule::reference {
namespace {

using Row = std::vector<double>;

struct Dense {
  std::vector<Row> values, present;  // points × features
};

Dense write_out(const CompressedView& matrix, PointAxis points) {
  const bool by_major = points == PointAxis::kMajors;
  const std::int64_t n = by_major ? matrix.majors : matrix.minors;
  const std::int64_t features = by_major ? matrix.minors : matrix.majors;
  Dense dense;
  dense.values.assign(n, Row(features, 0.0));
  dense.present.assign(n, Row(features, 0.0));
  for (std::int64_t m = 0; m < matrix.majors; ++m) {
    for (std::int64_t p = matrix.offsets[m]; p < matrix.offsets[m + 1]; ++p) {
      const std::int64_t i = by_major ? m : matrix.indices[p];
      const std::int64_t f = by_major ? matrix.indices[p] : m;
      dense.values[i][f] = matrix.values[p];
      dense.present[i][f] = 1;
    }
  }
  return dense;
}

Row feature_means(const Dense& dense, std::int64_t features) {
  Row means(features, 0.0);
  for (std::int64_t f = 0; f < features; ++f) {
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < dense.values.size(); ++i) {
      sum += dense.values[i][f];
      count += dense.present[i][f];
    }
    if (count > 0) means[f] = sum / count;
  }
  return means;
}

double dot(const Row& a, const Row& b) {
  double sum = 0;
  for (std::size_t f = 0; f < a.size() && f < b.size(); ++f) sum += a[f] * b[f];
  return sum;
}

double score(double dot, double squares_i, double squares_j, const NeighborOptions& options) {
  if (options.similarity == Similarity::kProduct) return dot;
  const double divisor =
      options.similarity == Similarity::kJaccard
          ? squares_i + squares_j - dot
          : std::pow(squares_i, options.alpha) * std::pow(squares_j, 1 - options.alpha);
  const double score = dot / (divisor + options.shrinkage);
  return std::isnan(score) ? 0.0 : score;
}

void centre(Row& values, const Row& present, const Row& means) {
  for (std::size_t f = 0; f < means.size(); ++f) values[f] -= present[f] * means[f];
}

/// What is compared: values, values less the feature's mean, or mere presence.
std::vector<Row> operands(const CompressedView& matrix, PointAxis points,
                          const NeighborOptions& options) {
  Dense dense = write_out(matrix, points);
  if (options.similarity == Similarity::kJaccard) return dense.present;
  if (options.similarity == Similarity::kPearson && !dense.values.empty()) {
    const Row means = feature_means(dense, static_cast<std::int64_t>(dense.values[0].size()));
    for (std::size_t i = 0; i < dense.values.size(); ++i)
      centre(dense.values[i], dense.present[i], means);
  }
  return dense.values;
}

}  // namespace

std::vector<double> all_scores(const CompressedView& matrix, PointAxis points,
                               const NeighborOptions& options, std::span<const float> factors) {
  const std::vector<Row> rows = operands(matrix, points, options);
  std::vector<double> scores;
  for (const Row& a : rows) {
    for (std::size_t j = 0; j < rows.size(); ++j) {
      const Row& b = rows[j];
      const double factor = factors.empty() ? 1 : factors[j];
      scores.push_back(factor * score(dot(a, b), dot(a, a), dot(b, b), options));
    }
  }
  return scores;
}

std::vector<double> query_scores(const CompressedView& matrix, PointAxis points,
                                 const NeighborOptions& options, SparseLine vector) {
  const std::vector<Row> rows = operands(matrix, points, options);
  const std::int64_t features = points == PointAxis::kMajors ? matrix.minors : matrix.majors;
  const std::int64_t length =
      vector.size() == 0 ? features : std::max<std::int64_t>(features, vector.indices.back() + 1);
  Row line(length, 0.0), present(length, 0.0);
  for (std::size_t p = 0; p < vector.size(); ++p) {
    line[vector.indices[p]] = vector.values[p];
    present[vector.indices[p]] = 1;
  }
  if (options.similarity == Similarity::kJaccard) line = present;
  if (options.similarity == Similarity::kPearson)
    centre(line, present, feature_means(write_out(matrix, points), features));
  std::vector<double> scores;
  scores.reserve(rows.size());
  for (const Row& row : rows)
    scores.push_back(score(dot(line, row), dot(line, line), dot(row, row), options));
  return scores;
}

}  // namespace bascule::reference
