#include "recsys/run_files.h"

#include <nlohmann/json.hpp>

#include <bascule/recsys/interactions_io.h>
#include <bascule/recsys/spec.h>
#include <bascule/run/events.h>
#include <bascule/run/spec_source.h>

#include "recsys/fit_report.h"

namespace bascule {
namespace {

/// What TensorBoard shows: a model that is fitted in one step has its times, all at step 0.
Status write_events(const std::string& folder, const StageTimes& times) {
  BASCULE_ASSIGN(EventWriter events, EventWriter::create(folder));
  for (const auto& [stage, seconds] : times)
    BASCULE_TRY(events.add_scalar("seconds/" + stage, 0, static_cast<float>(seconds)));
  return {};
}

Status write_history(RunWriter& run, const FitOutcome& outcome) {
  BASCULE_TRY(run.restart_history());
  const nlohmann::ordered_json line = {
      {"epoch", 0}, {"metrics", outcome.metrics}, {"seconds", outcome.times}};
  BASCULE_TRY(run.append_history(line.dump()));
  return write_events(run.path(), outcome.times);
}

}  // namespace

Settings resolved_settings(const Settings& settings, const std::string& data_path) {
  Settings resolved = with_model_defaults(settings);
  resolved.put("data.path", {data_path, "fit"});
  resolved.put("bascule.version", {std::string(version()), "fit"});
  resolved.put("bascule.commit", {std::string(git_commit()), "fit"});
  return resolved;
}

Status write_run(RunWriter& run, const Settings& resolved, const LoadedData& loaded,
                 const Recommender& model, const FitOutcome& outcome) {
  const Dataset& data = loaded.data;
  SafetensorsWriter tensors;
  tensors.set_metadata("model", std::string(model.type()));
  save_interactions(tensors, data.matrix.view(), data.time);
  model.save(tensors);
  BASCULE_TRY(run.write_model(tensors));
  const auto item_id = [&](std::int64_t i) { return data.items[static_cast<std::int32_t>(i)]; };
  const auto user_id = [&](std::int64_t u) { return data.users[static_cast<std::int32_t>(u)]; };
  const auto title = [&](std::int64_t i) { return loaded.titles.find(item_id(i)); };
  BASCULE_TRY(run.write_items(data.items.size(), item_id, title));
  BASCULE_TRY(run.write_users(data.users.size(), user_id));
  if (!model.learns_by_epochs()) BASCULE_TRY(write_history(run, outcome));
  BASCULE_TRY(run.write_report(fit_report(resolved, loaded, outcome)));
  return run.finish();
}

}  // namespace bascule
