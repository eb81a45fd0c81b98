// Ops whose kernels go in pieces, with more than one piece: against the judge, in both orders of
// threads and blocks.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bascule/base/random_values.h>
#include <bascule/graph/ops.h>
#include <bascule/run/program.h>

#include "cuda/fake_driver.h"
#include "devices/cuda/device.h"
#include "devices/cuda/kernels/arguments.h"

namespace bascule::cuda {
namespace {

using bascule::test::FakeDriver;

/// More rows than a block looks through at once, more columns than it sums up.
constexpr std::int64_t kRows = 2300, kItems = 9, kWide = kSlab + 37;

std::vector<float> draw(std::int64_t count, std::uint64_t stream) {
  const Philox random(4, stream);
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>(random.uniform(static_cast<std::uint64_t>(i)) - 0.5));
  return values;
}

/// Rows of which some are empty and some full.
struct Batch {
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  Batch() {
    const std::vector<float> random = draw(kRows * kItems, 1);
    for (std::int64_t row = 0; row < kRows; ++row) {
      for (std::int32_t item = 0; item < kItems; ++item) {
        const float value = random[static_cast<std::size_t>(row * kItems + item)];
        if (row % 5 != 0 && value + 0.5F > static_cast<float>(item) / kItems) continue;
        indices.push_back(item);
        values.push_back(value);
      }
      offsets.push_back(std::ssize(indices));
    }
  }
  CsrArgument argument() { return {offsets.data(), indices.data(), values.data()}; }
};

/// Binds by name; the program's output y.
template <class Bind>
std::vector<float> run(Device& device, Graph graph, std::int64_t count, const Bind& bind) {
  VariableStore store(device);
  auto program = Program::make(std::move(graph), store);
  EXPECT_TRUE(program.ok()) << program.error().message;
  EXPECT_TRUE(bind(*program).ok());
  program->step();
  std::vector<float> y(static_cast<std::size_t>(count));
  EXPECT_TRUE(program->read("y", std::span(y)).ok());
  return y;
}

template <class Bind>
void expect_as_judged(Graph (*graph)(), std::int64_t count, const Bind& bind) {
  FakeDriver fake;
  const auto device = open_device(fake.driver(), fake.images(), 0);
  ASSERT_TRUE(device.ok());
  const auto reference = make_reference_device();
  const std::vector<float> y = run(**device, graph(), count, bind);
  const std::vector<float> expected = run(*reference, graph(), count, bind);
  for (std::size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], expected[i], 1e-3) << i;
  fake.backwards = true;
  EXPECT_EQ(run(**device, graph(), count, bind), y);
}

Graph transposed_graph() {
  Graph graph;
  // The capacity is far above what is stored.
  const Value x = graph.input("x", csr_f32({kRows, kItems}, 2 * kRows * kItems));
  graph.output("y", sparse_matmul_transposed(x, graph.input("dy", f32({kRows, kWide}))));
  return graph;
}

Graph scatter_graph() {
  Graph graph;
  graph.output("y", scatter_add_rows(graph.input("x", f32({kRows, kWide})),
                                     graph.input("i", i32({kRows})), kItems));
  return graph;
}

TEST(CudaSparse, SumsColumnsOverManyRows) {
  Batch batch;
  const std::vector<float> y = draw(kRows * kWide, 2);
  CsrArgument argument = batch.argument();
  expect_as_judged(transposed_graph, kItems * kWide, [&](Program& program) -> Status {
    BASCULE_TRY(program.bind_host("x", &argument));
    return program.bind_host("dy", y.data());
  });
}

TEST(CudaSparse, AddsUpManyRowsByIndex) {
  const std::vector<float> values = draw(kRows * kWide, 3);
  std::vector<std::int32_t> indices(kRows);
  for (std::size_t i = 0; i < indices.size(); ++i)
    indices[i] = static_cast<std::int32_t>(i * i % 11) - 1;  // -1 and 9 are out of range
  expect_as_judged(scatter_graph, kItems * kWide, [&](Program& program) -> Status {
    BASCULE_TRY(program.bind_host("x", values.data()));
    return program.bind_host("i", indices.data());
  });
}

