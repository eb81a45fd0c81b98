#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <bascule/recsys/contract.h>

namespace bascule {

/// For every item the number of users who have it, whatever the value.
std::vector<std::int64_t> count_item_users(const CompressedView& users_by_items);

/// All items by falling number of users, ties to the lower.
std::vector<std::int32_t> by_popularity(std::span<const std::int64_t> item_users);

/// Recommends to everybody the items that most training users have; the score is their number.
/// Items that nobody has are never recommended. The baseline that every personal model must beat.
class Popularity : public Recommender {
 public:
  [[nodiscard]] std::string_view type() const override { return "popularity"; }
  [[nodiscard]] std::int64_t items() const override {
    return static_cast<std::int64_t>(item_users_.size());
  }
  /// Takes any, and leaves it alone: counting costs less than a way there and back.
  Status use_device(std::shared_ptr<Device> /*device*/) override { return {}; }
  /// One pass over the interactions; stage "count".
  Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) override;
  /// Not personal: an empty history gets the whole ranking.
  [[nodiscard]] std::vector<Recommendation> recommend(
      SparseLine history, const RecommendOptions& options) const override;
  /// Tensor "item_users", int64 [items].
  void save(SafetensorsWriter& writer) const override;
  Status load(std::shared_ptr<const SafetensorsFile> file) override;

 private:
  void rank();
  std::vector<std::int64_t> item_users_;
  std::vector<std::int32_t> ranking_;  // items somebody has, most popular first, ties to the lower
};

}  // namespace bascule
