#include <filesystem>

#include <fmt/format.h>

#include <bascule/data/catalogue.h>
#include <bascule/data/ratings.h>
#include <bascule/devices/device.h>
#include <bascule/recsys/spec.h>
#include <bascule/recsys/training.h>

#include "nn/run_log.h"
#include "recsys/learning.h"
#include "recsys/run_files.h"

namespace bascule {
namespace {

Result<Titles> load_titles(const Settings& settings, const std::string& path) {
  const bool pandas = settings.flag("data.pandas_compatible");
  const std::string& titles = settings.text("data.titles");
  return titles == "auto" ? read_titles_beside(path, pandas) : read_titles(titles, pandas);
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

namespace {

void log_data(const LoadedData& loaded, const FitOutcome& outcome, const FitRequest& request) {
  const ReadReport& read = loaded.read;
  request.log(fmt::format("{}: {}, {} rows, {} malformed, {} kept", loaded.path, read.format,
                          read.rows, read.malformed_rows(), read.kept));
  log_malformed(read, request.log);
  const ReadReport& titles = loaded.titles.report;
  if (titles.malformed_rows() > 0) {
    request.log(fmt::format("titles: {} rows, {} malformed", titles.rows, titles.malformed_rows()));
    log_malformed(titles, request.log);
  }
  request.log(fmt::format("{} users × {} items, {} interactions", outcome.users, outcome.items,
                          outcome.interactions));
}

Status check_memory(const Recommender& model, const CsrMatrix& matrix, const FitRequest& request) {
  BASCULE_ASSIGN(const FitMemory memory,
                 check_fit_memory(model, matrix.view(), request.device.get()));
  if (memory.host == 0) return {};
  const auto megabytes = [](std::int64_t bytes) { return static_cast<double>(bytes) * 1e-6; };
  std::string line =
      fmt::format("{} takes {:.1f} MB of memory", model.type(), megabytes(memory.host));
  if (memory.device > 0)
    line += fmt::format(", and {:.1f} MB on {}", megabytes(memory.device),
                        request.device->target().device);
  request.log(line);
  return {};
}

}  // namespace

Result<FitOutcome> fit_recommender(const Settings& given, const FitRequest& request,
                                   ThreadPool& pool) {
  const auto stop = [&] { return Error{Code::kInterrupted, "interrupted; no run was written"}; };
  const auto planned = make_recommender(given);
  if (request.resume && !planned->learns_by_epochs())
    return Error{Code::kUsage,
                 fmt::format("--resume: {} is fitted in one step; fit again", planned->type())};
  if (request.device != nullptr) BASCULE_TRY(planned->use_device(request.device));
  BASCULE_ASSIGN(LoadedData loaded, load_data(given, request.data_dirs, pool));
  FitOutcome outcome;
  outcome.read = loaded.read;
  outcome.prepare = loaded.prepare;
  outcome.users = loaded.data.matrix.rows();
  outcome.items = loaded.data.matrix.cols();
  outcome.interactions = loaded.data.matrix.nonzeros();
  outcome.times = loaded.times;
  log_data(loaded, outcome, request);
  if (request.interrupted()) return stop();

  const Settings settings = resolved_settings(given, loaded.path);
  const std::unique_ptr<Recommender> model = make_recommender(settings, request.precision);
  if (request.device != nullptr) BASCULE_TRY(model->use_device(request.device));
  BASCULE_TRY(check_memory(*model, loaded.data.matrix, request));
  nn::RunLog run;
  if (model->learns_by_epochs()) {
    BASCULE_TRY(learn_by_epochs(*model, settings, loaded, request, run, outcome, pool));
  } else {
    BASCULE_TRY(model->fit(loaded.data.matrix, pool, outcome.times));
    request.log(fmt::format("{} fitted", model->type()));
    if (request.interrupted()) return stop();
    BASCULE_TRY(run.begin(request.out, settings.to_toml()));
  }
  if (RunWriter* writer = run.writer()) {
    const Stopwatch watch;
    BASCULE_TRY(write_run(*writer, settings, loaded, *model, outcome));
    outcome.run = writer->path();
    outcome.times.emplace_back("write", watch.seconds());
  }
  return outcome;
}

}  // namespace bascule
