#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/nn/sequential.h>

#include "unit/nn/golden.h"

namespace bascule::nn {
namespace {

using ::testing::HasSubstr;

Bench bench(const Sequential& model, const Shape& x, bool training = false) {
  return Bench([&](BuildContext& context, const Value& v) { return model.build(context, v); },
               f32(x), training);
}

TEST(Layers, DenseIsAProductWithBiasAndActivation) {
  Bench dense_bench = bench({dense(3, "relu")}, {2, 4});
  EXPECT_EQ(dense_bench.names(), "dense_1.weight[4, 3] dense_1.bias[3] ");
  const std::vector<float> w = pattern(12, 1), b = {0.5F, -0.25F, 0}, x = pattern(8, 2);
  dense_bench.write("dense_1.weight", w);
  dense_bench.write("dense_1.bias", b);
  const auto y = dense_bench(x);
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      double sum = b[j];
      for (std::size_t k = 0; k < 4; ++k)
        sum += static_cast<double>(x[i * 4 + k]) * static_cast<double>(w[k * 3 + j]);
      EXPECT_NEAR(y[i * 3 + j], std::max(sum, 0.0), 1e-6);
    }
  }
  DenseOptions no_bias;
  no_bias.bias = false;
  EXPECT_EQ(bench({dense(3, "linear", no_bias)}, {2, 1, 2, 2}).names(), "dense_1.weight[4, 3] ");
}

TEST(Layers, NormsAgreeWithPyTorch) {
  const auto& golden = training_golden()["layers"];
  const std::vector<float> x = pattern(24, 60, 3, 1);
  BatchNormOptions options;
  options.momentum = 0.3;
  Bench training = bench({batch_norm(options)}, {6, 4}, true);
  expect_near(training(x), golden["batch_norm_training"], 2e-6);
  expect_near(training.variable("batch_norm_1.running_mean"), golden["running_mean"], 1e-6);
  expect_near(training.variable("batch_norm_1.running_var"), golden["running_var"], 1e-6);
  Bench evaluation = bench({batch_norm(options)}, {6, 4});
  evaluation.write("batch_norm_1.running_mean", training.variable("batch_norm_1.running_mean"));
  evaluation.write("batch_norm_1.running_var", training.variable("batch_norm_1.running_var"));
  expect_near(evaluation(x), golden["batch_norm_evaluation"], 2e-6);
  Bench norm = bench({layer_norm()}, {6, 4});
  expect_near(norm(x), golden["layer_norm"], 2e-6);
}

TEST(Layers, BatchNormOfImagesIsByChannel) {
  Bench norm = bench({batch_norm()}, {2, 3, 2, 2}, true);
  EXPECT_EQ(norm.variables()[0].type.shape, Shape({3}));
  const auto y = norm(pattern(24, 3, 5));
  for (std::size_t channel = 0; channel < 3; ++channel) {
    double sum = 0, squares = 0;
    for (std::size_t n = 0; n < 2; ++n) {
      for (std::size_t i = 0; i < 4; ++i) {
        const double v = y[(n * 3 + channel) * 4 + i];
        sum += v;
        squares += v * v;
      }
    }
    EXPECT_NEAR(sum, 0, 1e-5);
    EXPECT_NEAR(squares / 8, 1, 1e-3);
  }
}

TEST(Layers, DropoutKeepsTheMeanInTrainingAndNothingHappensElsewhere) {
  const std::vector<float> ones(10000, 1);
  Bench off = bench({dropout(0.3)}, {100, 100});
  EXPECT_EQ(off(ones), ones);
  Bench on = bench({dropout(0.3)}, {100, 100}, true);
  double sum = 0;
  for (const float v : on(ones)) {
    EXPECT_TRUE(v == 0 || std::abs(v - 1 / 0.7) < 1e-6);
    sum += static_cast<double>(v);
  }
  EXPECT_NEAR(sum / 10000, 1, 0.03);
}

