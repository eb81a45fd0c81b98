// recommend RATINGS ITEM: the ten items most like one item, from a ratings file of any known
// layout.
#include <cstdio>
#include <string>

#include <bascule/bascule.h>

namespace {

bascule::Status recommend(const std::string& path, const std::string& id) {
  BASCULE_ASSIGN(const bascule::Ratings ratings, bascule::read_ratings(path));
  BASCULE_ASSIGN(const bascule::Prepared prepared,
                 bascule::prepare(ratings.interactions, {.min_rating = 3}));
  bascule::ItemKnn model({.neighbors = 50});
  bascule::StageTimes times;
  BASCULE_TRY(model.fit(prepared.data.matrix, bascule::default_pool(), times));
  const auto item = prepared.data.items.find(id);
  if (!item) return {bascule::Code::kUsage, id + " is not in " + path};
  BASCULE_ASSIGN(const auto similar, model.similar_items(*item, {10, false}));
  for (const bascule::Recommendation& one : similar)
    std::printf("%s\t%.6f\n", std::string(prepared.data.items[one.item]).c_str(), one.score);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: recommend RATINGS ITEM\n", stderr), 2;
  const bascule::Status status = recommend(argv[1], argv[2]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return static_cast<int>(status.error().code);
}
