#pragma once
// Several recommenders on one split of one data set.
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/recsys/evaluate.h>
#include <bascule/recsys/training.h>

namespace bascule {

struct NamedSettings {
  std::string name;
  Settings settings;
};

/// The models that a spec describes: itself under `name`, or where it has a list [[models]], each
/// entry's keys in place of those of [model], under its `name` or its type. kUsage as
/// Settings::resolve(), and when two have the same name.
Result<std::vector<NamedSettings>> models_of(const Config& config, const std::string& name);

struct ComparedModel {
  std::string name, type;
  Evaluation evaluation;
  double fit_seconds = 0;
  std::int64_t epochs = 0, best_epoch = 0;  ///< of a model that learns by epochs
  std::int64_t bytes = 0;                   ///< of its tensors in a run
  /// The most memory the process had while fitting, the data included; 0: unknown.
  std::int64_t peak_memory = 0;
  /// That it is as good as the best model by NDCG@100, two-sided, from the paired differences of
  /// the users by the normal law; none of the best one itself and where nothing differs.
  std::optional<double> p_value;

  /// Whose lists were made and measured in a second.
  [[nodiscard]] double users_per_second() const;
};

struct Comparison {
  std::string path, part;  ///< of the data; "test" or "valid"
  std::int64_t users = 0, items = 0, interactions = 0;
  std::int64_t train_users = 0, valid_users = 0, test_users = 0;
  std::vector<ComparedModel> models;  ///< as they were given
  std::size_t best = 0;               ///< of them, by NDCG@100
};

/// Fits every model on the training part and measures it on the held-out one. `request.out` is not
/// used. kUsage when the specs do not agree about data, split and seed.
Result<Comparison> compare_recommenders(const std::vector<NamedSettings>& models,
                                        const FitRequest& request, ThreadPool& pool);

/// As a page with tables and bars, and as a table for other programs.
std::string comparison_report(const Comparison& comparison);
std::string comparison_csv(const Comparison& comparison);

/// The metrics that a comparison takes, in the order of its table.
std::vector<std::string> comparison_metrics();

}  // namespace bascule
