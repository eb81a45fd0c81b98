// The places of values, checked against a naive account of who is alive when.
#include <gtest/gtest.h>

#include <bascule/graph/op.h>

#include "compile/arena.h"
#include "unit/compile/random_graph.h"
#include "unit/compile/training_graph.h"

namespace bascule {
namespace {

using test::planning_target;
using test::random_graph;
using test::training_graph;
using test::TrainingOptions;

struct Life {
  int first = 0, last = 0;
};

/// When each value in the arena is written and last read; views count as what they are views of.
std::map<ValueId, Life> lives_of(const Plan& plan) {
  const auto root = [&](ValueId value) {
    while (plan.graph.node(value.node).op->view) value = plan.graph.node(value.node).inputs[0];
    return value;
  };
  std::map<ValueId, Life> lives;
  for (const std::string& name : plan.loads) lives[plan.graph.variables().at(name)] = {-1, -1};
  const int end = static_cast<int>(plan.order.size());
  for (int p = 0; p < end; ++p) {
    const NodeId id = plan.order[static_cast<std::size_t>(p)];
    const Node& node = plan.graph.node(id);
    for (std::size_t o = 0; o < node.outputs.size(); ++o)
      lives[{id, static_cast<std::int32_t>(o)}] = {p, p};
    for (const ValueId input : node.inputs) {
      if (const auto at = lives.find(root(input)); at != lives.end()) at->second.last = p;
    }
  }
  for (const auto* ends : {&plan.graph.outputs(), &plan.copies}) {
    for (const auto& [name, value] : *ends) {
      if (const auto at = lives.find(root(value)); at != lives.end()) at->second.last = end;
    }
  }
  std::erase_if(
      lives, [&](const auto& life) { return plan.values.at(life.first).place != Place::kArena; });
  return lives;
}

/// `after` is written over `before`, which ends there, as its op's declaration allows.
bool overwrites(const Plan& plan, ValueId before, ValueId after) {
  const Node& node = plan.graph.node(after.node);
  const auto output = static_cast<std::size_t>(after.output);
  if (output >= node.op->in_place.size() || node.op->in_place[output] < 0) return false;
  ValueId input = node.inputs[static_cast<std::size_t>(node.op->in_place[output])];
  while (plan.graph.node(input.node).op->view) input = plan.graph.node(input.node).inputs[0];
  return input == before && plan.values.at(before).offset == plan.values.at(after).offset;
}

void expect_no_overlap(const Plan& plan) {
  const auto lives = lives_of(plan);
  for (auto a = lives.begin(); a != lives.end(); ++a) {
    const PlannedValue& one = plan.values.at(a->first);
    EXPECT_EQ(one.offset % 64, 0);
    EXPECT_LE(one.offset + one.bytes, plan.arena_bytes);
    for (auto b = std::next(a); b != lives.end(); ++b) {
      const PlannedValue& other = plan.values.at(b->first);
      const bool together = a->second.first <= b->second.last && b->second.first <= a->second.last;
      const bool share =
          one.offset < other.offset + other.bytes && other.offset < one.offset + one.bytes;
      if (!together || !share) continue;
      const bool allowed =
          (a->second.last == b->second.first && overwrites(plan, a->first, b->first)) ||
          (b->second.last == a->second.first && overwrites(plan, b->first, a->first));
      EXPECT_TRUE(allowed) << a->first.node << " and " << b->first.node;
    }
  }
}

/// Every kernel that writes a variable in place comes after all who read its old value.
void expect_old_values_read_first(const Plan& plan) {
  std::map<std::string, int> written;
  for (int p = 0; p < static_cast<int>(plan.order.size()); ++p) {
    const NodeId id = plan.order[static_cast<std::size_t>(p)];
    const Node& node = plan.graph.node(id);
    for (const ValueId input : node.inputs) {
      ValueId root = input;
      while (plan.graph.node(root.node).op->view) root = plan.graph.node(root.node).inputs[0];
      if (plan.graph.node(root.node).op->name != "variable") continue;
      const PlannedValue& planned = plan.values.at(input);
      if (planned.place == Place::kVariable) {
        EXPECT_FALSE(written.contains(planned.name)) << planned.name;
      }
    }
    for (std::size_t o = 0; o < node.outputs.size(); ++o) {
      const PlannedValue& planned = plan.values.at({id, static_cast<std::int32_t>(o)});
      if (planned.place == Place::kVariable) written[planned.name] = p;
    }
  }
}

TEST(MemoryPlan, LiveValuesNeverOverlap) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    for (const bool fused : {false, true}) {
      Target target = planning_target();
      target.fused = fused;
      const auto plan = compile(random_graph(seed), target);
      ASSERT_TRUE(plan.ok()) << plan.error().message;
      expect_no_overlap(plan.value());
      expect_old_values_read_first(plan.value());
      if (HasFailure()) FAIL() << "seed " << seed;
    }
  }
}

TEST(MemoryPlan, TrainingSteps) {
  for (const char* optimizer : {"sgd", "adam", "lion"}) {
    TrainingOptions options;
    options.optimizer = optimizer;
    options.widths = {20, 30, 30, 10};
    options.clip = optimizer == std::string("sgd");
    const auto plan = compile(training_graph(options), planning_target());
    ASSERT_TRUE(plan.ok());
    expect_no_overlap(plan.value());
    expect_old_values_read_first(plan.value());
  }
}

TEST(MemoryPlan, GradientsDoNotOutliveTheirUpdates) {
  // C3's shape: the gradients alone would be 49 MB.
  TrainingOptions options;
  options.batch = 32;
  options.widths = {3072, 3000, 1000, 10};
  const auto fused = compile(training_graph(options), planning_target());
  ASSERT_TRUE(fused.ok());
  // Two activations of the widest pair, their gradients and small change.
  EXPECT_LT(fused->arena_bytes, 32 * (3000 + 1000) * 4 * 2 + 4096);
  const auto plain = compile(training_graph(options), Target{});
  ASSERT_TRUE(plain.ok());
  EXPECT_LT(plain->arena_bytes, 3072 * 3000 * 4 + 32 * (3000 + 1000) * 4 * 2 + 8192);
}

TEST(MemoryPlan, BlocksOfOneMomentAreSideBySide) {
  std::vector<detail::Block> blocks = {{100, 0, 2}, {64, 1, 3}, {200, 3, 4}, {10, 0, 4}};
  EXPECT_EQ(detail::place_blocks(blocks, 64), 64 + 64 + 256);
  EXPECT_EQ(blocks[2].offset, 0);  // the largest
  EXPECT_EQ(blocks[0].offset, 0);  // over by then
  EXPECT_EQ(blocks[1].offset, 256);
  EXPECT_EQ(blocks[3].offset, 320);
}

}  // namespace
}  // namespace bascule
