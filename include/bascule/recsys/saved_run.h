#pragma once
// A run folder of a recommender, opened for use.
#include <memory>
#include <string>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/base/status.h>
#include <bascule/compile/compile.h>
#include <bascule/recsys/contract.h>
#include <bascule/recsys/interactions_io.h>
#include <bascule/run/run_folder.h>

namespace bascule {

class SavedRun {
 public:
  /// Maps the model and checks that its parts fit; kBadData names the damaged file and why.
  /// `precision` as of make_recommender(); the model uses `device`, unless that is null: kUsage
  /// where it has no way to.
  static Result<SavedRun> open(const std::string& path, Precision precision = Precision::kFp32,
                               const std::shared_ptr<Device>& device = nullptr);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const Recommender& model() const { return *model_; }
  /// users × items as trained on, with times where the data had them.
  [[nodiscard]] const StoredInteractions& interactions() const { return interactions_; }
  [[nodiscard]] const IdFile& items() const { return items_; }
  [[nodiscard]] const IdFile& users() const { return users_; }

 private:
  SavedRun(std::string path, Settings settings)
      : path_(std::move(path)), settings_(std::move(settings)) {}

  std::string path_;
  Settings settings_;
  std::shared_ptr<const SafetensorsFile> file_;
  StoredInteractions interactions_;
  std::unique_ptr<Recommender> model_;
  IdFile items_, users_;
};

}  // namespace bascule
