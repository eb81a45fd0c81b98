#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/recsys/item_knn.h>
#include <bascule/recsys/saved_run.h>
#include <bascule/recsys/spec.h>

#include "cli/item_list.h"
#include "cli/open_run.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

struct Options {
  std::string run;
  std::string item, user;
  std::vector<std::string> history;
  std::int32_t k = 10;
  bool include_self = false;
  bool include_seen = false;
  std::string allow, deny;
  std::string compute = "stored";
};

using List = std::vector<Recommendation>;

/// What --allow and --deny say.
struct Lists {
  std::optional<ItemList> allow, deny;
  [[nodiscard]] ItemFilter filter() const {
    ItemFilter filter;
    if (allow) filter.allow = allow->items;
    if (deny) filter.deny = deny->items;
    return filter;
  }
};

Result<Lists> read_lists(const Options& options, const SavedRun& run, const Context& context) {
  Lists lists;
  if (!options.allow.empty()) {
    BASCULE_ASSIGN(lists.allow, read_item_list("--allow", options.allow, run, context));
    if (lists.allow->items.empty())
      return Error{Code::kUsage, fmt::format("--allow: {} has no item of {}",
                                             options.allow.substr(1), run.path())};
  }
  if (!options.deny.empty()) {
    BASCULE_ASSIGN(lists.deny, read_item_list("--deny", options.deny, run, context));
  }
  return lists;
}

Result<std::int32_t> index_of(const IdFile& ids, const std::string& id, std::string_view what,
                              const std::string& run) {
  const auto index = ids.find(id);
  if (!index)
    return Error{Code::kUsage, fmt::format("{} {} is not in {}", what, terminal_safe(id), run)};
  return static_cast<std::int32_t>(*index);
}

/// Answers the same query until its time is steady: the first time, then the median of the rest.
List timed(const std::function<List()>& query, StageTimes& times) {
  constexpr int kRepeats = 51;
  Stopwatch watch;
  List list = query();
  times.emplace_back("first_query", watch.restart());
  std::vector<double> seconds;
  for (int i = 0; i < kRepeats; ++i) {
    watch.restart();
    list = query();
    seconds.push_back(watch.seconds());
  }
  std::nth_element(seconds.begin(), seconds.begin() + kRepeats / 2, seconds.end());
  times.emplace_back("steady_query", seconds[kRepeats / 2]);
  return list;
}

/// How many neighbours are asked for: all, where some of them may be left out.
std::int32_t reach(const SavedRun& run, std::int32_t k, const ItemFilter& filter) {
  return filter.passes_all() ? k : static_cast<std::int32_t>(run.items().size());
}

List as_list(const std::vector<Neighbor>& neighbors, std::int32_t k, const ItemFilter& filter) {
  List list;
  for (const Neighbor& n : neighbors) {
    if (std::ssize(list) == k) break;
    if (filter.passes(n.id)) list.push_back({n.id, n.score});
  }
  return list;
}

Result<List> similar_by_index(const SavedRun& run, std::int32_t item, const Options& options,
                              const ItemFilter& filter, StageTimes& times) {
  const Stopwatch watch;
  BASCULE_ASSIGN(const NeighborIndex index,
                 ItemKnn::build_index(run.interactions().matrix, knn_options(run.settings())));
  NeighborScratch scratch(index);
  times.emplace_back("index", watch.seconds());
  const std::int32_t most = reach(run, options.k, filter);
  return timed(
      [&] {
        return as_list(query(index, item, most, options.include_self, scratch), options.k, filter);
      },
      times);
}

/// The article's way: the whole matrix written out, one matrix-vector product per query.
Result<List> similar_by_dense(const SavedRun& run, std::int32_t item, const Options& options,
                              const ItemFilter& filter, StageTimes& times) {
  const KnnOptions knn = knn_options(run.settings());
  if (knn.similarity.similarity != Similarity::kCosine || knn.similarity.shrinkage != 0 ||
      knn.similarity.alpha != 0.5F || knn.weighting.weighting != Weighting::kRaw)
    return Error{Code::kUsage, "--compute dense knows only the plain cosine of raw ratings"};
  const Stopwatch watch;
  BASCULE_ASSIGN(const DenseMatrix dense,
                 dense_matrix(run.interactions().matrix, PointAxis::kMinors));
  times.emplace_back("dense_matrix", watch.seconds());
  const auto width = static_cast<std::size_t>(dense.features);
  const std::span<const float> row = dense.values.span().subspan(item * width, width);
  const std::int32_t exclude = options.include_self ? kExcludeNone : item;
  const std::int32_t most = reach(run, options.k, filter);
  return timed([&] { return as_list(dense_query(dense, row, most, exclude), options.k, filter); },
               times);
}

Result<List> similar(const SavedRun& run, const Options& options, const ItemFilter& filter,
                     StageTimes& times) {
  BASCULE_ASSIGN(const std::int32_t item, index_of(run.items(), options.item, "item", run.path()));
  const bool knn = run.model().type() == "item-knn";
  if (knn && options.compute == "dense") return similar_by_dense(run, item, options, filter, times);
  if (knn && options.compute == "sparse")
    return similar_by_index(run, item, options, filter, times);
  const Stopwatch watch;
  auto list = run.model().similar_items(item, {options.k, options.include_self, filter});
  // More than is stored of an item's neighbours.
  if (knn && !list.ok() && list.error().code == Code::kUsage)
    return similar_by_index(run, item, options, filter, times);
  times.emplace_back("query", watch.seconds());
  return list;
}

