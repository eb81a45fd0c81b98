// Speed of the cpu device's kernels other than products, one node at a time through the device's
// contract, against what memory gives in the same run: smallest time of many calls on 1 and on 2
// threads. Bytes are what an op must read and write once; values in a cache beat memory.
//   ops_bench [--seconds PER_CASE] [FILTER…]   a FILTER is part of a line's name
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <bascule/base/random.h>
#include <bascule/base/threads.h>
#include <bascule/base/timer.h>
#include <bascule/devices/device.h>
#include <bascule/graph/fused_ops.h>
#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>

namespace bascule {
namespace {

using Build = std::function<std::vector<Value>(Graph&)>;

/// The last node that `build` adds, with its inputs in memory of the device.
class Subject {
 public:
  Subject(Device& device, const Build& build) : device_(device) {
    build(graph_);
    const Node& node = graph_.node(graph_.size() - 1);
    const std::vector<ValueType> types = graph_.input_types(node);
    const std::vector<Layout> in(types.size(), Layout::kRowMajor);
    const std::vector<Layout> out(node.outputs.size(), Layout::kRowMajor);
    kernel_ = std::move(device.prepare({node, types, in, out})).value();
    for (const ValueType& type : types) inputs_.push_back(filled(type));
    for (std::size_t o = 0; o < node.outputs.size(); ++o) {
      // As in a program: the optimizer's results take the place of the old values.
      const bool update = node.op->name.ends_with("_update");
      outputs_.push_back(update ? inputs_[o] : filled(node.outputs[o]));
    }
    workspace_ = allocate(kernel_->workspace_bytes());
    bytes_ = node_bytes(graph_, node);
  }

  [[nodiscard]] double bytes() const { return bytes_; }
  void run() { kernel_->launch({inputs_, outputs_, workspace_}); }

 private:
  void* allocate(std::int64_t bytes) {
    memory_.push_back(std::move(device_.allocate(std::max<std::int64_t>(bytes, 64))).value());
    return memory_.back()->data();
  }
  void* filled(const ValueType& type) {
    void* data = allocate(type.bytes());
    const Philox random(1, memory_.size());
    for (std::int64_t i = 0; i < type.shape.count(); ++i) {
      const double x = random.uniform(static_cast<std::uint64_t>(i));
      if (type.dtype == DType::kF32) static_cast<float*>(data)[i] = static_cast<float>(x);
      if (type.dtype == DType::kI32)
        static_cast<std::int32_t*>(data)[i] = static_cast<std::int32_t>(10 * x);
    }
    return data;
  }

