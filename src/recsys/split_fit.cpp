#include "recsys/split_fit.h"

#include <fmt/format.h>

#include <bascule/recsys/epoch_learner.h>
#include <bascule/recsys/spec.h>

namespace bascule {

Result<SplitData> load_split(const Settings& settings, const FitRequest& request,
                             ThreadPool& pool) {
  BASCULE_ASSIGN(const LoadedData loaded, load_data(settings, request.data_dirs, pool));
  const CsrMatrix& matrix = loaded.data.matrix;
  SplitData data{loaded.path, matrix.rows(), matrix.cols(), matrix.nonzeros(), {}};
  BASCULE_ASSIGN(data.split, make_split(loaded.data, split_options(settings)));
  request.log(
      fmt::format("{}: {} users × {} items, {} interactions; {} users to train on, {} to "
                  "validate, {} to test",
                  data.path, data.users, data.items, data.interactions, data.split.train.rows(),
                  data.split.valid_in.rows(), data.split.test_in.rows()));
  return data;
}

Result<EpochCount> fit_on_split(Recommender& model, const Split& split, const FitRequest& request,
                                ThreadPool& pool) {
  if (!model.learns_by_epochs()) {
    StageTimes times;
    BASCULE_TRY(model.fit(split.train, pool, times));
    return EpochCount{};
  }
  LearnRequest learn{split.train.view(), split.valid_in.view(), split.valid_out.view(), {}};
  learn.log = request.log;
  learn.control.on_progress = request.on_progress;
  learn.control.on_epoch = request.on_epoch;
  learn.control.interrupted = request.interrupted;
  BASCULE_ASSIGN(const Learned learned, model.epoch_learner()->learn(learn, pool));
  if (learned.stop == nn::FitStop::kNotFinite) return Error{Code::kFailed, learned.message};
  if (learned.stop == nn::FitStop::kInterrupted)
    return Error{Code::kInterrupted, "interrupted; nothing was written"};
  return EpochCount{std::ssize(learned.history), learned.best_epoch};
}

}  // namespace bascule
