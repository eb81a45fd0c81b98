#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/data/catalogue.h>
#include <bascule/data/ratings.h>
#include <bascule/recsys/interactions_io.h>
#include <bascule/recsys/spec.h>
#include <bascule/recsys/training.h>
#include <bascule/run/events.h>
#include <bascule/run/run_folder.h>
#include <bascule/run/spec_source.h>

#include "recsys/fit_report.h"

namespace bascule {
namespace {

Result<Titles> load_titles(const Settings& settings, const std::string& path) {
  const bool pandas = settings.flag("data.pandas_compatible");
  const std::string& titles = settings.text("data.titles");
  return titles == "auto" ? read_titles_beside(path, pandas) : read_titles(titles, pandas);
}

/// What TensorBoard shows: a model that is fitted in one step has its times, all at step 0.
Status write_events(const std::string& folder, const StageTimes& times) {
  BASCULE_ASSIGN(EventWriter events, EventWriter::create(folder));
  for (const auto& [stage, seconds] : times)
    BASCULE_TRY(events.add_scalar("seconds/" + stage, 0, static_cast<float>(seconds)));
  return {};
}

Status write_run(const Settings& settings, const LoadedData& loaded, const Recommender& model,
                 FitOutcome& outcome, const std::string& out) {
  Settings resolved = settings;
  resolved.put("data.path", {loaded.path, "fit"});
  resolved.put("bascule.version", {std::string(version()), "fit"});
  resolved.put("bascule.commit", {std::string(git_commit()), "fit"});

  const Dataset& data = loaded.data;
  SafetensorsWriter tensors;
  tensors.set_metadata("model", std::string(model.type()));
  save_interactions(tensors, data.matrix.view(), data.time);
  model.save(tensors);

  BASCULE_ASSIGN(RunWriter run, RunWriter::create(out));
  BASCULE_TRY(run.write_spec(resolved.to_toml()));
  BASCULE_TRY(run.write_model(tensors));
  const auto item_id = [&](std::int64_t i) { return data.items[static_cast<std::int32_t>(i)]; };
  const auto user_id = [&](std::int64_t u) { return data.users[static_cast<std::int32_t>(u)]; };
  const auto title = [&](std::int64_t i) { return loaded.titles.find(item_id(i)); };
  BASCULE_TRY(run.write_items(data.items.size(), item_id, title));
  BASCULE_TRY(run.write_users(data.users.size(), user_id));
  BASCULE_TRY(run.restart_history());
  const nlohmann::ordered_json line = {
      {"epoch", 0}, {"metrics", outcome.metrics}, {"seconds", outcome.times}};
  BASCULE_TRY(run.append_history(line.dump()));
  BASCULE_TRY(write_events(run.path(), outcome.times));
  BASCULE_TRY(run.write_report(fit_report(resolved, loaded, outcome)));
  BASCULE_TRY(run.finish());
  outcome.run = run.path();
  return {};
}

void log_malformed(const ReadReport& report, const std::function<void(const std::string&)>& log) {
  for (const auto& [kind, entry] : report.malformed) {
    const Malformed::Example& first = entry.examples.front();
    log(fmt::format("  {} × {}, first at {}:{}", entry.count, kind, first.file, first.line));
  }
}

}  // namespace

Result<LoadedData> load_data(const Settings& settings, const std::vector<std::string>& dirs,
                             ThreadPool& pool) {
  if (!settings.has("data.path"))
    return Error{Code::kUsage, "data.path is missing: say where the ratings are"};
  LoadedData loaded;
  BASCULE_ASSIGN(const std::string found, find_set(settings.text("data.path"), dirs));
  std::error_code ignored;
  loaded.path = std::filesystem::absolute(found, ignored).lexically_normal().string();

  Stopwatch watch;
  BASCULE_ASSIGN(Ratings ratings, read_ratings(found, ratings_options(settings), pool));
  loaded.read = std::move(ratings.report);
  loaded.times.emplace_back("read", watch.restart());
  Result<Prepared> prepared = prepare(ratings.interactions, prepare_options(settings), pool);
  if (!prepared.ok())
    return Error{prepared.error().code,
                 fmt::format("{}: {}", loaded.path, prepared.error().message)};
  loaded.data = std::move(prepared->data);
  loaded.prepare = prepared->report;
  loaded.times.emplace_back("filter", loaded.prepare.filter_seconds);
  loaded.times.emplace_back("matrix", loaded.prepare.matrix_seconds);
  watch.restart();
  BASCULE_ASSIGN(loaded.titles, load_titles(settings, found));
  loaded.times.emplace_back("titles", watch.restart());
  return loaded;
}

Result<FitOutcome> fit_recommender(const Settings& settings, const FitRequest& request,
                                   ThreadPool& pool) {
  const auto stop = [&] { return Error{Code::kInterrupted, "interrupted; no run was written"}; };
  BASCULE_ASSIGN(LoadedData loaded, load_data(settings, request.data_dirs, pool));
  const ReadReport& read = loaded.read;
  request.log(fmt::format("{}: {}, {} rows, {} malformed, {} kept", loaded.path, read.format,
                          read.rows, read.malformed_rows(), read.kept));
  log_malformed(read, request.log);
  const ReadReport& titles = loaded.titles.report;
  if (titles.malformed_rows() > 0) {
    request.log(fmt::format("titles: {} rows, {} malformed", titles.rows, titles.malformed_rows()));
    log_malformed(titles, request.log);
  }
  if (request.interrupted()) return stop();

  FitOutcome outcome;
  outcome.read = read;
  outcome.prepare = loaded.prepare;
  outcome.users = loaded.data.matrix.rows();
  outcome.items = loaded.data.matrix.cols();
  outcome.interactions = loaded.data.matrix.nonzeros();
  outcome.times = loaded.times;
  request.log(fmt::format("{} users × {} items, {} interactions", outcome.users, outcome.items,
                          outcome.interactions));

  const std::unique_ptr<Recommender> model = make_recommender(settings);
  const std::int64_t bytes = model->fit_bytes(loaded.data.matrix.view());
  if (bytes > 0)
    request.log(fmt::format("{} takes {:.1f} MB of memory", model->type(),
                            static_cast<double>(bytes) * 1e-6));
  BASCULE_TRY(check_fit_memory(*model, loaded.data.matrix.view()));
  BASCULE_TRY(model->fit(loaded.data.matrix, pool, outcome.times));
  request.log(fmt::format("{} fitted", model->type()));
  if (request.interrupted()) return stop();

  if (!request.out.empty()) {
    const Stopwatch watch;
    BASCULE_TRY(write_run(settings, loaded, *model, outcome, request.out));
    outcome.times.emplace_back("write", watch.seconds());
  }
  return outcome;
}

}  // namespace bascule
