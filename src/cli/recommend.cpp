#include <algorithm>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/devices/device.h>
#include <bascule/recsys/saved_run.h>
#include <bascule/recsys/similar_query.h>
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

/// What does not compute there must not seem to.
Error not_on(const Device& device, const std::string& what) {
  return {Code::kUsage, fmt::format("--device {}: {}", device.target().device, what)};
}

Result<List> similar(const SavedRun& run, const Options& options, const ItemFilter& filter,
                     Device* device, StageTimes& times) {
  BASCULE_ASSIGN(const std::int32_t item, index_of(run.items(), options.item, "item", run.path()));
  const SimilarOptions wanted{options.k, options.include_self, filter};
  const bool knn = run.model().type() == "item-knn";
  const auto anew = [&](QueryMethod method) {
    return query_similar(run.interactions().matrix, item, knn_options(run.settings()), method,
                         wanted, device, times);
  };
  if (knn && options.compute == "dense") return anew(QueryMethod::kDense);
  // Stored lists are on the disk: a device has nothing to do for them.
  if (knn && (options.compute == "sparse" || device != nullptr)) return anew(QueryMethod::kSparse);
  if (device != nullptr)
    return not_on(*device,
                  fmt::format("{} finds similar items on the cpu only", run.model().type()));
  const Stopwatch watch;
  auto list = run.model().similar_items(item, wanted);
  // More than is stored of an item's neighbours.
  if (knn && !list.ok() && list.error().code == Code::kUsage) return anew(QueryMethod::kSparse);
  times.emplace_back("query", watch.seconds());
  return list;
}

Result<List> for_history(const SavedRun& run, const Options& options, const ItemFilter& filter,
                         const Device* device, StageTimes& times) {
  if (device != nullptr && !run.model().lists_on_device())
    return not_on(*device, fmt::format("{} makes its lists on the cpu only", run.model().type()));
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
  BASCULE_TRY(run.model().device_status());
  times.emplace_back("query", watch.seconds());
  return list;
}

Status recommend(const Options& options, const Context& context) {
  BASCULE_ASSIGN(const std::shared_ptr<Device> gpu, context.open_recommender_device());
  const std::string device = device_name(gpu);
  StageTimes times;
  const Stopwatch watch;
  BASCULE_ASSIGN(const SavedRun run, open_run(options.run, context, gpu));
  times.emplace_back("load", watch.seconds());
  BASCULE_ASSIGN(const Lists lists, read_lists(options, run, context));
  const ItemFilter filter = lists.filter();
  BASCULE_ASSIGN(const List list, options.item.empty()
                                      ? for_history(run, options, filter, gpu.get(), times)
                                      : similar(run, options, filter, gpu.get(), times));
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
  verb->add_option(
          "--compute", options->compute,
          "--item of item-knn: from the stored lists, or anew by the sparse index (on a GPU "
          "always), or by a dense matrix-vector product; what is anew is timed by stage")
      ->check(CLI::IsMember({"stored", "sparse", "dense"}))
      ->capture_default_str();
  verb->callback([options, &context] {
    context.action = [options, &context] { return recommend(*options, context); };
  });
}

}  // namespace bascule::cli
