#pragma once
// Scores that programs compute from what users have, and lists of them where the device searches
// scores itself.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <bascule/compile/compile.h>
#include <bascule/devices/device.h>
#include <bascule/devices/score_search.h>
#include <bascule/recsys/scoring_recommender.h>
#include <bascule/run/program.h>

#include "recsys/user_rows.h"

namespace bascule::detail {

/// Variables on a device, and programs that score with them, for any number of threads.
class ProgramScores {
 public:
  struct Form {
    /// Input "x" [users, items], rows of length 1 unless `plain_input`, output "scores"
    /// [users, stride].
    std::function<Graph(std::int64_t users, std::int64_t capacity)> graph;
    std::int64_t items = 0, stride = 0;
    bool plain_input = false;
    bool subtracts_input = false;  ///< x is still to be taken from the scores
  };
  ProgramScores(std::shared_ptr<Device> device, Form form, const CompileOptions& compile);

  [[nodiscard]] VariableStore& store() { return store_; }
  [[nodiscard]] const Form& form() const { return form_; }
  /// A program for so many users that nobody else has.
  Result<Program> take(std::int64_t users);
  void give_back(std::int64_t users, Program program);
  /// Null where scores are searched on the host.
  [[nodiscard]] SearchesScores* search() const {
    return dynamic_cast<SearchesScores*>(device_.get());
  }
  [[nodiscard]] bool reads_host_memory() const { return device_->target().host_memory; }
  /// Held by whoever uses the device: others than the CPU take their orders from one at a time.
  [[nodiscard]] std::unique_lock<std::mutex> turn();
  /// The first failure of a scorer is kept.
  void keep(const Error& failure);
  [[nodiscard]] Status failed();

 private:
  std::shared_ptr<Device> device_;
  Form form_;
  CompileOptions compile_;
  VariableStore store_;
  std::mutex mutex_, turn_;
  Status failed_;
  std::map<std::int64_t, std::vector<Program>> idle_;
};

/// Of one thread; must not outlive the scores.
class ProgramScorer {
 public:
  explicit ProgramScorer(ProgramScores& scores) : scores_(scores) {}
  ~ProgramScorer();
  ProgramScorer(const ProgramScorer&) = delete;
  ProgramScorer& operator=(const ProgramScorer&) = delete;

  /// Scores of the users [first, last), `stride` apart, in memory that is theirs until the next
  /// call; zeros when the device fails, which failed() tells.
  float* score(const CompressedView& histories, std::int64_t first, std::int64_t last);
  /// Their lists, as ScoringRecommender::search() puts them.
  void search(const CompressedView& histories, std::int64_t first, std::int64_t last,
              const ListRules& rules, TopLists& lists);

 private:
  /// Takes the users' items as rows, of which it gives the number.
  std::int64_t take(const CompressedView& histories, std::int64_t first, std::int64_t last);
  /// Computes the scores of so many rows; with the turn.
  Result<Program*> step(std::int64_t rows);
  Result<float*> read(std::int64_t rows);
  Result<NeighborLists> best(std::int64_t rows, std::int64_t users, const ListRules& rules);

  ProgramScores& scores_;
  std::map<std::int64_t, Program> programs_;
  UserRows rows_;
  std::vector<float> read_;  // where the device has them in memory of its own
};

}  // namespace bascule::detail
