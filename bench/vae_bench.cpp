// Times training steps and lists of Mult-VAE, on command (driver.h):
//   vae_bench DATA_DIR SET MIN_RATING HELDOUT fp32|bf16 [KEY=VALUE]…, keys of a spec
//   dump PATH    the split as safetensors: train, valid_in, valid_out, test_in, test_out
//   steps N      seconds of N training steps, batches included; seconds in which they were waited
//                for; peak memory so far, MiB
//   lists N      seconds of top-100 lists for N test users
//   one N        median seconds of one user's top-100 list, of N
#include <algorithm>
#include <memory>
#include <span>

#include <fmt/format.h>
#include <sys/resource.h>

#include <bascule/bascule.h>

#include "driver.h"
#include "recsys/vae_parameters.h"
#include "recsys/vae_training.h"

namespace bascule {
namespace {

constexpr std::int32_t kList = 100;
constexpr std::size_t kFixedWords = 6;

void add(SafetensorsWriter& writer, const std::string& name, const CsrMatrix& x) {
  writer.add(name + ".offsets", Shape{x.rows() + 1}, std::span(x.offsets()));
  writer.add(name + ".indices", Shape{x.nonzeros()}, std::span(x.indices()));
  writer.add(name + ".values", Shape{x.nonzeros()}, std::span(x.values()));
}

class Bench {
 public:
  static Result<std::unique_ptr<Bench>> make(std::span<char*> words) {
    auto bench = std::make_unique<Bench>();
    BASCULE_ASSIGN(Config config, load_spec("ml-20m-multvae", {}));
    BASCULE_TRY(config.set(fmt::format("data.path={}", words[2])));
    BASCULE_TRY(config.set(fmt::format("data.min_rating={}", words[3])));
    BASCULE_TRY(config.set(fmt::format("evaluate.heldout={}", words[4])));
    for (const char* key : words.subspan(kFixedWords)) BASCULE_TRY(config.set(key));
    BASCULE_ASSIGN(const Settings settings, Settings::resolve(config, recommend_schema()));
    BASCULE_ASSIGN(const LoadedData loaded, load_data(settings, {words[1]}, default_pool()));
    BASCULE_ASSIGN(bench->split_, make_split(loaded.data, split_options(settings)));
    bench->options_ = mult_vae_options(with_model_defaults(settings));
    if (std::string(words[5]) == "bf16") bench->options_.precision = Precision::kBf16;
    BASCULE_TRY(bench->build());
    return bench;
  }

  Result<std::string> run(std::istringstream& words) {
    std::string verb;
    words >> verb;
    if (verb == "dump") return dump(words);
    std::int64_t count = 0;
    words >> count;
    if (verb == "steps") return steps(count);
    if (verb == "lists") return lists(count);
    if (verb == "one") return one(count);
    return Error{Code::kUsage, "no such command: " + verb};
  }

 private:
  Status build() {
    form_ = std::make_unique<detail::VaeForm>(options_, split_.train.cols());
    device_ = make_cpu_device(default_pool());
    store_ = std::make_unique<VariableStore>(*device_);
    BASCULE_TRY(detail::declare_parameters(detail::vae_parameters(*form_), *store_));
    BASCULE_TRY(detail::initialize_vae(*form_, options_.seed, *store_, default_pool()));
    request_.train = split_.train.view();
    BASCULE_ASSIGN(training_, detail::VaeTraining::make(options_, *form_, request_, nobody_,
                                                        *store_, default_pool()));
    const std::vector<float> rate = {1e-3F};
    BASCULE_TRY(store_->write("lr", std::span<const float>(rate)));
    training_->start(0, 1000);
    return {};
  }

  Result<std::string> dump(std::istringstream& words) {
    std::string path;
    words >> path;
    SafetensorsWriter writer;
    add(writer, "train", split_.train);
    add(writer, "valid_in", split_.valid_in);
    add(writer, "valid_out", split_.valid_out);
    add(writer, "test_in", split_.test_in);
    add(writer, "test_out", split_.test_out);
    BASCULE_TRY(writer.write(path));
    return std::to_string(split_.train.cols());
  }

  Result<std::string> steps(std::int64_t count) {
    const double waited = training_->batch_seconds();
    const Stopwatch watch;
    for (std::int64_t i = 0; i < count; ++i) BASCULE_TRY(training_->step());
    const double seconds = watch.seconds();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return fmt::format("{} {} {}", seconds, training_->batch_seconds() - waited,
                       static_cast<double>(usage.ru_maxrss) / 1024);
  }

  /// A model with first values: its lists take as long as those of a trained one.
  Status fit_model() {
    if (model_) return {};
    MultVaeOptions options = options_;
    options.epochs = 0;
    model_ = std::make_unique<MultVae>(options);
    StageTimes times;
    return model_->fit(split_.train, default_pool(), times);
  }
  Result<std::string> lists(std::int64_t count) {
    BASCULE_TRY(fit_model());
    CompressedView users = split_.test_in.view();
    users.majors = std::min(users.majors, count);
    const Stopwatch watch;
    const TopLists lists = model_->recommend_all(users, {kList, true}, default_pool());
    return fmt::format("{} {}", watch.seconds(), lists.users);
  }
  Result<std::string> one(std::int64_t count) {
    BASCULE_TRY(fit_model());
    std::vector<double> seconds;
    for (std::int64_t i = 0; i < count; ++i) {
      const SparseLine line = split_.test_in.line(i % split_.test_in.rows());
      const Stopwatch watch;
      (void)model_->recommend(line, {kList, true});
      seconds.push_back(watch.seconds());
    }
    std::sort(seconds.begin(), seconds.end());
    return fmt::format("{}", seconds[seconds.size() / 2]);
  }

  Split split_;
  MultVaeOptions options_;
  std::unique_ptr<detail::VaeForm> form_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<VariableStore> store_;
  LearnRequest request_;
  Popularity nobody_;  // validates nothing
  std::unique_ptr<detail::VaeTraining> training_;
  std::unique_ptr<MultVae> model_;
};

}  // namespace
}  // namespace bascule

int main(int count, char** values) {
  const std::span words(values, static_cast<std::size_t>(count));
  if (words.size() < bascule::kFixedWords) {
    fmt::print(stderr, "vae_bench DATA_DIR SET MIN_RATING HELDOUT fp32|bf16 [KEY=VALUE]…\n");
    return 2;
  }
  const auto bench = bascule::Bench::make(words);
  if (!bench.ok()) {
    fmt::print(stderr, "{}\n", bench.error().message);
    return 1;
  }
  return bascule::drive([&](std::istringstream& line) { return (*bench)->run(line); });
}