  Device& device_;
  Graph graph_;
  std::vector<std::unique_ptr<DeviceMemory>> memory_;
  std::unique_ptr<Kernel> kernel_;
  std::vector<void*> inputs_, outputs_;
  void* workspace_ = nullptr;
  double bytes_ = 0;
};

template <class Run>
double fastest(double seconds, const Run& run) {
  run();
  double best = std::numeric_limits<double>::infinity();
  const Stopwatch all;
  do {
    const Stopwatch one;
    constexpr int kCalls = 4;
    for (int i = 0; i < kCalls; ++i) run();
    best = std::min(best, one.seconds() / kCalls);
  } while (all.seconds() < seconds);
  return best;
}

struct Line {
  std::string name;
  Build build;
};

Value input(Graph& graph, const Shape& shape) {
  return graph.input(std::to_string(graph.size()), f32(shape));
}
Value labels(Graph& graph, std::int64_t rows) {
  return graph.input(std::to_string(graph.size()), i32({rows}));
}

std::vector<Line> lines() {
  std::vector<Line> all;
  const auto one = [&](const std::string& name, Value (*op)(const Value&), const Shape& shape) {
    all.push_back({fmt::format("{} {}", name, shape.to_string()),
                   [=](Graph& g) { return std::vector{op(input(g, shape))}; }});
  };
  const auto map = [&](const std::string& name, const MapCode& code, const Shape& shape,
                       std::vector<Shape> others) {
    all.push_back({fmt::format("{} {}", name, shape.to_string()), [=](Graph& g) {
                     std::vector<Value> values{input(g, shape)};
                     for (const Shape& other : others) values.push_back(input(g, other));
                     return g.add(get_op("map"), values, map_attributes(code));
                   }});
  };
  using Op = ElementOp;
  // The gradient of relu(x w + b), with the bias already added: scale, gradient, product by a row.
  const MapCode chain{
      3, {{Op::kScale, 0, 0, 0, 0.5}, {Op::kReluGrad, 3, 1}, {Op::kMultiply, 4, 2}}, {5}};
  const MapCode bias_gelu{2, {{Op::kAdd, 0, 1}, {Op::kGelu, 2}}, {3}};
  for (const std::int64_t rows : {128, 2048, 131072}) {
    const Shape shape{rows, 100};
    map("relu_grad chain", chain, shape, {shape, {100}});
    map("bias gelu", bias_gelu, shape, {{100}});
    one("exp", exp, shape);
    one("tanh", tanh, shape);
    one("sigmoid", sigmoid, shape);
    all.push_back({fmt::format("column sums {}", shape.to_string()),
                   [=](Graph& g) { return std::vector{sum(input(g, shape), {0})}; }});
    all.push_back({fmt::format("sum {}", shape.to_string()),
                   [=](Graph& g) { return std::vector{sum(input(g, shape))}; }});
    one(
        "transpose",
        [](const Value& a) {
          return transpose(a, {1, 0});
        },
        shape);
    all.push_back({fmt::format("adam {}", shape.to_string()), [=](Graph& g) {
                     const Value lr = input(g, {}), step = g.input("step", i64({}));
                     return adam_update(input(g, shape), input(g, shape), input(g, shape),
                                        input(g, shape), lr, step, 0.9, 0.999, 1e-8, 0, 0);
                   }});
    all.push_back({fmt::format("nesterov {}", shape.to_string()), [=](Graph& g) {
                     const Value lr = input(g, {});
                     return momentum_update(input(g, shape), input(g, shape), input(g, shape), lr,
                                            0.9, true, true, 0);
                   }});
    all.push_back({fmt::format("dropout_mask {}", shape.to_string()), [=](Graph& g) {
                     const Value step = g.input("step", i64({}));
                     return std::vector{dropout_mask(step, shape, 0.5, 1, 2)};
                   }});
    all.push_back({fmt::format("random_normal {}", shape.to_string()), [=](Graph& g) {
                     const Value step = g.input("step", i64({}));
                     return std::vector{random_normal(step, shape, 1, 2)};
                   }});
  }
  for (const Shape& shape : {Shape{128, 10}, {65536, 10}, {500, 20108}}) {
    one("softmax", softmax, shape);
    one("log_softmax", log_softmax, shape);
    all.push_back({fmt::format("cross_entropy {}", shape.to_string()), [=](Graph& g) {
                     return g.add(get_op("sparse_cross_entropy"),
                                  std::array{input(g, shape), labels(g, shape[0])}, {});
                   }});
    all.push_back(
        {fmt::format("cross_entropy_grad {}", shape.to_string()), [=](Graph& g) {
           return g.add(get_op("sparse_cross_entropy_grad"),
                        std::array{input(g, shape), labels(g, shape[0]), input(g, {shape[0]})}, {});
         }});
  }
  return all;
}

/// GB/s of reading, and of copying (read and written), memory that no cache holds.
std::pair<double, double> memory_speed(Device& device, double seconds) {
  constexpr std::int64_t kFloats = std::int64_t{1} << 26;
  Subject reads(device, [](Graph& g) { return std::vector{sum(input(g, {kFloats}))}; });
  const double read = reads.bytes() / fastest(seconds, [&] { reads.run(); });
  Subject copies(device, [](Graph& g) {
    return std::vector{reshape(input(g, {kFloats}), {1, kFloats})};
  });
  const double copied = 8.0 * kFloats / fastest(seconds, [&] { copies.run(); });
  return {read * 1e-9, copied * 1e-9};
}

int run(double seconds, const std::vector<std::string>& filters) {
  ThreadPool one(1), two(2);
  const auto single = make_cpu_device(one), pair = make_cpu_device(two);
  for (Device* device : {single.get(), pair.get()}) {
    const auto [read, copied] = memory_speed(*device, seconds);
    fmt::print("memory, {} thread{}: read {:.1f} GB/s, copy {:.1f} GB/s\n",
               device == single.get() ? 1 : 2, device == single.get() ? "" : "s", read, copied);
  }
  fmt::print("{:34} {:>10} {:>10} {:>10} {:>10}\n", "", "us, 1 thr", "us, 2 thr", "GB/s, 1",
             "GB/s, 2");
  for (const Line& line : lines()) {
    const auto named = [&](const std::string& f) { return line.name.find(f) != std::string::npos; };
    if (!filters.empty() && std::none_of(filters.begin(), filters.end(), named)) continue;
    double times[2] = {};
    double bytes = 0;
    for (const int t : {0, 1}) {
      Subject subject(t == 0 ? *single : *pair, line.build);
      bytes = subject.bytes();
      times[t] = fastest(seconds, [&] { subject.run(); });
    }
    fmt::print("{:34} {:10.2f} {:10.2f} {:10.1f} {:10.1f}\n", line.name, times[0] * 1e6,
               times[1] * 1e6, bytes / times[0] * 1e-9, bytes / times[1] * 1e-9);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace bascule

int main(int argc, char** argv) {
  double seconds = 0.2;
  std::vector<std::string> filters;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else {
      filters.emplace_back(argv[i]);
    }
  }
  return bascule::run(seconds, filters);
}
