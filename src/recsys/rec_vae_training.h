#pragma once
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <bascule/run/program.h>

#include "recsys/rec_vae_graphs.h"
#include "recsys/user_training.h"

namespace bascule::detail {

/// Steps of the encoder and of the decoder in turn, by passes over the users.
class RecVaeTraining final : public UserTraining {
 public:
  /// All must outlive the training, and the store has the parameters' first values: they are those
  /// of the prior's encoder too.
  static Result<std::unique_ptr<RecVaeTraining>> make(const RecVaeOptions& options,
                                                      const RecVaeForm& form,
                                                      const LearnRequest& request,
                                                      const Recommender& model,
                                                      VariableStore& store, ThreadPool& pool);

 private:
  RecVaeTraining(const RecVaeOptions& options, const LearnRequest& request,
                 const Recommender& model, VariableStore& store, UserBatches batches,
                 ThreadPool& pool);
  Status compile(const RecVaeForm& form);
  Status train_on(UserBatch& batch) override;

  enum class Part : std::uint8_t { kEncoder, kDecoder };

  const RecVaeOptions* options_;
  std::map<std::pair<Part, std::size_t>, Program> programs_;  // by the number of users
  std::unique_ptr<Program> keep_encoder_;
  std::vector<float> scales_, weights_;  // of the batch's users
};

}  // namespace bascule::detail
