#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/nn/spec.h>
#include <bascule/run/spec_source.h>

namespace bascule::nn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kLayer = "[[model.layers]]\ntype = \"dense\"\nunits = 3\n";

Result<NetworkSpec> parse(const std::string& toml, const std::vector<std::string>& sets = {}) {
  BASCULE_ASSIGN(Config config, Config::parse(toml, "spec.toml"));
  for (const std::string& set : sets) BASCULE_TRY(config.set(set));
  return NetworkSpec::parse(config);
}

std::string failure(const std::string& toml, const std::vector<std::string>& sets = {}) {
  const auto spec = parse("task = \"classify\"\n" + toml, sets);
  EXPECT_FALSE(spec.ok());
  if (spec.ok()) return "";
  EXPECT_EQ(spec.error().code, Code::kUsage);
  return spec.error().message;
}

TEST(NetworkSpec, BuiltinSpecsAreThoseOfTheArticles) {
  const auto load = [](const std::string& name, const std::vector<std::string>& sets = {}) {
    auto config = load_spec(name, sets);
    EXPECT_TRUE(config.ok());
    auto spec = NetworkSpec::parse(*config);
    EXPECT_TRUE(spec.ok()) << spec.error().message;
    return std::move(spec).value();
  };
  const NetworkSpec c1 = load("cifar10-mlp");
  EXPECT_EQ(c1.fit_options().optimizer.type, "nesterov");
  EXPECT_EQ(c1.fit_options().optimizer.style, "lasagne");
  EXPECT_EQ(c1.fit_options().epochs, 50);
  EXPECT_FALSE(c1.fit_options().shuffle);
  EXPECT_TRUE(c1.transform().grey);
  EXPECT_EQ(c1.transform().scale_low, -0.5);
  EXPECT_EQ(c1.model().layers().size(), 2U);
  EXPECT_EQ(load("cifar10-dense").model().layers().size(), 3U);
  EXPECT_EQ(load("cifar10-dense").model().layers()[2]->details(), "softmax");
  EXPECT_EQ(load("cifar10-dense-sigmoid").model().layers()[2]->details(), "sigmoid");
  EXPECT_EQ(load("fashion-mlp").model().layers().size(), 6U);
  EXPECT_EQ(load("fashion-mlp", {"model.layers[0].repeat=2"}).model().layers().size(), 3U);
}

TEST(NetworkSpec, ResolvedTextReadsBackTheSame) {
  const auto spec = parse(
      "task = \"regress\"\n[data]\npath = \"x\"\n[model]\ninit = \"torch\"\n" +
      std::string(kLayer) +
      "[[model.layers]]\ntype = \"residual\"\nrepeat = 2\nlayers = [{ type = \"dense\", units = 3 "
      "},"
      " { type = \"concat\", branches = [{ layers = [{ type = \"dropout\" }] }, { layers = [] }] },"
      " { type = \"dense\", units = 3 }]\n[train]\noptimizer = \"adamw\"\n"
      "schedule = { type = \"cosine\", minimum = 1e-4 }\nearly_stopping = { patience = 3 }\n");
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  const auto again = parse(spec->to_toml());
  ASSERT_TRUE(again.ok()) << again.error().message << spec->to_toml();
  EXPECT_EQ(again->to_toml(), spec->to_toml());
  EXPECT_THAT(spec->to_toml(), HasSubstr("kernel_init = 'torch_linear'"));
  const auto table = again->model().table({4});
  ASSERT_TRUE(table.ok()) << table.error().message;
  ASSERT_EQ(table->size(), 3U);
  EXPECT_EQ((*table)[1].parameters, 3 * 3 + 3 + 6 * 3 + 3);
  EXPECT_EQ(again->fit_options().early_stopping.patience, 3);
  EXPECT_EQ(again->fit_options().optimizer.weight_decay, 0.01);
  EXPECT_EQ(again->fit_options().schedule.minimum, 1e-4);
  EXPECT_EQ(again->loss().name, "mse");
}

