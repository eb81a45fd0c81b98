#include <bascule/data/split.h>
#include <bascule/recsys/evaluate_split.h>
#include <bascule/recsys/popularity.h>
#include <bascule/recsys/spec.h>

namespace bascule {

Result<SplitEvaluation> evaluate_on_split(const Settings& settings, const CsrMatrix& interactions,
                                          std::span<const std::int64_t> time,
                                          std::span<const std::int32_t> at,
                                          const Recommender* trained, ThreadPool& pool) {
  BASCULE_ASSIGN(const Split split, make_split(interactions, time, split_options(settings)));
  SplitEvaluation result;
  result.train_users = split.train.rows();
  result.train_items = split.train_items;
  result.train_interactions = split.train.nonzeros();

  std::unique_ptr<Recommender> refitted;
  if (trained == nullptr) {
    refitted = make_recommender(settings);
    const Stopwatch watch;
    StageTimes times;
    BASCULE_TRY(check_fit_memory(*refitted, split.train.view()));
    BASCULE_TRY(refitted->fit(split.train, pool, times));
    result.fit_seconds = watch.seconds();
    trained = refitted.get();
  }

  const bool test = settings.text("evaluate.part") == "test";
  const CsrMatrix& fold_in = test ? split.test_in : split.valid_in;
  const CsrMatrix& targets = test ? split.test_out : split.valid_out;
  const std::vector<std::int64_t> item_users = count_item_users(split.train.view());
  EvaluateOptions options;
  BASCULE_ASSIGN(options.metrics, metrics_at(at));
  options.graded = settings.flag("evaluate.graded");
  options.item_users = item_users;
  options.train_users = split.train.rows();
  BASCULE_ASSIGN(result.evaluation,
                 evaluate(*trained, fold_in.view(), targets.view(), options, pool));
  return result;
}

}  // namespace bascule
