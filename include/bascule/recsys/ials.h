#pragma once
// Matrix factorisation of implicit feedback by alternating least squares.
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <bascule/devices/alternating.h>
#include <bascule/recsys/scoring_recommender.h>

namespace bascule {

struct IalsOptions {
  std::int32_t factors = 64;     ///< > 0
  std::int32_t iterations = 16;  ///< over users and items; > 0
  LeastSquares problem;          ///< of users and of items alike
  std::uint64_t seed = 1;        ///< of the first factors
};

/// score(u, j) = w_u · h_j, with w_u found from the history and the factors of the items: users of
/// the training set and others are treated alike.
class Ials final : public ScoringRecommender {
 public:
  explicit Ials(const IalsOptions& options) : options_(options) {}

  [[nodiscard]] std::string_view type() const override { return "ials"; }
  /// The factors of users and items.
  [[nodiscard]] std::int64_t fit_bytes(const CompressedView& interactions) const override;
  /// All iterations are done there, lists are not. kUsage where the device has no way, or none for
  /// so many factors.
  Status use_device(std::shared_ptr<Device> device) override;
  [[nodiscard]] Result<std::int64_t> device_fit_bytes(
      const CompressedView& interactions) const override;
  /// Stages "transpose", "transfer" (to a device, if there is one) and "factors". Values are the
  /// confidences of the observations.
  Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) override;
  /// By the cosine of the factors, largest first.
  [[nodiscard]] Result<std::vector<Recommendation>> similar_items(
      std::int32_t item, const SimilarOptions& options) const override;
  /// Tensors "ials.items" f32 [items, at least factors], "ials.gram" f32 [factors, as wide], and
  /// "item_users" i64 [items].
  void save(SafetensorsWriter& writer) const override;
  Status load(std::shared_ptr<const SafetensorsFile> file) override;

 private:
  struct Block;
  Status iterate(const CompressedView& by_user, const CompressedView& by_item, FactorMatrix& items,
                 ThreadPool& pool, StageTimes& times) const;
  void transpose_items();
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  ScoreRows score(const CompressedView& histories, std::int64_t first, std::int64_t last,
                  Scratch& scratch) const override;

  IalsOptions options_;
  std::shared_ptr<SolvesLeastSquares> device_;     // null: the CPU
  FactorMatrix fitted_;                            // owned, after fit
  std::shared_ptr<const SafetensorsFile> loaded_;  // or mapped, after load
  FactorView factors_;                             // of the items
  std::vector<float> gram_;
  std::vector<float> columns_;  // the factors again, one factor of all items after another
};

}  // namespace bascule