TEST(CudaSparse, UpdatesByColumnsOverManyRows) {
  Batch batch;
  const std::vector<float> y = draw(kRows * kWide, 2), w = draw(kItems * kWide, 5);
  const float lr = 0.25F;
  CsrArgument argument = batch.argument();
  const auto updated = [&](Device& device) {
    Graph graph;
    const Value x = graph.input("x", csr_f32({kRows, kItems}, kRows * kItems));
    const Value weights = graph.variable("w", f32({kItems, kWide}));
    const Value g = sparse_matmul_transposed(x, graph.input("dy", f32({kRows, kWide})));
    graph.assign(weights, sgd_update(weights, g,
                                     graph.variable("lr", f32({}), VariableRole::kControl), 0)[0]);
    VariableStore store(device);
    auto program = Program::make(std::move(graph), store);
    EXPECT_TRUE(program.ok()) << program.error().message;
    EXPECT_NE(program->explain().find("sparse_update"), std::string::npos);
    EXPECT_TRUE(store.write("w", std::span<const float>(w)).ok());
    EXPECT_TRUE(program->bind_host("x", &argument).ok());
    EXPECT_TRUE(program->bind_host("dy", y.data()).ok());
    EXPECT_TRUE(store.write("lr", std::span(&lr, 1)).ok());
    program->step();
    return store.values<float>("w").value();
  };
  FakeDriver fake;
  const auto device = open_device(fake.driver(), fake.images(), 0);
  ASSERT_TRUE(device.ok());
  const std::vector<float> found = updated(**device);
  std::vector<double> expected(w.begin(), w.end());
  for (std::int64_t row = 0; row < kRows; ++row)
    for (std::int64_t p = batch.offsets[static_cast<std::size_t>(row)];
         p < batch.offsets[static_cast<std::size_t>(row) + 1]; ++p)
      for (std::int64_t j = 0; j < kWide; ++j)
        expected[static_cast<std::size_t>(batch.indices[static_cast<std::size_t>(p)] * kWide +
                                          j)] -=
            double{lr} * double{batch.values[static_cast<std::size_t>(p)]} *
            double{y[static_cast<std::size_t>(row * kWide + j)]};
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 1e-3) << i;
  fake.backwards = true;
  EXPECT_EQ(updated(**device), found);
}

TEST(CudaSparse, RefusesMoreThanTheInputHolds) {
  FakeDriver fake;
  const auto device = open_device(fake.driver(), fake.images(), 0);
  ASSERT_TRUE(device.ok());
  Batch batch;
  Graph graph;
  graph.output("y", sparse_matmul(graph.input("x", csr_f32({kRows, kItems}, 10)),
                                  graph.input("w", f32({kItems, 2}))));
  VariableStore store(**device);
  auto program = Program::make(std::move(graph), store);
  ASSERT_TRUE(program.ok());
  CsrArgument argument = batch.argument();
  const Status refused = program->bind_host("x", &argument);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUsage);
  EXPECT_EQ(refused.error().message,
            fmt::format("{} non-zeros for f32[2300, 9] csr<=10", batch.values.size()));
}

/// A table after a lazy step with decay, whose gradient has a row twice, a row that is zero but for
/// its end, a row of zeros, and none of the others. `joined`: the gradient is never in memory.
std::vector<float> after_lazy_step(Device& device, const std::vector<float>& table,
                                   const std::vector<float>& rows, bool joined) {
  const std::vector<std::int32_t> indices = {4, 0, 7, -1, 4};
  const float lr = 0.25F;
  Graph graph;
  const Value weights = graph.variable("w", f32({kItems, kWide}));
  const Value g = scatter_add_rows(graph.input("rows", f32({5, kWide})),
                                   graph.input("indices", i32({5})), kItems);
  if (!joined) graph.output("g", g);
  graph.assign(weights,
               sgd_update(weights, g, graph.variable("lr", f32({}), VariableRole::kControl), 0.5,
                          /*lazy=*/true)[0]);
  VariableStore store(device);
  auto program = Program::make(std::move(graph), store);
  EXPECT_TRUE(program.ok()) << program.error().message;
  EXPECT_EQ(program->explain().find("rows_update") != std::string::npos, joined);
  EXPECT_TRUE(store.write("w", std::span(table)).ok());
  EXPECT_TRUE(store.write("lr", std::span(&lr, 1)).ok());
  EXPECT_TRUE(program->bind_host("rows", rows.data()).ok());
  EXPECT_TRUE(program->bind_host("indices", indices.data()).ok());
  program->step();
  return store.values<float>("w").value();
}

TEST(CudaSparse, LazyUpdatesLeaveARowWhereAllOfItsGradientIsZero) {
  const std::vector<float> table = draw(kItems * kWide, 5);
  std::vector<float> rows = draw(5 * kWide, 6);
  const auto row = [&](std::int64_t i) { return rows.begin() + i * kWide; };
  std::fill_n(row(1), kSlab + 3, 0.0F);
  std::fill_n(row(2), kWide, 0.0F);
  std::vector<double> expected(table.begin(), table.end());
  for (std::int64_t j = 0; j < kWide; ++j) {
    const auto step = [&](std::int64_t item, double gradient) {
      double& w = expected[static_cast<std::size_t>(item * kWide + j)];
      w -= 0.25 * (gradient + 0.5 * w);
    };
    step(4, double{row(0)[j]} + double{row(4)[j]});
    step(0, double{row(1)[j]});
  }
  FakeDriver fake;
  const auto device = open_device(fake.driver(), fake.images(), 0);
  ASSERT_TRUE(device.ok());
  for (const bool joined : {true, false}) {
    SCOPED_TRACE(joined);
    fake.backwards = false;
    const std::vector<float> found = after_lazy_step(**device, table, rows, joined);
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 1e-6) << i;
    fake.backwards = true;
    EXPECT_EQ(after_lazy_step(**device, table, rows, joined), found);
  }
}

}  // namespace
}  // namespace bascule::cuda
