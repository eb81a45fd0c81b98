#pragma once
// What every recommender offers. Users outside the training set are served from a list of items
// (fold-in); users of the training set are simply the lists that were trained on.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/base/timer.h>
#include <bascule/tensor/compressed.h>
#include <bascule/tensor/safetensors.h>

namespace bascule {

struct Recommendation {
  std::int32_t item = 0;
  float score = 0;
  bool operator==(const Recommendation&) const = default;
};

/// Which items may be in a list. Both lists are borrowed; their indices ascend, each once, and are
/// of items that the model has.
struct ItemFilter {
  std::optional<std::span<const std::int32_t>> allow = {};  ///< no others, where it is set
  std::span<const std::int32_t> deny = {};                  ///< not these
  [[nodiscard]] bool passes(std::int32_t item) const;
  [[nodiscard]] bool passes_all() const { return !allow && deny.empty(); }
};

struct RecommendOptions {
  std::int32_t k = 10;
  bool exclude_history = true;  ///< items of the history are not recommended
  /// The list is that of all items, less those that do not pass, cut to k.
  ItemFilter filter = {};
};

struct SimilarOptions {
  std::int32_t k = 10;
  bool include_self = false;  ///< keeps the item itself in the list, where it comes first
  ItemFilter filter = {};     ///< as above; the item itself has to pass, too
};

/// Top-k lists of many users, k slots each, best first, ties to the lower item index. A user with
/// fewer candidates has his last slots filled with item −1, score 0.
struct TopLists {
  std::int64_t users = 0;
  std::int32_t k = 0;
  std::vector<std::int32_t> items;  ///< users × k
  std::vector<float> scores;        ///< users × k
  [[nodiscard]] std::span<const std::int32_t> of(std::int64_t user) const {
    return {items.data() + user * k, static_cast<std::size_t>(k)};
  }
};

/// A layer of a model that learns by epochs.
struct ModelLayer {
  std::string name, type;
  std::int64_t outputs = 0, parameters = 0;
  double epoch_flops = 0;  ///< of the products in one pass over the users
};

class Device;
class EpochLearner;
class GramLearner;

class Recommender {
 public:
  virtual ~Recommender() = default;

  /// The spec's name of the model, "item-knn".
  [[nodiscard]] virtual std::string_view type() const = 0;
  /// Number of items the model knows; 0 before fit.
  [[nodiscard]] virtual std::int64_t items() const = 0;

  /// The most memory that fit() takes beside the interactions, in bytes; 0: little.
  [[nodiscard]] virtual std::int64_t fit_bytes(const CompressedView& /*interactions*/) const {
    return 0;
  }
  /// The most that it takes of the own memory of the device that use_device() gave it; 0: little.
  [[nodiscard]] virtual Result<std::int64_t> device_fit_bytes(
      const CompressedView& /*interactions*/) const {
    return 0;
  }
  /// What can be done where that does not fit, "take …".
  [[nodiscard]] virtual std::string instead(const CompressedView& /*interactions*/) const {
    return "take another model";
  }
  /// Before fit() and load(): has the model compute on this device, instead of the CPU, what it has
  /// kernels for there. kUsage, naming both, where it has none.
  virtual Status use_device(std::shared_ptr<Device> device);
  /// kFailed once making lists has failed on the device: none made since is to be trusted. The
  /// CPU's does not.
  [[nodiscard]] virtual Status device_status() const { return {}; }
  /// Whether lists are made on that device: some models only fit() there.
  [[nodiscard]] virtual bool lists_on_device() const { return false; }
  /// Learns from users × items. Appends the time of each stage to `times`.
  virtual Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) = 0;
  /// Whether it learns in passes over the users, judged between them by users held out.
  [[nodiscard]] virtual bool learns_by_epochs() const { return false; }
  /// Its layers for such data; nothing where it has none.
  [[nodiscard]] virtual std::vector<ModelLayer> layers(
      const CompressedView& /*interactions*/) const {
    return {};
  }
  /// The model as one that does (epoch_learner.h); null for others.
  virtual EpochLearner* epoch_learner() { return nullptr; }
  /// The model as one that is made of the items' Gram matrix (item_gram.h); null for others.
  virtual GramLearner* gram_learner() { return nullptr; }

  /// Top-k for the user described by `history` (item indices ascending, values as in training),
  /// best first, ties to the lower item index. An empty history gives an empty list unless the
  /// model is not personal (popularity).
  [[nodiscard]] virtual std::vector<Recommendation> recommend(
      SparseLine history, const RecommendOptions& options) const = 0;

  /// recommend() for every row of `histories`, in parallel. Models whose scores are products of a
  /// network may round them differently, so that scores differ in their last bits.
  [[nodiscard]] virtual TopLists recommend_all(const CompressedView& histories,
                                               const RecommendOptions& options,
                                               ThreadPool& pool) const;

  /// The items most like `item`, best first; kUsage where the model has no such notion, or keeps
  /// too few of them to tell.
  [[nodiscard]] virtual Result<std::vector<Recommendation>> similar_items(
      std::int32_t item, const SimilarOptions& options) const;

  /// Adds the tensors of the model; the arrays are borrowed until the file is written. The training
  /// interactions are in the same file (interactions_io.h), so a model need not repeat them.
  virtual void save(SafetensorsWriter& writer) const = 0;
  /// Takes the model from a file; kBadData when a tensor is missing or does not fit the others.
  virtual Status load(std::shared_ptr<const SafetensorsFile> file) = 0;

 protected:
  /// kUsage unless the model has the item.
  [[nodiscard]] Status check_item(std::int32_t item) const;
};

/// What fit() takes.
struct FitMemory {
  std::int64_t host = 0;    ///< of fit_bytes()
  std::int64_t device = 0;  ///< of device_fit_bytes()
};
/// kFailed, with both numbers, when that is more than is available, on the host or on the model's
/// device, which is null for the CPU.
Result<FitMemory> check_fit_memory(const Recommender& model, const CompressedView& interactions,
                                   Device* device);

}  // namespace bascule