Result<List> for_history(const SavedRun& run, const Options& options, const ItemFilter& filter,
                         StageTimes& times) {
  std::vector<std::int32_t> items;
  std::vector<float> ones;
  SparseLine history;
  if (!options.user.empty()) {
    BASCULE_ASSIGN(const std::int32_t user,
                   index_of(run.users(), options.user, "user", run.path()));
    history = run.interactions().matrix.line(user);
  } else {
    for (const std::string& id : options.history) {
      BASCULE_ASSIGN(const std::int32_t item, index_of(run.items(), id, "item", run.path()));
      items.push_back(item);
    }
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    ones.assign(items.size(), 1.0F);
    history = {items, ones};
  }
  const Stopwatch watch;
  List list = run.model().recommend(history, {options.k, !options.include_seen, filter});
  times.emplace_back("query", watch.seconds());
  return list;
}

Status recommend(const Options& options, const Context& context) {
  BASCULE_ASSIGN(const std::string device, context.resolve_device());
  StageTimes times;
  const Stopwatch watch;
  BASCULE_ASSIGN(const SavedRun run, open_run(options.run, context));
  times.emplace_back("load", watch.seconds());
  BASCULE_ASSIGN(const Lists lists, read_lists(options, run, context));
  const ItemFilter filter = lists.filter();
  BASCULE_ASSIGN(const List list, options.item.empty() ? for_history(run, options, filter, times)
                                                       : similar(run, options, filter, times));
  if (context.json) {
    nlohmann::ordered_json query, items = nlohmann::ordered_json::array();
    if (!options.item.empty()) query["item"] = options.item;
    if (!options.user.empty()) query["user"] = options.user;
    if (!options.history.empty()) query["history"] = options.history;
    query["k"] = options.k;
    for (const auto& [name, given] : {std::pair{"allow", &lists.allow}, {"deny", &lists.deny}})
      if (*given) query[name] = {{"items", (*given)->items.size()}, {"unknown", (*given)->unknown}};
    for (const Recommendation& r : list) {
      const IdLine line = run.items().at(r.item);
      items.push_back({{"id", line.id}, {"title", line.title}, {"score", r.score}});
    }
    print_json({{"query", query},
                {"device", device},
                {"why", context.why_device()},
                {"items", items},
                {"seconds", seconds_json(times)}});
    return {};
  }
  if (!options.item.empty()) {
    const IdLine line = run.items().at(*run.items().find(options.item));
    fmt::print("Most like {} ({}):\n", terminal_safe(line.title.empty() ? line.id : line.title),
               terminal_safe(line.id));
  }
  Table table({{"#", Table::Align::kRight},
               {"id"},
               {"title", Table::Align::kLeft, 64},
               {options.item.empty() ? "score" : "similarity", Table::Align::kRight}});
  for (std::size_t i = 0; i < list.size(); ++i) {
    const IdLine line = run.items().at(list[i].item);
    table.add({std::to_string(i + 1), terminal_safe(line.id), terminal_safe(line.title),
               fmt::format("{:.4f}", list[i].score)});
  }
  std::string stages;
  for (const auto& [stage, seconds] : times)
    stages +=
        fmt::format("{}{} {}", stages.empty() ? "" : ", ", spaced(stage), human_seconds(seconds));
  fmt::print("{}{} on {}\n", table.to_string(), stages, device);
  return {};
}

}  // namespace

void add_recommend(CLI::App& app, Context& context) {
  const CLI::Validator not_empty(
      [](const std::string& value) { return std::string(value.empty() ? "no items" : ""); }, "");
  CLI::App* verb = app.add_subcommand("recommend", "the items most like an item, or for a user");
  auto options = std::make_shared<Options>();
  verb->add_option("RUN", options->run, "run folder")->required();
  CLI::Option_group* query = verb->add_option_group("query", "one of");
  query->add_option("--item", options->item, "items like this one");
  query->add_option("--user", options->user, "items for this user of the data");
  query->add_option("--history", options->history, "items for somebody who liked these: ID,ID,…")
      ->delimiter(',');
  query->require_option(1);
  verb->add_option("-k", options->k, "how many")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  verb->add_flag("--include-self", options->include_self, "--item: keep the item itself (first)");
  verb->add_flag("--include-seen", options->include_seen, "keep what the user already has");
  verb->add_option(
          "--allow", options->allow,
          "only these: ID,ID,… or @FILE with an id a line, where unknown ones are reported")
      ->check(not_empty);
  verb->add_option("--deny", options->deny, "none of these, given as --allow")->check(not_empty);
  verb->add_option("--compute", options->compute,
                   "--item: from the stored lists, or anew by the sparse index, or by a dense "
                   "matrix-vector product (timed)")
      ->check(CLI::IsMember({"stored", "sparse", "dense"}))
      ->capture_default_str();
  verb->callback([options, &context] {
    context.action = [options, &context] { return recommend(*options, context); };
  });
}

}  // namespace bascule::cli
