#include <algorithm>
#include <cmath>
#include <ctime>
#include <vector>

#include <fmt/format.h>

#include <bascule/base/random_values.h>
#include <bascule/base/timer.h>
#include <bascule/devices/device_check.h>
#include <bascule/graph/op.h>

namespace bascule {
namespace {

/// Uniform in [0, 1).
std::vector<float> draw(std::int64_t count) {
  const RandomValues random(/*seed=*/1, /*stream=*/0);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); i += 4) {
    const PhiloxBlock words = random.block(i / 4, 0);
    for (std::size_t j = i; j < std::min(values.size(), i + 4); ++j)
      values[j] = RandomValues::uniform(words[j - i]);
  }
  return values;
}

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double greatest_error(const std::vector<float>& x, const std::vector<float>& y) {
  double greatest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = std::exp(static_cast<double>(x[i]));
    const double error = std::abs(static_cast<double>(y[i]) - exact) / exact;
    greatest = std::max(greatest, std::isnan(error) ? INFINITY : error);
  }
  return greatest;
}

DeviceActivity since(const DeviceActivity& now, const DeviceActivity& before) {
  return {now.launches - before.launches, now.recordings - before.recordings,
          now.to_device - before.to_device, now.to_host - before.to_host,
          now.copied - before.copied};
}

Status judge(const std::string& device, const DeviceCheck& check,
             const DeviceCheckOptions& options) {
  if (check.greatest_error > kDeviceCheckTolerance)
    return {Code::kFailed, fmt::format("{}: exp is off by {:.2g} of its value, more than {:.0e}",
                                       device, check.greatest_error, kDeviceCheckTolerance)};
  if (check.activity && check.activity->launches != options.iterations)
    return {Code::kFailed, fmt::format("{}: {} kernels were asked for and it counted {}", device,
                                       options.iterations, check.activity->launches)};
  return {};
}

}  // namespace

Result<DeviceCheck> check_device(Device& device, const DeviceCheckOptions& options) {
  Graph graph;
  const ValueType type{DType::kF32, Shape{options.elements}};
  const std::vector<Value> operands = {graph.input("x", type)};
  graph.add(get_op("exp"), operands, {});
  const Node& node = graph.node(graph.size() - 1);
  const Layout plain[] = {Layout::kRowMajor};
  const std::vector<ValueType> types = {type};
  BASCULE_ASSIGN(const std::unique_ptr<Kernel> kernel, device.prepare({node, types, plain, plain}));
  BASCULE_ASSIGN(const auto x, device.allocate(type.bytes()));
  BASCULE_ASSIGN(const auto y, device.allocate(type.bytes()));
  BASCULE_ASSIGN(const auto workspace, device.allocate(kernel->workspace_bytes()));
  const std::vector<float> input = draw(options.elements);
  std::vector<float> output(input.size());

  DeviceCheck check;
  check.kernel = kernel->description();
  const auto* counter = dynamic_cast<const CountsActivity*>(&device);
  const DeviceActivity before = counter == nullptr ? DeviceActivity{} : counter->activity();
  const Stopwatch upload;
  device.upload(input.data(), x->data(), type, Layout::kRowMajor);
  BASCULE_TRY(device.synchronize());
  check.upload = upload.seconds();
  void* const inputs[] = {x->data()};
  void* const outputs[] = {y->data()};
  const double processor = processor_seconds();
  const Stopwatch watch;
  for (std::int64_t i = 0; i < options.iterations; ++i)
    kernel->launch({inputs, outputs, workspace->data()});
  BASCULE_TRY(device.synchronize());
  check.seconds = watch.seconds();
  check.cpu_seconds = processor_seconds() - processor;
  device.download(y->data(), output.data(), type, Layout::kRowMajor);
  BASCULE_TRY(device.synchronize());
  check.greatest_error = greatest_error(input, output);
  if (counter != nullptr) check.activity = since(counter->activity(), before);
  BASCULE_TRY(judge(device.target().device, check, options));
  return check;
}

}  // namespace bascule
