#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include <bascule/recsys/metrics/ap.h>
#include <bascule/recsys/metrics/hit_rate.h>
#include <bascule/recsys/metrics/mrr.h>
#include <bascule/recsys/metrics/ndcg.h>
#include <bascule/recsys/metrics/precision.h>
#include <bascule/recsys/metrics/recall.h>
#include <bascule/recsys/metrics/registry.h>

namespace bascule {
namespace {

constexpr std::array<MetricInfo, 10> kMetrics = {{
    {"recall", MetricKind::kRelevance, metrics::recall},
    {"ndcg", MetricKind::kRelevance, metrics::ndcg},
    {"ndcg_full", MetricKind::kRelevance, metrics::ndcg_full},
    {"map", MetricKind::kRelevance, metrics::average_precision},
    {"ap_k", MetricKind::kRelevance, metrics::average_precision_over_k},
    {"precision", MetricKind::kRelevance, metrics::precision},
    {"hit_rate", MetricKind::kRelevance, metrics::hit_rate},
    {"mrr", MetricKind::kRelevance, metrics::mrr},
    {"coverage", MetricKind::kCoverage, nullptr},
    {"novelty", MetricKind::kNovelty, nullptr},
}};

std::optional<std::int32_t> parse_k(std::string_view digits) {
  std::int32_t k = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, k);
  if (error != std::errc() || rest != end || k < 1) return std::nullopt;
  return k;
}

}  // namespace

std::span<const MetricInfo> known_metrics() {
  return kMetrics;
}

std::string Metric::name() const {
  return fmt::format("{}@{}", info->name, k);
}

Result<Metric> parse_metric(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos)
    return Error{Code::kUsage, fmt::format("metric \"{}\" is not of the form name@K", text)};
  const auto k = parse_k(text.substr(at + 1));
  if (!k) return Error{Code::kUsage, fmt::format("metric \"{}\": K is not a number >= 1", text)};
  std::string known;
  for (const MetricInfo& info : kMetrics) {
    if (info.name == text.substr(0, at)) return Metric{&info, *k};
    known += fmt::format("{}{}", known.empty() ? "" : ", ", info.name);
  }
  return Error{Code::kUsage, fmt::format("metric \"{}\" is none of {}", text, known)};
}

Result<std::vector<Metric>> metrics_at(std::span<const std::int32_t> at) {
  std::vector<Metric> all;
  for (const MetricInfo& info : kMetrics) {
    for (const std::int32_t k : at) {
      if (k < 1) return Error{Code::kUsage, fmt::format("metrics at {}: K is not >= 1", k)};
      all.push_back({&info, k});
    }
  }
  return all;
}

}  // namespace bascule
