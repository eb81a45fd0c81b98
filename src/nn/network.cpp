#include <fmt/format.h>

#include <bascule/nn/network.h>

namespace bascule::nn {
namespace {

constexpr std::int64_t kPredictBatch = 256;

struct Built {
  Graph graph;
  std::vector<ModelVariable> variables;
  Shape output;
};

Built build_predictor(const Sequential& model, const Shape& sample, std::int64_t batch,
                      std::uint64_t seed) {
  Built built;
  BuildContext context(built.graph, false, seed);
  const Value x = built.graph.input("x", f32(batch_shape(batch, sample)));
  const Value y = model.build(context, x);
  built.graph.output("y", y);
  built.variables = context.variables();
  built.output = sample_shape(y);
  return built;
}

std::string make_signature(const std::vector<ModelVariable>& variables) {
  std::string text;
  for (const ModelVariable& variable : variables)
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : "; ", variable.name, variable.type.to_string());
  return text;
}

}  // namespace

struct Network::State {
  State(Sequential layers, Shape shape, Device& device, std::uint64_t number,
        CompileOptions options)
      : model(std::move(layers)),
        sample(std::move(shape)),
        seed(number),
        compile(std::move(options)),
        store(device) {}

  Sequential model;
  Shape sample, output;
  std::uint64_t seed;
  CompileOptions compile;
  std::vector<ModelVariable> variables;
  std::string signature;
  VariableStore store;
  std::map<std::int64_t, Program> predictors;
};

Network::Network(std::unique_ptr<State> state) : state_(std::move(state)) {}
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;
Network::~Network() = default;

Result<Network> Network::make(Sequential model, const Shape& sample, Device& device,
                              std::uint64_t seed, CompileOptions compile) {
  BASCULE_ASSIGN(const std::vector<LayerRow> table, model.table(sample));
  if (table.empty()) return Error{Code::kUsage, "a network needs at least one layer"};
  auto state = std::make_unique<State>(std::move(model), sample, device, seed, std::move(compile));
  Built built = build_predictor(state->model, sample, 1, seed);
  state->variables = std::move(built.variables);
  state->output = built.output;
  state->signature = make_signature(state->variables);
  for (const ModelVariable& variable : state->variables)
    BASCULE_TRY(state->store.declare(variable.name, variable.type, variable.role));
  Network network(std::move(state));
  BASCULE_TRY(network.initialize());
  return network;
}

const Sequential& Network::model() const {
  return state_->model;
}
const Shape& Network::sample() const {
  return state_->sample;
}
const Shape& Network::output() const {
  return state_->output;
}
std::uint64_t Network::seed() const {
  return state_->seed;
}
const CompileOptions& Network::compile_options() const {
  return state_->compile;
}
VariableStore& Network::store() const {
  return state_->store;
}
const std::vector<ModelVariable>& Network::variables() const {
  return state_->variables;
}
const std::string& Network::signature() const {
  return state_->signature;
}

Status Network::initialize() {
  for (const ModelVariable& variable : state_->variables) {
    std::vector<float> values(static_cast<std::size_t>(variable.type.shape.count()));
    BASCULE_TRY(nn::initialize(variable.initializer, variable.type.shape, variable.fans,
                               state_->seed, name_stream(variable.name), values));
    BASCULE_TRY(state_->store.write(variable.name, std::span<const float>(values)));
  }
  return {};
}

Result<Program> Network::compile_predictor(std::int64_t batch) const {
  Built built = build_predictor(state_->model, state_->sample, batch, state_->seed);
  return Program::make(std::move(built.graph), state_->store, state_->compile);
}

Result<Program*> Network::predictor(std::int64_t batch) {
  const auto at = state_->predictors.find(batch);
  if (at != state_->predictors.end()) return &at->second;
  BASCULE_ASSIGN(Program program, compile_predictor(batch));
  return &state_->predictors.emplace(batch, std::move(program)).first->second;
}

Result<std::vector<float>> Network::predict(std::span<const float> features) {
  const auto width = static_cast<std::size_t>(state_->sample.count());
  const std::size_t samples = width == 0 ? 0 : features.size() / width;
  std::vector<float> outputs(samples * static_cast<std::size_t>(state_->output.count()));
  BASCULE_TRY(predict(features, outputs));
  return outputs;
}

Status Network::predict(std::span<const float> features, std::span<float> outputs) {
  const std::int64_t width = state_->sample.count(), out = state_->output.count();
  const std::int64_t samples = width == 0 ? 0 : static_cast<std::int64_t>(features.size()) / width;
  if (static_cast<std::int64_t>(features.size()) != samples * width ||
      static_cast<std::int64_t>(outputs.size()) != samples * out)
    return {Code::kUsage, fmt::format("{} numbers are not a whole number of samples of {}",
                                      features.size(), state_->sample.to_string())};
  for (std::int64_t begin = 0; begin < samples; begin += kPredictBatch) {
    const std::int64_t batch = std::min(kPredictBatch, samples - begin);
    BASCULE_ASSIGN(Program * program, predictor(batch));
    BASCULE_TRY(program->feed("x", features.subspan(static_cast<std::size_t>(begin * width),
                                                    static_cast<std::size_t>(batch * width))));
    program->step();
    BASCULE_TRY(program->read("y", outputs.subspan(static_cast<std::size_t>(begin * out),
                                                   static_cast<std::size_t>(batch * out))));
  }
  return {};
}

Status Network::save(const std::string& path) const {
  BASCULE_ASSIGN(const VariableSnapshot snapshot,
                 VariableSnapshot::take(state_->store, kModelRoles));
  SafetensorsWriter writer;
  snapshot.add_to(writer);
  return writer.write(path);
}

Status Network::load(const std::string& path) {
  BASCULE_ASSIGN(const auto file, SafetensorsFile::open(path));
  return load(*file);
}

Status Network::load(const SafetensorsFile& file) {
  BASCULE_ASSIGN(const VariableSnapshot snapshot,
                 VariableSnapshot::read(file, state_->store, kModelRoles));
  return snapshot.restore(state_->store);
}

}  // namespace bascule::nn
