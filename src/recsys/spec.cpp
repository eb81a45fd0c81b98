#include <limits>

#include <bascule/recsys/popularity.h>
#include <bascule/recsys/spec.h>
#include <bascule/recsys/user_knn.h>

namespace bascule {
namespace {

constexpr double kLargestK = 100000, kMostFactors = 4096, kMostLayers = 64, kMostPasses = 1000;
constexpr double kMostExponent = 2;

std::vector<std::string> format_names() {
  std::vector<std::string> names = {"auto"};
  for (const FormatInfo& format : ratings_formats()) names.emplace_back(format.name);
  return names;
}

Schema make_schema() {
  using keys::flag, keys::integer, keys::integers, keys::number, keys::word;
  constexpr double kMany = 1e15, kAlmostOne = 0.999;
  constexpr double kHuge = std::numeric_limits<float>::max();
  return {
      word("task", "\"recommend\"", "what is trained", {"recommend"}),
      integer("seed", "1", 0, kMany, "of everything random"),

      word("data.path", "", "a known set, a file or a folder"),
      word("data.format", "\"auto\"", "layout of the file, when it is not to be recognised",
           format_names()),
      word("data.titles", "\"auto\"", "file with the items' titles; auto: beside the ratings"),
      word("data.user_column", "\"\"", "name or 1-based number of the column (csv, tsv)"),
      word("data.item_column", "\"\"", "as user_column"),
      word("data.rating_column", "\"\"", "as user_column"),
      word("data.time_column", "\"\"", "as user_column"),
      word("data.part", "\"\"", "read only this ready-made part of the set: train, valid or test",
           {"", "train", "valid", "test"}),
      flag("data.pandas_compatible", false, "skip the rows that pandas.read_csv would skip"),
      flag("data.strict", false, "a malformed row is an error"),
      number("data.min_rating", "-inf", {}, {}, "keep ratings >= this"),
      word("data.duplicates", "\"first\"",
           "which of several ratings of one item by one user counts",
           {"first", "last", "max", "mean", "sum", "error"}),
      integer("data.min_item_ratings", "0", 0, kMany, "keep items with at least so many ratings"),
      integer("data.min_user_ratings", "0", 0, kMany, "keep users with at least so many ratings"),
      flag("data.k_core", false, "repeat the two minima until nothing changes"),
      flag("data.binarise", false, "every rating that is kept counts 1"),

      word("model.type", "\"item-knn\"", "the model",
           {"item-knn", "user-knn", "popularity", "ease", "edlae", "slim", "rp3beta", "ials",
            "elsa", "mult-vae", "mult-dae", "recvae"}),
      word("model.similarity", "\"cosine\"", "of two items or users",
           {"cosine", "pearson", "jaccard"}),
      integer("model.neighbors", "100", 1, kLargestK, "neighbours per item or user"),
      number("model.shrinkage", "0.0", 0, kHuge, "added to the denominator of the similarity"),
      number("model.alpha", "0.5", 0, 1, "asymmetric cosine; 0.5 is the cosine"),
      word("model.weighting", "\"raw\"", "of interactions before similarities are taken",
           {"raw", "cosine", "tf-idf", "bm25"}),
      number("model.bm25_k1", "1.2", 0, kHuge, "saturation of BM25"),
      number("model.bm25_b", "0.75", 0, 1, "length normalisation of BM25"),
      number("model.l2", "500.0", std::numeric_limits<float>::min(), kHuge,
             "regularisation of ease, edlae and slim: pulls weights to 0"),
      number("model.dropout", "", 0, kAlmostOne,
             "share of the inputs that edlae (default 0.33), mult-vae, mult-dae and recvae (0.5) "
             "learn without"),

      number("model.l1", "1.0", 0, kHuge, "the same of slim, which makes most of them 0"),
      integer(
          "model.candidates", "0", 0, kLargestK,
          "items, the most similar ones, that another's weights are sought among (slim); 0: all"),
      number("model.tolerance", "0.0001", 1e-8, 1, "done when no weight would move by more (slim)"),
      number("model.transition_exponent", "0.8", 0, kMostExponent,
             "of the probabilities of a walk: the method's alpha (rp3beta)"),
      number("model.popularity_exponent", "0.5", 0, kMostExponent,
             "of the popularity of where it ends, which divides: the method's beta (rp3beta)"),
      flag("model.normalise", true, "each item's weights for others sum to 1 (rp3beta)"),

      integer("model.factors", "", 1, kMostFactors,
              "numbers per user and item (ials, default 64), or per item (elsa, 256)"),
      integer("model.iterations", "", 1, kLargestK,
              "over users and items (ials, default 16); most over an item's weights (slim, 1000)"),
      number("model.unobserved", "0.1", 0, kHuge, "weight of what a user does not have (ials)"),
      number("model.factor_l2", "0.003", std::numeric_limits<float>::min(), kHuge,
             "regularisation of factors (ials)"),
      number("model.frequency_exponent", "1.0", 0, 2,
             "how it grows with the number of interactions (ials)"),

      integers(
          "model.hidden", "", 1, kMostFactors,
          "widths between items and latent factors; default [600] of mult-vae, [] of mult-dae"),
      integer("model.latent", "200", 1, kMostFactors,
              "latent factors (mult-vae, mult-dae, recvae)"),
      integer("model.width", "600", 1, kMostFactors, "of the encoder's layers (recvae)"),
      integer("model.depth", "5", 1, kMostLayers, "layers of the encoder (recvae)"),
      number("model.beta", "0.2", 0, kHuge, "greatest weight of the divergence (mult-vae)"),
      integer("model.sampled_softmax", "0", 0, kMany,
              "0: the softmax is exact; else it is over the items of a step's users and so many "
              "others (mult-vae, mult-dae)"),
      number("model.sampling_exponent", "0.75", 0, kMostExponent,
             "they are drawn in proportion to (users of an item)^this; 0: all alike"),
      number("model.gamma", "0.005", 0, kHuge,
             "weight of the divergence for each unit of the sum of a user's values (recvae); 0: "
             "model.beta for all users"),
      integer("model.anneal_steps", "0", 0, kMany,
              "steps in which the weight rises to it; 0: by anneal_share"),
      number("model.anneal_share", "0.85", 0, 1, "share of all steps in which it rises"),

      integer(
          "train.epochs", "", 0, 1e9,
          "passes over the users (mult-vae, mult-dae, default 200; elsa, 60), or rounds of passes "
          "(recvae, 50)"),
      integer("train.encoder_passes", "3", 1, kMostPasses,
              "passes of an epoch in which the encoder learns (recvae)"),
      integer("train.decoder_passes", "1", 1, kMostPasses, "and the decoder"),
      integer("train.batch_size", "500", 1, 1e8, "users a step"),
      word("train.optimizer.type", "\"adam\"", "what makes steps of gradients",
           nn::optimizer_names()),
      number("train.optimizer.lr", "", 0, kHuge,
             "learning rate; default 0.001, of recvae 0.0005, of elsa 0.01"),
      number("train.optimizer.weight_decay", "0.0", 0, kHuge, "pulls parameters to 0"),
      integer("train.early_stopping.patience", "0", 0, 1e9,
              "stop after so many epochs without a better value; 0: never"),
      word("train.early_stopping.monitor", "\"valid_ndcg@100\"",
           "the metric that says which epoch is the best",
           {"train_loss", "valid_ndcg@100", "valid_recall@20", "valid_recall@50"}),
      number("train.checkpoint_seconds", "60.0", 0, kMany,
             "at most one checkpoint in so many seconds; 0: one every epoch"),

      word("evaluate.split", "\"strong\"", "how test data are held out",
           {"strong", "leave-one-out", "random", "time"}),
      {"evaluate.heldout",
       KeyType::kIntOrText,
       "\"auto\"",
       "held-out users (strong); auto: min(10,000, a tenth of the users in whole hundreds)",
       {"auto"},
       1,
       kMany},
      number("evaluate.fraction", "0.2", 0, 1, "share of a held-out user's items that are targets"),
      integer("evaluate.min_interactions", "5", 2, kMany, "users with fewer have no targets"),
      word("evaluate.part", "\"test\"", "measure on this part", {"test", "valid"}),
      flag("evaluate.graded", false,
           "relevance is the rating, gain 2^r − 1; else every target is 1"),
      integers("evaluate.at", "[10, 20, 50, 100]", 1, kLargestK, "cut-offs of the metrics"),

      word("bascule.version", "", "written into a run: the version that made it"),
      word("bascule.commit", "", "written into a run: the commit that made it"),
  };
}

Duplicates duplicates(const std::string& name) {
  if (name == "last") return Duplicates::kLast;
  if (name == "max") return Duplicates::kMax;
  if (name == "mean") return Duplicates::kMean;
  if (name == "sum") return Duplicates::kSum;
  if (name == "error") return Duplicates::kError;
  return Duplicates::kFirst;
}

Similarity similarity(const std::string& name) {
  if (name == "pearson") return Similarity::kPearson;
  if (name == "jaccard") return Similarity::kJaccard;
  return Similarity::kCosine;
}

Weighting weighting(const std::string& name) {
  if (name == "cosine") return Weighting::kCosine;
  if (name == "tf-idf") return Weighting::kTfIdf;
  if (name == "bm25") return Weighting::kBm25;
  return Weighting::kRaw;
}

}  // namespace

const Schema& recommend_schema() {
  static const Schema schema = make_schema();
  return schema;
}

Result<Settings> recommend_settings(const Config& config) {
  Config rest;
  for (const auto& [key, value] : config.values())
    if (!key.starts_with("tune.")) rest.put(key, value);
  return Settings::resolve(rest, recommend_schema());
}

RatingsOptions ratings_options(const Settings& settings) {
  RatingsOptions options;
  options.format = settings.text("data.format");
  options.user_column = settings.text("data.user_column");
  options.item_column = settings.text("data.item_column");
  options.rating_column = settings.text("data.rating_column");
  options.time_column = settings.text("data.time_column");
  options.part = settings.text("data.part");
  options.min_rating = static_cast<float>(settings.number("data.min_rating"));
  options.pandas_compatible = settings.flag("data.pandas_compatible");
  options.strict = settings.flag("data.strict");
  options.with_time = true;  // a run can then be evaluated by time
  return options;
}

PrepareOptions prepare_options(const Settings& settings) {
  PrepareOptions options;
  options.min_rating = static_cast<float>(settings.number("data.min_rating"));
  options.duplicates = duplicates(settings.text("data.duplicates"));
  options.min_item_ratings = settings.integer("data.min_item_ratings");
  options.min_user_ratings = settings.integer("data.min_user_ratings");
  options.k_core = settings.flag("data.k_core");
  options.binarise = settings.flag("data.binarise");
  return options;
}

SplitOptions split_options(const Settings& settings) {
  SplitOptions options;
  options.kind = parse_split_kind(settings.text("evaluate.split")).value();  // one of the choices
  options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
  if (settings.word("evaluate.heldout") != "auto")
    options.heldout = settings.integer("evaluate.heldout");
  options.fraction = settings.number("evaluate.fraction");
  options.min_interactions = settings.integer("evaluate.min_interactions");
  return options;
}

KnnOptions knn_options(const Settings& settings) {
  KnnOptions options;
  options.neighbors = static_cast<std::int32_t>(settings.integer("model.neighbors"));
  options.similarity.similarity = similarity(settings.text("model.similarity"));
  options.similarity.shrinkage = static_cast<float>(settings.number("model.shrinkage"));
  options.similarity.alpha = static_cast<float>(settings.number("model.alpha"));
  options.weighting.weighting = weighting(settings.text("model.weighting"));
  options.weighting.bm25_k1 = static_cast<float>(settings.number("model.bm25_k1"));
  options.weighting.bm25_b = static_cast<float>(settings.number("model.bm25_b"));
  return options;
}

EaseOptions ease_options(const Settings& settings) {
  EaseOptions options;
  options.l2 = static_cast<float>(settings.number("model.l2"));
  if (settings.text("model.type") == "edlae")
    options.dropout = static_cast<float>(settings.number("model.dropout"));
  return options;
}

IalsOptions ials_options(const Settings& settings) {
  IalsOptions options;
  options.factors = static_cast<std::int32_t>(settings.integer("model.factors"));
  options.iterations = static_cast<std::int32_t>(settings.integer("model.iterations"));
  options.problem.unobserved = static_cast<float>(settings.number("model.unobserved"));
  options.problem.l2 = static_cast<float>(settings.number("model.factor_l2"));
  options.problem.exponent = static_cast<float>(settings.number("model.frequency_exponent"));
  options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
  return options;
}

SlimOptions slim_options(const Settings& settings) {
  SlimOptions options;
  options.l1 = static_cast<float>(settings.number("model.l1"));
  options.l2 = static_cast<float>(settings.number("model.l2"));
  options.tolerance = static_cast<float>(settings.number("model.tolerance"));
  options.iterations = static_cast<std::int32_t>(settings.integer("model.iterations"));
  options.candidates = static_cast<std::int32_t>(settings.integer("model.candidates"));
  return options;
}

Rp3betaOptions rp3beta_options(const Settings& settings) {
  Rp3betaOptions options;
  options.neighbors = static_cast<std::int32_t>(settings.integer("model.neighbors"));
  options.transition_exponent = static_cast<float>(settings.number("model.transition_exponent"));
  options.popularity_exponent = static_cast<float>(settings.number("model.popularity_exponent"));
  options.normalise = settings.flag("model.normalise");
  return options;
}

namespace {

/// What [train] says of models that learn by epochs.
template <class Options>
void set_training(Options& options, const Settings& settings) {
  options.optimizer = nn::optimizer_defaults(settings.text("train.optimizer.type")).value();
  options.optimizer.lr = settings.number("train.optimizer.lr");
  options.optimizer.weight_decay = settings.number("train.optimizer.weight_decay");
  options.epochs = settings.integer("train.epochs");
  options.batch_size = settings.integer("train.batch_size");
  options.early_stopping.patience = settings.integer("train.early_stopping.patience");
  options.early_stopping.monitor = settings.text("train.early_stopping.monitor");
  options.seed = static_cast<std::uint64_t>(settings.integer("seed"));
}

}  // namespace

MultVaeOptions mult_vae_options(const Settings& settings) {
  MultVaeOptions options;
  set_training(options, settings);
  options.dropout = settings.number("model.dropout");
  options.variational = settings.text("model.type") == "mult-vae";
  options.hidden = settings.integers("model.hidden");
  options.latent = settings.integer("model.latent");
  options.beta = settings.number("model.beta");
  options.anneal_steps = settings.integer("model.anneal_steps");
  options.anneal_share = settings.number("model.anneal_share");
  options.sampled_softmax = settings.integer("model.sampled_softmax");
  options.sampling_exponent = settings.number("model.sampling_exponent");
  return options;
}

RecVaeOptions rec_vae_options(const Settings& settings) {
  RecVaeOptions options;
  set_training(options, settings);
  options.dropout = settings.number("model.dropout");
  options.width = settings.integer("model.width");
  options.depth = settings.integer("model.depth");
  options.latent = settings.integer("model.latent");
  options.gamma = settings.number("model.gamma");
  options.beta = settings.number("model.beta");
  options.encoder_passes = settings.integer("train.encoder_passes");
  options.decoder_passes = settings.integer("train.decoder_passes");
  return options;
}

ElsaOptions elsa_options(const Settings& settings) {
  ElsaOptions options;
  set_training(options, settings);
  options.factors = settings.integer("model.factors");
  return options;
}

Settings with_model_defaults(Settings settings) {
  const std::string type = settings.text("model.type");
  const auto add = [&](const char* key, ConfigValue value) {
    if (!settings.has(key)) settings.put(key, std::move(value));
  };
  if (type == "edlae") add("model.dropout", {0.33, "default"});
  if (type == "ials") {
    add("model.factors", {std::int64_t{64}, "default"});
    add("model.iterations", {std::int64_t{16}, "default"});
  }
  if (type == "slim") add("model.iterations", {std::int64_t{1000}, "default"});
  if (type == "elsa") {
    add("model.factors", {std::int64_t{256}, "default"});
    add("train.epochs", {std::int64_t{60}, "default"});
    add("train.optimizer.lr", {0.01, "default"});
  }
  const bool recvae = type == "recvae";
  if (!recvae && type != "mult-vae" && type != "mult-dae") return settings;
  add("model.dropout", {0.5, "default"});
  add("train.epochs", {std::int64_t{recvae ? 50 : 200}, "default"});
  add("train.optimizer.lr", {recvae ? 5e-4 : 1e-3, "default"});
  ConfigValue::List hidden;
  if (type == "mult-vae") hidden.push_back({std::int64_t{600}, "default"});
  add("model.hidden", {hidden, "default"});
  return settings;
}

std::unique_ptr<Recommender> make_recommender(const Settings& given, Precision precision) {
  const Settings settings = with_model_defaults(given);
  const std::string& type = settings.text("model.type");
  if (type == "mult-vae" || type == "mult-dae") {
    MultVaeOptions options = mult_vae_options(settings);
    options.precision = precision;
    return std::make_unique<MultVae>(std::move(options));
  }
  if (type == "recvae") {
    RecVaeOptions options = rec_vae_options(settings);
    options.precision = precision;
    return std::make_unique<RecVae>(std::move(options));
  }
  if (type == "elsa") {
    ElsaOptions options = elsa_options(settings);
    options.precision = precision;
    return std::make_unique<Elsa>(std::move(options));
  }
  if (type == "popularity") return std::make_unique<Popularity>();
  if (type == "ease" || type == "edlae") return std::make_unique<Ease>(ease_options(settings));
  if (type == "slim") return std::make_unique<Slim>(slim_options(settings));
  if (type == "rp3beta") return std::make_unique<Rp3beta>(rp3beta_options(settings));
  if (type == "ials") return std::make_unique<Ials>(ials_options(settings));
  if (type == "user-knn") return std::make_unique<UserKnn>(knn_options(settings));
  return std::make_unique<ItemKnn>(knn_options(settings));
}

}  // namespace bascule
