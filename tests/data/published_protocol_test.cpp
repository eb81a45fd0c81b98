// The preparation of Liang et al. 2018 with the permutation of their code: NumPy's, seed 98765.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/data/prepare.h>
#include <bascule/data/ratings.h>
#include <bascule/data/split.h>

namespace bascule {
namespace {

/// np.random.seed(seed); np.random.permutation(count)
std::vector<std::int32_t> numpy_permutation(std::uint32_t seed, std::int32_t count) {
  std::mt19937 random(seed);
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (auto i = static_cast<std::uint32_t>(count - 1); i > 0; --i) {
    std::uint32_t mask = i;
    for (const int shift : {1, 2, 4, 8, 16}) mask |= mask >> shift;
    std::uint32_t j = 0;
    do {
      j = static_cast<std::uint32_t>(random()) & mask;
    } while (j > i);
    std::swap(order[i], order[j]);
  }
  return order;
}

/// Items of the users that the published code trains on: users by ascending id, permuted, the last
/// 2 × heldout held out.
std::int64_t published_train_items(const Dataset& data, std::int64_t heldout) {
  std::vector<std::pair<std::int64_t, std::int32_t>> users;
  users.reserve(static_cast<std::size_t>(data.users.size()));
  for (std::int32_t user = 0; user < data.users.size(); ++user)
    users.emplace_back(std::stoll(std::string(data.users[user])), user);
  std::sort(users.begin(), users.end());
  const auto order = numpy_permutation(98765, data.users.size());
  std::vector<char> seen(static_cast<std::size_t>(data.items.size()), 0);
  for (std::int64_t at = 0; at < data.users.size() - 2 * heldout; ++at) {
    const std::int32_t user =
        users[static_cast<std::size_t>(order[static_cast<std::size_t>(at)])].second;
    for (const std::int32_t item : data.matrix.view().line(user).indices)
      seen[static_cast<std::size_t>(item)] = 1;
  }
  return std::count(seen.begin(), seen.end(), 1);
}

struct Published {
  const char* set;
  const char* file;  // which a part or a sample of the set lacks
  float min_rating;
  std::int64_t heldout;
  std::int64_t events, users, items, train_items;
};

class PublishedProtocol : public ::testing::TestWithParam<Published> {};

TEST_P(PublishedProtocol, CountsAreThose) {
  const Published& want = GetParam();
  const char* root = std::getenv("BASCULE_DATA");
  if (root == nullptr) GTEST_SKIP() << "BASCULE_DATA is not set";
  std::filesystem::path folder;
  for (const char* place : {"", "movielens"}) {
    const std::filesystem::path at = std::filesystem::path(root) / place / want.set;
    for (const char* suffix : {"", ".xz", ".gz", ".zst"})
      if (std::filesystem::exists((at / want.file).string() + suffix)) folder = at;
  }
  if (folder.empty())
    GTEST_SKIP() << "BASCULE_DATA has no " << want.set << "/" << want.file << ": nothing checked";
  RatingsOptions options;
  options.min_rating = want.min_rating;
  const auto ratings = read_ratings(folder.string(), options);
  ASSERT_TRUE(ratings.ok()) << ratings.error().message;
  PrepareOptions steps;
  steps.min_user_ratings = 5;
  steps.binarise = true;
  const auto prepared = prepare(ratings->interactions, steps);
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  const Dataset& data = prepared->data;
  EXPECT_EQ(data.matrix.nonzeros(), want.events);
  EXPECT_EQ(data.users.size(), want.users);
  EXPECT_EQ(data.items.size(), want.items);
  EXPECT_EQ(published_train_items(data, want.heldout), want.train_items);

  SplitOptions split_options;
  split_options.seed = 1;
  split_options.heldout = want.heldout;
  const auto split = make_split(data.matrix, {}, split_options);
  ASSERT_TRUE(split.ok()) << split.error().message;
  EXPECT_EQ(split->train.rows(), want.users - 2 * want.heldout);
  EXPECT_LE(split->test_in.rows(), want.heldout);
  EXPECT_GT(split->test_in.rows(), want.heldout * 99 / 100);
  // Another permutation leaves out other rare items, about as many.
  EXPECT_NEAR(static_cast<double>(split->train_items), static_cast<double>(want.train_items),
              .01 * static_cast<double>(want.train_items));
  std::vector<char> seen(static_cast<std::size_t>(data.items.size()), 0);
  for (const std::int32_t item : split->train.indices()) seen[static_cast<std::size_t>(item)] = 1;
  for (const CsrMatrix* part :
       {&split->valid_in, &split->valid_out, &split->test_in, &split->test_out})
    for (const std::int32_t item : part->indices())
      ASSERT_EQ(seen[static_cast<std::size_t>(item)], 1)
          << "item " << item << " is not in training";
}

// 3,600 is what the published steps give in NumPy on the pairs of ML-1M.
INSTANTIATE_TEST_SUITE_P(
    Sets, PublishedProtocol,
    ::testing::Values(Published{"ml-1m-ge3", "train.txt", 0, 600, 836477, 6038, 3628, 3600},
                      Published{"ml-20m", "ratings.csv", 4, 10000, 9990682, 136677, 20720, 20108}),
    [](const auto& set) {
      return std::string(set.param.set).substr(0, 5) == "ml-1m" ? "Ml1m" : "Ml20m";
    });

}  // namespace
}  // namespace bascule
