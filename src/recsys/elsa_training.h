#pragma once
#include <map>
#include <memory>

#include <bascule/run/program.h>

#include "recsys/elsa_graphs.h"
#include "recsys/user_training.h"

namespace bascule::detail {

/// Steps of ELSA.
class ElsaTraining final : public UserTraining {
 public:
  /// All must outlive the training; `model` is the one that the store belongs to.
  static Result<std::unique_ptr<ElsaTraining>> make(const ElsaOptions& options,
                                                    const LearnRequest& request,
                                                    const Recommender& model, VariableStore& store,
                                                    ThreadPool& pool);

 private:
  using UserTraining::UserTraining;
  Status compile(const ElsaOptions& options, std::int64_t items);
  Status train_on(UserBatch& batch) override;

  std::map<std::size_t, Program> programs_;  // by the number of users
};

}  // namespace bascule::detail
