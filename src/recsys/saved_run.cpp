#include <fmt/format.h>

#include <bascule/recsys/saved_run.h>
#include <bascule/recsys/spec.h>

namespace bascule {

Result<SavedRun> SavedRun::open(const std::string& path, Precision precision,
                                const std::shared_ptr<Device>& device) {
  constexpr std::string_view kNeeded[] = {kSpecFile, kModelFile, kItemsFile, kUsersFile};
  BASCULE_ASSIGN(const Run run, Run::open(path, kNeeded));
  BASCULE_ASSIGN(const std::string spec, run.spec());
  const auto damaged = [&](const Error& error) {
    return Error{Code::kBadData, fmt::format("{}: {}", run.file(kSpecFile), error.message)};
  };
  Result<Config> config = Config::parse(spec, std::string(kSpecFile));
  if (!config.ok()) return damaged(config.error());
  Result<Settings> settings = Settings::resolve(*config, recommend_schema());
  if (!settings.ok()) return damaged(settings.error());

  SavedRun saved(path, std::move(settings).value());
  BASCULE_ASSIGN(saved.file_, run.model());
  BASCULE_ASSIGN(saved.interactions_, load_interactions(*saved.file_));
  saved.model_ = make_recommender(saved.settings_, precision);
  if (device != nullptr) BASCULE_TRY(saved.model_->use_device(device));
  BASCULE_TRY(saved.model_->load(saved.file_));
  const CompressedView& matrix = saved.interactions_.matrix;
  if (saved.model_->items() != matrix.minors)
    return Error{Code::kBadData,
                 fmt::format("{}: the model has {} items, its interactions {}", saved.file_->path(),
                             saved.model_->items(), matrix.minors)};
  BASCULE_ASSIGN(saved.items_, run.items());
  BASCULE_TRY(saved.items_.check_size(matrix.minors, "items"));
  BASCULE_ASSIGN(saved.users_, run.users());
  BASCULE_TRY(saved.users_.check_size(matrix.majors, "users"));
  return saved;
}

}  // namespace bascule
