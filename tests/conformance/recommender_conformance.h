#pragma once
// What every recommender must do, whatever its method. A model enrols with one file:
//
//   INSTANTIATE_TEST_SUITE_P(Popularity, RecommenderConformance,
//                            testing::Values(RecommenderCase{.name = "popularity", .make = …}));
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include <bascule/recsys/contract.h>

namespace bascule {

struct RecommenderCase {
  std::string name;  ///< what type() must say
  std::function<std::unique_ptr<Recommender>()> make;
  bool personal = true;  ///< gives nothing for an empty history
  bool similar = false;  ///< offers similar_items()
  /// How much the scores of items with the same users may differ; 0: not by a bit.
  double tie_tolerance = 0;
  /// How much scores of one user and of many at once may differ; 0: not by a bit.
  double batch_tolerance = 0;
};

inline std::ostream& operator<<(std::ostream& out, const RecommenderCase& model) {
  return out << model.name;
}

class RecommenderConformance : public testing::TestWithParam<RecommenderCase> {
 protected:
  /// 150 users × 40 items of two tastes. Items 1 and 2, and items 21 and 22, have the same users,
  /// so that scores tie; item 39 has no user, user 7 no item, user 9 only item 0.
  static const CsrMatrix& interactions();
  /// A fitted model.
  static std::unique_ptr<Recommender> fitted(int threads = 1);
};

}  // namespace bascule
