// custom_recommender RATINGS: a model of one's own beside those of the library, on one split.
//
// The model counts paths: item, user who has it, another item of that user. That is "customers who
// bought this also bought", without any normalisation.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <bascule/bascule.h>

namespace {

using namespace bascule;

class AlsoBought final : public Recommender {
 public:
  [[nodiscard]] std::string_view type() const override { return "also-bought"; }
  [[nodiscard]] std::int64_t items() const override { return by_user_.minors(); }

  Status fit(const CsrMatrix& interactions, ThreadPool& /*pool*/, StageTimes& times) override {
    const Stopwatch watch;
    by_user_ = interactions;
    by_item_ = flip(interactions.view());
    times.emplace_back("index", watch.seconds());
    return {};
  }

  [[nodiscard]] std::vector<Recommendation> recommend(
      SparseLine history, const RecommendOptions& options) const override {
    std::vector<float> paths(static_cast<std::size_t>(items()), 0.0F);
    for (const std::int32_t item : history.indices) {
      for (const std::int32_t user : by_item_.line(item).indices) {
        for (const std::int32_t other : by_user_.line(user).indices) ++paths[other];
      }
    }
    if (options.exclude_history) {
      for (const std::int32_t item : history.indices) paths[item] = 0;
    }
    std::vector<Recommendation> list;
    for (std::int32_t item = 0; item < items(); ++item) {
      if (paths[item] > 0 && options.filter.passes(item)) list.push_back({item, paths[item]});
    }
    // Items come in ascending order, and a stable sort keeps it where scores tie.
    std::stable_sort(list.begin(), list.end(),
                     [](const auto& a, const auto& b) { return a.score > b.score; });
    list.resize(std::min(list.size(), static_cast<std::size_t>(std::max(options.k, 0))));
    return list;
  }

  // The interactions are the model, and every model file has them already.
  void save(SafetensorsWriter& /*writer*/) const override {}
  Status load(std::shared_ptr<const SafetensorsFile> file) override {
    BASCULE_ASSIGN(const StoredInteractions stored, load_interactions(*file));
    StageTimes ignored;
    return fit(CsrMatrix(copy(stored.matrix)), default_pool(), ignored);
  }

 private:
  CsrMatrix by_user_;
  Compressed by_item_;
};

Status compare(const std::string& path) {
  BASCULE_ASSIGN(const Ratings ratings, read_ratings(path));
  BASCULE_ASSIGN(const Prepared prepared, prepare(ratings.interactions, {.binarise = true}));
  BASCULE_ASSIGN(const Split split, make_split(prepared.data, {.seed = 1}));
  const std::vector<std::int32_t> at = {20};
  EvaluateOptions options;
  BASCULE_ASSIGN(options.metrics, metrics_at(at));
  const std::vector<std::int64_t> item_users = count_item_users(split.train.view());
  options.item_users = item_users;
  options.train_users = split.train.rows();

  std::vector<std::unique_ptr<Recommender>> models;
  models.push_back(std::make_unique<Popularity>());
  models.push_back(std::make_unique<AlsoBought>());
  models.push_back(std::make_unique<ItemKnn>(KnnOptions{}));
  for (const auto& model : models) {
    StageTimes times;
    BASCULE_TRY(model->fit(split.train, default_pool(), times));
    BASCULE_ASSIGN(const Evaluation result,
                   evaluate(*model, split.test_in.view(), split.test_out.view(), options));
    const MetricValue& recall = result.metrics.at("recall@20");
    std::printf("%s\trecall@20\t%.6f\t%.6f\n", std::string(model->type()).c_str(), recall.value,
                recall.standard_error.value_or(0));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: custom_recommender RATINGS\n", stderr), 2;
  const Status status = compare(argv[1]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return static_cast<int>(status.error().code);
}
