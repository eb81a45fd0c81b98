#pragma once
// The keys of a spec with task = "recommend", and what they mean for data, model and evaluation.
#include <memory>
#include <string>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/data/prepare.h>
#include <bascule/data/ratings.h>
#include <bascule/data/split.h>
#include <bascule/recsys/contract.h>
#include <bascule/recsys/ease.h>
#include <bascule/recsys/elsa.h>
#include <bascule/recsys/ials.h>
#include <bascule/recsys/item_knn.h>
#include <bascule/recsys/mult_vae.h>
#include <bascule/recsys/rec_vae.h>
#include <bascule/recsys/rp3beta.h>
#include <bascule/recsys/slim.h>

namespace bascule {

/// Every key, with type, default and help.
const Schema& recommend_schema();

RatingsOptions ratings_options(const Settings& settings);
PrepareOptions prepare_options(const Settings& settings);
SplitOptions split_options(const Settings& settings);
KnnOptions knn_options(const Settings& settings);
EaseOptions ease_options(const Settings& settings);
IalsOptions ials_options(const Settings& settings);
SlimOptions slim_options(const Settings& settings);
Rp3betaOptions rp3beta_options(const Settings& settings);
MultVaeOptions mult_vae_options(const Settings& settings);
RecVaeOptions rec_vae_options(const Settings& settings);
ElsaOptions elsa_options(const Settings& settings);

/// A spec's settings, as Settings::resolve(); the table [tune], which only a search reads, is left
/// aside.
Result<Settings> recommend_settings(const Config& config);

/// The settings with the keys whose defaults depend on model.type.
Settings with_model_defaults(Settings settings);

/// The model named by model.type, not fitted. `precision` is that of the models that learn by
/// epochs; others compute in float32.
std::unique_ptr<Recommender> make_recommender(const Settings& settings,
                                              Precision precision = Precision::kFp32);

}  // namespace bascule
