#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include <bascule/base/timer.h>
#include <bascule/recsys/evaluate.h>
#include <bascule/recsys/metrics/coverage.h>
#include <bascule/recsys/metrics/novelty.h>

#include "recsys/moments.h"

namespace bascule {
namespace {

constexpr std::int64_t kBlock = 4096;  // users whose lists are in memory at a time
constexpr std::int64_t kChunk = 64;    // users whose metrics are one task

Status check(const Recommender& model, const CompressedView& fold_in, const CompressedView& targets,
             const EvaluateOptions& options) {
  if (fold_in.majors != targets.majors || fold_in.minors != targets.minors) {
    return {Code::kUsage,
            fmt::format("evaluate: fold-in is {} × {}, targets {} × {}", fold_in.majors,
                        fold_in.minors, targets.majors, targets.minors)};
  }
  if (model.items() != fold_in.minors) {
    return {Code::kUsage, fmt::format("evaluate: the model knows {} items, the data has {}",
                                      model.items(), fold_in.minors)};
  }
  if (options.metrics.empty()) return {Code::kUsage, "evaluate: no metric is asked for"};
  const bool novelty =
      std::any_of(options.metrics.begin(), options.metrics.end(),
                  [](const Metric& m) { return m.info->kind == MetricKind::kNovelty; });
  if (novelty && (static_cast<std::int64_t>(options.item_users.size()) != fold_in.minors ||
                  options.train_users < 1)) {
    return {Code::kUsage, "evaluate: novelty needs the popularity of every item in training"};
  }
  if (!options.graded) return {};
  for (std::int64_t p = 0; p < targets.nonzeros(); ++p) {
    if (targets.values[p] > kMaxRelevance) {
      return {Code::kUsage, fmt::format("evaluate: {} is no graded relevance (at most {})",
                                        targets.values[p], kMaxRelevance)};
    }
  }
  return {};
}

/// Rows [begin, end) as a matrix of their own; `offsets` holds its row starts.
CompressedView block_of(const CompressedView& matrix, std::int64_t begin, std::int64_t end,
                        std::vector<std::int64_t>& offsets) {
  const std::int64_t base = matrix.offsets[begin];
  offsets.assign(matrix.offsets + begin, matrix.offsets + end + 1);
  for (std::int64_t& offset : offsets) offset -= base;
  return {end - begin, matrix.minors, offsets.data(), matrix.indices + base, matrix.values + base};
}

/// One user's list and targets turned into relevances; reused from user to user.
class Judged {
 public:
  explicit Judged(bool graded) : graded_(graded) {}

  void set(std::span<const std::int32_t> list, SparseLine targets) {
    relevant_.clear();
    for (const float value : targets.values) {
      if (relevance(value) > 0) relevant_.push_back(relevance(value));
    }
    std::sort(relevant_.begin(), relevant_.end(), std::greater<>());
    ranked_.clear();
    for (const std::int32_t item : list) {
      if (item < 0) break;
      const auto at = std::lower_bound(targets.indices.begin(), targets.indices.end(), item);
      const bool hit = at != targets.indices.end() && *at == item;
      ranked_.push_back(hit ? relevance(targets.values[at - targets.indices.begin()]) : 0);
    }
  }
  [[nodiscard]] bool has_relevant() const { return !relevant_.empty(); }
  [[nodiscard]] metrics::Ranking ranking() const { return {ranked_, relevant_}; }

 private:
  [[nodiscard]] float relevance(float value) const { return graded_ ? std::max(value, 0.0F) : 1; }
  bool graded_;
  std::vector<float> ranked_, relevant_;
};

class Evaluator {
 public:
  Evaluator(const EvaluateOptions& options, std::int64_t items)
      : options_(options),
        coverage_(items),
        totals_(options.metrics.size()),
        values_(totals_.size()) {
    if (options.train_users > 0)
      information_ = metrics::self_information(options.item_users, options.train_users);
  }

