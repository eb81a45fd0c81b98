#include <bascule/recsys/evaluate_split.h>
#include <bascule/recsys/popularity.h>
#include <bascule/recsys/spec.h>

namespace bascule {

Result<SplitEvaluation> evaluate_on_split(const Settings& settings, const CsrMatrix& interactions,
                                          std::span<const std::int64_t> time,
                                          std::span<const std::int32_t> at,
                                          const Recommender* trained, ThreadPool& pool,
                                          const std::shared_ptr<Device>& device) {
  BASCULE_ASSIGN(const Split split, make_split(interactions, time, split_options(settings)));
  SplitEvaluation result;
  result.train_users = split.train.rows();
  result.train_items = split.train_items;
  result.train_interactions = split.train.nonzeros();

  std::unique_ptr<Recommender> refitted;
  if (trained == nullptr) {
    refitted = make_recommender(settings);
    if (device != nullptr) BASCULE_TRY(refitted->use_device(device));
    const Stopwatch watch;
    StageTimes times;
    BASCULE_TRY(check_fit_memory(*refitted, split.train.view(), device.get()));
    BASCULE_TRY(refitted->fit(split.train, pool, times));
    result.fit_seconds = watch.seconds();
    trained = refitted.get();
  }

  BASCULE_ASSIGN(const std::vector<Metric> metrics, metrics_at(at));
  BASCULE_ASSIGN(result.evaluation, evaluate_part(*trained, split, settings.text("evaluate.part"),
                                                  metrics, settings, pool));
  return result;
}

Result<Evaluation> evaluate_part(const Recommender& model, const Split& split,
                                 std::string_view part, const std::vector<Metric>& metrics,
                                 const Settings& settings, ThreadPool& pool) {
  const bool test = part == "test";
  const std::vector<std::int64_t> item_users = count_item_users(split.train.view());
  EvaluateOptions options;
  options.metrics = metrics;
  options.graded = settings.flag("evaluate.graded");
  options.item_users = item_users;
  options.train_users = split.train.rows();
  options.keep_users = true;
  Result<Evaluation> evaluation =
      evaluate(model, (test ? split.test_in : split.valid_in).view(),
               (test ? split.test_out : split.valid_out).view(), options, pool);
  BASCULE_TRY(model.device_status());
  return evaluation;
}

}  // namespace bascule