TEST(NetworkSpec, ATypeOnTheCommandLineReplacesTheTable) {
  const auto spec =
      parse("task = \"classify\"\n" + std::string(kLayer) +
                "[train]\noptimizer = { type = \"nesterov\", momentum = 0.5 }\n",
            {"train.optimizer=adam", "train.optimizer.lr=0.5", "train.schedule=one_cycle"});
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->fit_options().optimizer.type, "adam");
  EXPECT_EQ(spec->fit_options().optimizer.lr, 0.5);
  EXPECT_EQ(spec->fit_options().schedule.type, "one_cycle");
}

TEST(NetworkSpec, ErrorsNameKeyAndLine) {
  const std::string layer = kLayer;  // lines 2 to 4
  EXPECT_THAT(failure(layer + "unts = 4\n"),
              HasSubstr("spec.toml:5: unknown key model.layers[0].unts; did you mean "
                        "model.layers[0].units?"));
  EXPECT_THAT(failure(layer + "rate = 0.5\n"), HasSubstr("unknown key model.layers[0].rate"));
  EXPECT_THAT(failure("[[model.layers]]\ntype = \"dens\"\n"),
              AllOf(HasSubstr("spec.toml:3"), HasSubstr("did you mean \"dense\"?")));
  EXPECT_THAT(failure("[[model.layers]]\ntype = \"dense\"\n"),
              HasSubstr("spec.toml:3: model.layers[0].units is missing"));
  EXPECT_THAT(failure("[[model.layers]]\nunits = 3\n"),
              HasSubstr("spec.toml:3: model.layers[0].type is missing"));
  EXPECT_THAT(failure("[[model.layers]]\n"),
              HasSubstr("spec.toml:2: model.layers[0].type is missing"));
  EXPECT_THAT(failure(layer + "kernel_init = \"he_norml\"\n"),
              AllOf(HasSubstr("spec.toml:5: model.layers[0].kernel_init"), HasSubstr("he_normal")));
  EXPECT_THAT(failure(layer + "layers = [{ type = \"flatten\" }]\n"),
              HasSubstr("dense layers have no `layers`"));
  EXPECT_THAT(failure(layer, {"model.layers[7].units=3"}), HasSubstr("model.layers[7]"));
  EXPECT_THAT(failure(layer, {"model.layers[x].units=3"}), HasSubstr("unknown key"));
  EXPECT_THAT(failure(""), HasSubstr("model.layers is missing"));
  EXPECT_THAT(failure("[model]\nlayers = 3\n"), HasSubstr("must be an array of tables"));
  EXPECT_THAT(failure(layer + "[train]\noptimizer = { type = \"adam\", momentum = 0.9 }\n"),
              HasSubstr("spec.toml:6: unknown key train.optimizer.momentum"));
  EXPECT_THAT(failure(layer + "[train]\noptimizer = \"adan\"\n"),
              AllOf(HasSubstr("spec.toml:6"), HasSubstr("did you mean \"adam\"?")));
  EXPECT_THAT(failure(layer + "[train]\noptimzer = \"adam\"\n"),
              HasSubstr("did you mean train.optimizer?"));
  EXPECT_THAT(failure(layer + "[train]\nepochs = -1\n"), HasSubstr("out of range"));
  EXPECT_THAT(failure(layer + "[train]\nloss = \"mse\"\nlabel_smoothing = 0.1\n"),
              HasSubstr("spec.toml:6"));
  EXPECT_THAT(failure(layer + "[data]\nscale = [1.0, 0.0]\n"), HasSubstr("spec.toml:6"));
  EXPECT_THAT(failure("[[model.layers]]\ntype = \"concat\"\nbranches = [{ layer = 1 }]\n"),
              HasSubstr("a branch has only `layers`"));
}

TEST(NetworkSpec, EveryKeyIsDocumented) {
  for (const KeyInfo& key : network_schema()) EXPECT_NE(key.help, "") << key.name;
  for (const TypedTable& table : typed_tables()) {
    for (const KeyInfo& key : table.keys) EXPECT_NE(key.help, "") << table.type << key.name;
  }
}

}  // namespace
}  // namespace bascule::nn