  void add(const TopLists& lists, const CompressedView& targets, ThreadPool& pool) {
    const Chunks chunks{lists.users, kChunk};
    std::vector<Part> parts(static_cast<std::size_t>(chunks.chunks()));
    pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
      Part part{std::vector<Moments>(totals_.size()), {}, {}};
      part.values.resize(totals_.size());
      Judged judged(options_.graded);
      for (std::int64_t user = chunks.begin(chunk); user < chunks.end(chunk); ++user) {
        judged.set(lists.of(user), targets.line(user));
        if (!judged.has_relevant()) continue;
        part.users.push_back(user);
        add_user(lists.of(user), judged.ranking(), part);
      }
      parts[chunk] = std::move(part);
    });
    for (const Part& part : parts) {
      users_ += static_cast<std::int64_t>(part.users.size());
      for (std::size_t m = 0; m < totals_.size(); ++m) {
        totals_[m].merge(part.moments[m]);
        values_[m].insert(values_[m].end(), part.values[m].begin(), part.values[m].end());
      }
      for (const std::int64_t user : part.users) coverage_.add(lists.of(user));
    }
  }

  [[nodiscard]] std::int64_t users() const { return users_; }

  /// Leaves nothing behind.
  [[nodiscard]] std::map<std::string, std::vector<double>> take_users() {
    std::map<std::string, std::vector<double>> all;
    for (std::size_t m = 0; m < values_.size(); ++m)
      if (!values_[m].empty()) all[options_.metrics[m].name()] = std::move(values_[m]);
    return all;
  }

  [[nodiscard]] std::map<std::string, MetricValue> values() const {
    constexpr double kNormal95 = 1.959963984540054;
    std::map<std::string, MetricValue> values;
    for (std::size_t m = 0; m < totals_.size(); ++m) {
      const Metric& metric = options_.metrics[m];
      MetricValue& value = values[metric.name()];
      if (metric.info->kind == MetricKind::kCoverage) {
        value.value = coverage_.at(metric.k);
        continue;
      }
      value.value = totals_[m].mean;
      value.standard_error = totals_[m].standard_error();
      if (value.standard_error) value.ci95 = kNormal95 * *value.standard_error;
    }
    return values;
  }

 private:
  struct Part {
    std::vector<Moments> moments;             // by metric
    std::vector<std::int64_t> users;          // who were evaluated
    std::vector<std::vector<double>> values;  // by metric, if they are kept
  };

  void add_user(std::span<const std::int32_t> list, const metrics::Ranking& ranking,
                Part& part) const {
    for (std::size_t m = 0; m < totals_.size(); ++m) {
      const Metric& metric = options_.metrics[m];
      if (metric.info->kind == MetricKind::kRelevance) {
        const double value = metric.info->of_user(ranking, metric.k);
        part.moments[m].add(value);
        if (options_.keep_users) part.values[m].push_back(value);
      } else if (metric.info->kind == MetricKind::kNovelty) {
        if (const auto bits = metrics::novelty(list, information_, metric.k))
          part.moments[m].add(*bits);
      }
    }
  }

  const EvaluateOptions& options_;
  std::vector<double> information_;  // for novelty
  metrics::Coverage coverage_;
  std::vector<Moments> totals_;              // by metric; unused for coverage
  std::vector<std::vector<double>> values_;  // by metric, of every user
  std::int64_t users_ = 0;
};

}  // namespace

Result<Evaluation> evaluate(const Recommender& model, const CompressedView& fold_in,
                            const CompressedView& targets, const EvaluateOptions& options,
                            ThreadPool& pool) {
  BASCULE_TRY(check(model, fold_in, targets, options));
  const Stopwatch watch;
  std::int64_t k = 1;
  for (const Metric& metric : options.metrics) k = std::max<std::int64_t>(k, metric.k);
  RecommendOptions recommend;
  recommend.k = static_cast<std::int32_t>(std::min(k, fold_in.minors));

  Evaluator evaluator(options, fold_in.minors);
  std::vector<std::int64_t> history_offsets, target_offsets;
  const Chunks blocks{fold_in.majors, kBlock};
  for (std::int64_t b = 0; b < blocks.chunks(); ++b) {
    const auto histories = block_of(fold_in, blocks.begin(b), blocks.end(b), history_offsets);
    const auto relevant = block_of(targets, blocks.begin(b), blocks.end(b), target_offsets);
    evaluator.add(model.recommend_all(histories, recommend, pool), relevant, pool);
  }
  if (evaluator.users() == 0)
    return Error{Code::kBadData, "evaluate: no user has an interaction to test on"};
  Evaluation evaluation;
  evaluation.metrics = evaluator.values();
  evaluation.users = evaluator.users();
  evaluation.of_users = evaluator.take_users();
  evaluation.seconds = watch.seconds();
  return evaluation;
}

}  // namespace bascule
