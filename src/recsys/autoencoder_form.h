#pragma once
#include <memory>
#include <vector>

#include <bascule/graph/graph.h>
#include <bascule/recsys/contract.h>
#include <bascule/run/variables.h>

#include "recsys/model_parameter.h"
#include "recsys/user_training.h"

namespace bascule::detail {

/// What autoencoders differ in: a network over a number of items, and how it learns.
class AutoencoderForm {
 public:
  virtual ~AutoencoderForm() = default;

  [[nodiscard]] virtual std::vector<ModelParameter> parameters() const = 0;
  /// Gives the parameters, which the store has, their first values.
  virtual Status initialize(VariableStore& store, ThreadPool& pool) const = 0;
  /// Input "x", output "scores" [batch, items].
  [[nodiscard]] virtual Graph scoring_graph(std::int64_t batch, std::int64_t capacity) const = 0;
  /// `model` is the one that the store belongs to; it judges the users held out. All must outlive
  /// the training.
  virtual Result<std::unique_ptr<UserTraining>> training(const LearnRequest& request,
                                                         const Recommender& model,
                                                         VariableStore& store,
                                                         ThreadPool& pool) const = 0;
  /// Makes the parameters that have been learned those that serve.
  virtual Status finish(VariableStore& /*store*/, ThreadPool& /*pool*/) const { return {}; }
  /// scoring_graph() of parameters that have been finished.
  [[nodiscard]] virtual Graph serving_graph(std::int64_t batch, std::int64_t capacity) const {
    return scoring_graph(batch, capacity);
  }
  /// Whether a user's input is still to be taken from the scores of the graphs.
  [[nodiscard]] virtual bool subtracts_input() const { return false; }
  /// Numbers that a step of so many users keeps of the items.
  [[nodiscard]] virtual std::int64_t step_numbers(const CompressedView& interactions,
                                                  std::int64_t users) const {
    return users * interactions.minors;
  }
  /// Numbers that training keeps beside the parameters and the states of their optimizer.
  [[nodiscard]] virtual std::int64_t extra_numbers() const { return 0; }
  /// See Recommender::layers().
  [[nodiscard]] virtual std::vector<ModelLayer> layers(
      const CompressedView& interactions) const = 0;
};

}  // namespace bascule::detail
