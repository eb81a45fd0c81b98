// A layer and a loss of one's own, first with the trainer, then in a training loop written by hand
// on the graph API. Both learn sin(x) from samples; the last two lines are their errors.
#include <cmath>
#include <cstdio>
#include <numbers>
#include <vector>

#include <bascule/bascule.h>

namespace {

using namespace bascule;

constexpr std::int64_t kSamples = 256;

/// One number → how near it is to each of some learned centres: exp(−width (x − centre)²).
class RadialBasis final : public nn::Layer {
 public:
  explicit RadialBasis(std::int64_t centres) : centres_(centres) {}

  [[nodiscard]] std::string_view type() const override { return "radial_basis"; }
  Value build(nn::BuildContext& context, const Value& x) const override {
    const Value centre = context.parameter("centre", {1, centres_},
                                           {nn::Initializer::Kind::kUniform, std::numbers::pi});
    const Value width =
        context.parameter("width", {1, centres_}, {nn::Initializer::Kind::kConstant, 1});
    return exp(-(square(x - centre) * width));  // [M, 1] and [1, centres] broadcast
  }

 private:
  std::int64_t centres_;
};

/// log cosh of the error: a square where it is small, a line where it is large.
Value log_cosh(const nn::Activated& output, const Value& target) {
  const Value size = abs(output.after - target);
  const Value each = offset(size + softplus(scale(size, -2)), -std::numbers::ln2);
  return mean(each, {1});
}

nn::Sequential model() {
  return {std::make_shared<RadialBasis>(12), nn::dense(1)};
}

LabelledData sine() {
  LabelledData data;
  data.samples = kSamples;
  data.sample_shape = Shape{1};
  data.target_width = 1;
  data.floats = Buffer<float>::make(kSamples).value();
  for (std::size_t i = 0; i < kSamples; ++i) {
    const double x = (static_cast<double>(i) / (kSamples - 1) - 0.5) * 2 * std::numbers::pi;
    data.floats[i] = static_cast<float>(x);
    data.targets.push_back(static_cast<float>(std::sin(x)));
  }
  return data;
}

Result<double> with_the_trainer(const LabelledData& data, Device& device) {
  BASCULE_ASSIGN(const Features features, Features::make(data, {}));
  const nn::Samples samples = nn::all_samples(features, data);
  BASCULE_ASSIGN(nn::Network network, nn::Network::make(model(), features.shape(), device));
  nn::FitOptions options;
  options.loss = {"log_cosh", log_cosh};
  options.optimizer = nn::adam(0.02);
  options.batch_size = 32;
  options.epochs = 100;
  BASCULE_TRY(nn::fit(network, samples, {}, options));
  BASCULE_ASSIGN(const auto metrics, nn::evaluate(network, samples, options.loss));
  return metrics.at("mae");
}

/// The same as a graph that trains: loss, gradients, updates, and a loop around one step.
Result<double> by_hand(const LabelledData& data, Device& device) {
  BASCULE_ASSIGN(const nn::Network network, nn::Network::make(model(), data.sample_shape, device));
  Graph graph;
  nn::BuildContext context(graph, true, 1);
  const Value x = graph.input("x", f32({kSamples, 1}));
  const Value target = graph.input("target", f32({kSamples, 1}));
  const Value y = network.model().build(context, x);
  const Value loss = mean(log_cosh(context.activation_of(y), target));
  std::vector<Value> parameters;
  for (const nn::ModelVariable& variable : context.variables())
    parameters.push_back(graph.variable(variable.name, variable.type));
  const std::vector<Value> gradients = grad(loss, parameters);
  for (std::size_t p = 0; p < parameters.size(); ++p)
    graph.assign(parameters[p], parameters[p] - scale(gradients[p], 0.5));
  graph.output("error", mean(abs(y - target)));

  BASCULE_ASSIGN(Program program, Program::make(std::move(graph), network.store()));
  BASCULE_TRY(program.feed("x", data.floats.span()));
  BASCULE_TRY(program.feed("target", std::span<const float>(data.targets)));
  for (int step = 0; step < 1000; ++step) program.step();
  BASCULE_ASSIGN(const float error, program.scalar("error"));
  return static_cast<double>(error);
}

Status run() {
  const LabelledData data = sine();
  const auto device = make_cpu_device(default_pool());
  BASCULE_ASSIGN(const double trainer, with_the_trainer(data, *device));
  BASCULE_ASSIGN(const double loop, by_hand(data, *device));
  std::printf("trainer\t%.4f\nby hand\t%.4f\n", trainer, loop);
  return {};
}

}  // namespace

int main() {
  const Status status = run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return static_cast<int>(status.error().code);
}
