#include <cmath>

#include <gtest/gtest.h>

#include <bascule/nn/initializer.h>

namespace bascule::nn {
namespace {

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};

std::vector<float> draw(const std::string& name, const Shape& shape, std::uint64_t seed = 1,
                        std::uint64_t stream = 2) {
  std::vector<float> values(static_cast<std::size_t>(shape.count()));
  const auto initializer = parse_initializer(name);
  EXPECT_TRUE(initializer.ok()) << name;
  EXPECT_TRUE(initialize(*initializer, shape, {shape[0], shape[1]}, seed, stream, values).ok());
  return values;
}

Moments moments(const std::vector<float>& values) {
  Moments m;
  const auto n = static_cast<double>(values.size());
  for (const float v : values) m.mean += static_cast<double>(v) / n;
  for (const float v : values) {
    m.deviation += std::pow(static_cast<double>(v) - m.mean, 2) / n;
    m.largest = std::max(m.largest, std::abs(static_cast<double>(v)));
  }
  m.deviation = std::sqrt(m.deviation);
  return m;
}

TEST(Initializer, FormulasOfTheFrameworks) {
  const Shape shape{400, 300};
  struct Case {
    const char* name;
    double deviation, bound;  // bound 0: none
  };
  const double truncated = 2 / 0.87962566103423978;
  const auto uniform = [](double bound) { return bound / std::sqrt(3); };
  const double glorot = std::sqrt(6.0 / 700), he = std::sqrt(6.0 / 400),
               lecun = std::sqrt(3.0 / 400);
  for (const Case& c :
       {Case{"uniform(0.2)", uniform(0.2), 0.2}, Case{"normal(0.3)", 0.3, 0},
        Case{"glorot_uniform", uniform(glorot), glorot},
        Case{"xavier_uniform", uniform(glorot), glorot},
        Case{"glorot_normal", std::sqrt(2.0 / 700), std::sqrt(2.0 / 700) * truncated},
        Case{"xavier_normal", std::sqrt(2.0 / 700), 0}, Case{"he_uniform", uniform(he), he},
        Case{"he_normal", std::sqrt(2.0 / 400), std::sqrt(2.0 / 400) * truncated},
        Case{"kaiming_normal", std::sqrt(2.0 / 400), 0},
        Case{"lecun_uniform", uniform(lecun), lecun},
        Case{"lecun_normal", std::sqrt(1.0 / 400), std::sqrt(1.0 / 400) * truncated},
        Case{"torch_linear", uniform(0.05), 0.05}}) {
    SCOPED_TRACE(c.name);
    const Moments m = moments(draw(c.name, shape));
    EXPECT_NEAR(m.mean, 0, 0.02 * c.deviation);
    EXPECT_NEAR(m.deviation, c.deviation, 0.01 * c.deviation);
    if (c.bound > 0) {
      EXPECT_LE(m.largest, c.bound * 1.000001);
      EXPECT_GT(m.largest, c.bound * 0.98);
    } else {
      EXPECT_GT(m.largest, 3.5 * c.deviation);
    }
  }
  EXPECT_EQ(draw("constant(0.5)", {2, 2}), std::vector<float>(4, 0.5F));
  EXPECT_EQ(draw("ones", {2, 2}), std::vector<float>(4, 1));
}

TEST(Initializer, OrthogonalRowsOrColumns) {
  for (const Shape& shape : {Shape{20, 7}, Shape{7, 20}, Shape{8, 8}}) {
    const auto a = draw("orthogonal", shape);
    const auto rows = static_cast<std::size_t>(shape[0]),
               columns = static_cast<std::size_t>(shape[1]);
    const bool tall = rows >= columns;
    const std::size_t vectors = std::min(rows, columns), length = std::max(rows, columns);
    for (std::size_t p = 0; p < vectors; ++p) {
      for (std::size_t q = 0; q < vectors; ++q) {
        double dot = 0;
        for (std::size_t i = 0; i < length; ++i)
          dot += static_cast<double>(tall ? a[i * columns + p] : a[p * columns + i]) *
                 static_cast<double>(tall ? a[i * columns + q] : a[q * columns + i]);
        EXPECT_NEAR(dot, p == q ? 1 : 0, 1e-6);
      }
    }
  }
  std::vector<float> values(8);
  EXPECT_FALSE(initialize({Initializer::Kind::kOrthogonal, 0}, {2, 2, 2}, {}, 1, 1, values).ok());
}

TEST(Initializer, DependsOnSeedAndStreamAndNotOnThreads) {
  const auto a = draw("glorot_uniform", {300, 400});
  EXPECT_NE(a, draw("glorot_uniform", {300, 400}, 2));
  EXPECT_NE(a, draw("glorot_uniform", {300, 400}, 1, 3));
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    std::vector<float> again(a.size());
    ASSERT_TRUE(initialize({Initializer::Kind::kGlorotUniform, 0}, {300, 400}, {300, 400}, 1, 2,
                           again, pool)
                    .ok());
    EXPECT_EQ(a, again);
  }
  EXPECT_NE(name_stream("dense_1.weight"), name_stream("dense_2.weight"));
}

TEST(Initializer, UnknownNamesAndParametersAreRefused) {
  EXPECT_EQ(parse_initializer("glorot_unifrom").error().message,
            "unknown initialiser glorot_unifrom; did you mean glorot_uniform?");
  for (const char* wrong : {"", "zeros(1)", "normal(", "normal()", "normal(x)", "normal(1",
                            "normal(1)x", "normal(nan)", "normal(1e999)"})
    EXPECT_FALSE(parse_initializer(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace bascule::nn