TEST(Layers, EmbeddingTakesRows) {
  Bench table = bench({embedding(5, 2)}, {2, 3});
  table.write("embedding_1.weight", {0, 1, 10, 11, 20, 21, 30, 31, 40, 41});
  EXPECT_EQ(table.shape(), Shape({2, 3, 2}));
  EXPECT_EQ(table({4, 0, 1, 2, 7, -1}),
            (std::vector<float>{40, 41, 0, 1, 10, 11, 20, 21, 0, 0, 0, 0}));
}

TEST(Layers, BlocksNestAndNameTheirVariables) {
  Bench same = bench({residual({dense(4, "relu"), dense(4)}, "relu")}, {2, 4});
  EXPECT_EQ(same.names(),
            "residual_1.dense_1.weight[4, 4] residual_1.dense_1.bias[4] "
            "residual_1.dense_2.weight[4, 4] residual_1.dense_2.bias[4] ");
  same.write("residual_1.dense_2.weight", std::vector<float>(16, 0));
  EXPECT_EQ(same({1, -2, 3, 4, -5, 6, 7, 8}), (std::vector<float>{1, 0, 3, 4, 0, 6, 7, 8}));
  EXPECT_THAT(bench({residual({dense(3)})}, {2, 4}).names(),
              HasSubstr("residual_1.projection[4, 3]"));
  Bench joined = bench({concat({{activation("relu")}, {}}), flatten()}, {2, 2});
  EXPECT_EQ(joined({1, -2, -3, 4}), (std::vector<float>{1, 0, 1, -2, 0, 4, -3, 4}));
}

TEST(Layers, ReshapeFillsTheOpenExtent) {
  EXPECT_EQ(bench({reshape({3, -1})}, {2, 12}).shape(), Shape({2, 3, 4}));
  EXPECT_EQ(bench({flatten()}, {2, 3, 4}).shape(), Shape({2, 12}));
  for (const auto& wrong : std::vector<std::vector<std::int64_t>>{
           {5, -1}, {-1, -1}, {0, 12}, {13}, {std::int64_t{1} << 40, std::int64_t{1} << 40}})
    EXPECT_THROW(bench({reshape(wrong)}, {2, 12}), GraphError);
}

TEST(Sequential, TheTableCountsParametersAndWork) {
  const Sequential model({dense(100, "relu"), batch_norm(), dense(10, "softmax")});
  const auto table = model.table({1, 32, 32});
  ASSERT_TRUE(table.ok()) << table.error().message;
  ASSERT_EQ(table->size(), 3U);
  EXPECT_EQ((*table)[0].name, "dense_1");
  EXPECT_EQ((*table)[0].details, "relu");
  EXPECT_EQ((*table)[0].parameters, 1024 * 100 + 100);
  EXPECT_EQ((*table)[0].output, Shape({100}));
  EXPECT_GE((*table)[0].flops, 2.0 * 1024 * 100);
  EXPECT_LE((*table)[0].flops, 2.0 * 1024 * 100 + 500);
  EXPECT_EQ((*table)[1].parameters, 200);
  EXPECT_EQ((*table)[1].buffers, 200);
  EXPECT_EQ((*table)[2].name, "dense_2");
  EXPECT_EQ((*table)[2].parameters, 1010);
}

TEST(Sequential, AWrongLayerIsNamed) {
  const Sequential model({dense(3), reshape({2}), dense(1)});
  const auto table = model.table({4});
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().code, Code::kUsage);
  EXPECT_THAT(table.error().message, HasSubstr("layer 2 (reshape): [reshape]"));
  const auto unknown = Sequential({dense(3, "relo")}).table({4});
  EXPECT_THAT(unknown.error().message, HasSubstr("did you mean relu?"));
  LayerPtr block = dense(2);
  for (int depth = 0; depth < 5; ++depth) block = residual(std::vector<LayerPtr>(10, block));
  EXPECT_THAT(Sequential({block}).table({2}).error().message, HasSubstr("more than 10000 layers"));
}

}  // namespace
}  // namespace bascule::nn
