#include "cuda/fake_driver.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <new>

#include <gtest/gtest.h>

namespace bascule::test {
namespace {

using cuda::DevicePointer;
constexpr int kInvalid = 1, kLaunchFailed = 719, kBroken = 901;
FakeDriver* current = nullptr;

constexpr std::array kFamilies = {"elements", "moves",       "reduce", "softmax", "random",
                                  "updates",  "products",    "sparse", "tops",    "neighbors",
                                  "factors",  "elastic_net", "batches"};
constexpr std::array<cuda::Image, kFamilies.size()> kImages = [] {
  std::array<cuda::Image, kFamilies.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = {kFamilies[i], &kFamilies[i]};
  return all;
}();

}  // namespace

/// The functions of the table. Those that give something back do so even when they fail.
struct FakeFunctions {
  static int begin(const char* name) { return current->begin(name); }
  template <class Handle>
  static int give(const char* name, Handle* handle) {
    if (const int failure = begin(name); failure != cuda::kSuccess) return failure;
    auto* made = new char;
    current->handles_.insert(made);
    *handle = reinterpret_cast<Handle>(made);
    return cuda::kSuccess;
  }
  template <class Handle>
  static int take(const char* name, Handle handle) {
    if (current->handles_.erase(handle) == 0) return kInvalid;
    delete reinterpret_cast<const char*>(handle);
    return begin(name);
  }
  /// Calls that a stream which records does not take.
  static int begin_unrecorded(const char* name) {
    if (const int failure = begin(name); failure != cuda::kSuccess) return failure;
    if (!current->recording_) return cuda::kSuccess;
    current->broken_ = true;
    return cuda::kFirstCaptureError;
  }
  /// Memory of the GPU, or else pinned memory of the host.
  static int allocate(const char* name, std::size_t bytes, void** data, bool on_gpu) {
    if (const int failure = begin_unrecorded(name); failure != cuda::kSuccess) return failure;
    const auto wanted = on_gpu ? static_cast<std::int64_t>(bytes) : 0;
    if (wanted > current->memory - current->allocated_) return cuda::kOutOfMemory;
    *data = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    std::memset(*data, 0xFF, bytes);
    current->allocated_ += wanted;
    ++current->allocations_;
    current->blocks_[*data] = {FakeDriver::Memory(*data), wanted};
    return cuda::kSuccess;
  }
  static int release(const char* name, const void* data) {
    const auto block = current->blocks_.find(data);
    if (block == current->blocks_.end()) return kInvalid;
    current->allocated_ -= block->second.bytes;
    current->blocks_.erase(block);
    return begin(name);
  }
  /// Bytes from here on that belong to one block, or a refusal.
  static int check(const char* name, const void* data, std::size_t bytes) {
    if (const int failure = begin(name); failure != cuda::kSuccess) return failure;
    return current->owns(data, bytes) ? cuda::kSuccess : kInvalid;
  }

  static void fill(cuda::Driver& d);
};

namespace {

void* host(DevicePointer address) {
  return reinterpret_cast<void*>(address);
}

/// A function of a module: the kernel itself.
cuda::FunctionHandle handle_of(const EmulatedKernel* kernel) {
  return reinterpret_cast<cuda::FunctionHandle>(const_cast<EmulatedKernel*>(kernel));
}

}  // namespace

void FakeFunctions::fill(cuda::Driver& d) {
  using cuda::ContextHandle, cuda::EventHandle, cuda::FunctionHandle, cuda::GraphExecHandle,
      cuda::GraphHandle, cuda::ModuleHandle, cuda::StreamHandle;
  // These two report errors and so are not made to fail.
  d.error_name.function = [](int result, const char** text) {
    *text = result == cuda::kOutOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_FAKE";
    return cuda::kSuccess;
  };
  d.error_text.function = [](int result, const char** text) {
    *text = result == cuda::kOutOfMemory ? "out of memory" : "told to fail";
    return cuda::kSuccess;
  };
  d.init.function = [](unsigned) {
    if (current->gpus == 0) return cuda::kNoGpu;
    return begin("cuInit");
  };
  d.version.function = [](int* version) {
    *version = current->version;
    return begin("cuDriverGetVersion");
  };
  d.device_count.function = [](int* count) {
    *count = current->gpus;
    return begin("cuDeviceGetCount");
  };
  d.device_get.function = [](int* device, int ordinal) {
    *device = 100 + ordinal;
    return begin("cuDeviceGet");
  };
  d.device_name.function = [](char* name, int, int) {
    std::strcpy(name, "Fake GPU");
    return begin("cuDeviceGetName");
  };
  d.device_memory.function = [](std::size_t* bytes, int) {
    *bytes = static_cast<std::size_t>(current->memory);
    return begin("cuDeviceTotalMem_v2");
  };
  d.device_attribute.function = [](int* value, int attribute, int) {
    *value = attribute == cuda::kComputeMajor ? current->capability / 10 : current->capability % 10;
    return begin("cuDeviceGetAttribute");
  };
  d.context_retain.function = [](ContextHandle* context, int) {
    if (const int failure = begin("cuDevicePrimaryCtxRetain"); failure != cuda::kSuccess)
      return failure;
    ++current->contexts_;
    *context = reinterpret_cast<ContextHandle>(current);
    return cuda::kSuccess;
  };
  d.context_release.function = [](int) {
    --current->contexts_;
    return begin("cuDevicePrimaryCtxRelease_v2");
  };
  d.context_set.function = [](ContextHandle context) {
    return context == nullptr ? kInvalid : begin("cuCtxSetCurrent");
  };
  d.module_load.function = [](ModuleHandle* module, const void* image) {
    if (!current->loads_images) return cuda::kNoBinary;
    const int result = begin("cuModuleLoadData");
    if (result == cuda::kSuccess) *module = static_cast<ModuleHandle>(const_cast<void*>(image));
    if (result == cuda::kSuccess) current->handles_.insert(image);
    return result;
  };
  d.module_unload.function = [](ModuleHandle module) {
    current->handles_.erase(module);
    return begin("cuModuleUnload");
  };
  d.module_function.function = [](FunctionHandle* function, ModuleHandle module, const char* name) {
    const auto* family = reinterpret_cast<const char* const*>(module);
    const EmulatedKernel* kernel = find_emulated_kernel(*family, name);
    if (kernel == nullptr) return kInvalid;
    *function = handle_of(kernel);
    return begin("cuModuleGetFunction");
  };
  d.launch.function = [](FunctionHandle function, unsigned blocks, unsigned, unsigned, unsigned,
                         unsigned, unsigned, unsigned, StreamHandle, void** parameters, void**) {
    if (const int failure = begin("cuLaunchKernel"); failure != cuda::kSuccess) return failure;
    const auto* kernel = reinterpret_cast<const EmulatedKernel*>(function);
    const auto* bytes = static_cast<const std::byte*>(parameters[0]);
    const auto arguments =
        std::make_shared<std::vector<std::byte>>(bytes, bytes + kernel->argument_bytes);
    current->do_or_record([=] { kernel->run(arguments->data(), blocks, current->backwards); });
    return cuda::kSuccess;
  };
  d.stream_create.function = [](StreamHandle* stream, unsigned) {
    return give("cuStreamCreate", stream);
  };
  d.stream_destroy.function = [](StreamHandle stream) {
    current->recording_ = false;
    return take("cuStreamDestroy_v2", stream);
  };
  d.stream_synchronize.function = [](StreamHandle) {
    ++current->waits_;
    return begin_unrecorded("cuStreamSynchronize");
  };
  d.event_create.function = [](EventHandle* event, unsigned) {
    return give("cuEventCreate", event);
  };
  d.event_destroy.function = [](EventHandle event) { return take("cuEventDestroy_v2", event); };
  d.event_record.function = [](EventHandle, StreamHandle) { return begin("cuEventRecord"); };
  d.event_synchronize.function = [](EventHandle) { return begin_unrecorded("cuEventSynchronize"); };
  d.capture_begin.function = [](StreamHandle, int) {
    if (const int failure = begin("cuStreamBeginCapture_v2"); failure != cuda::kSuccess)
      return failure;
    if (!current->records) return cuda::kFirstCaptureError;
    if (current->recording_) return kInvalid;
    current->recording_ = true;
    current->broken_ = false;
    current->recorded_.clear();
    return cuda::kSuccess;
  };
  d.capture_end.function = [](StreamHandle, GraphHandle* graph) {
    *graph = nullptr;
    if (!current->recording_) return kInvalid;
    current->recording_ = false;
    if (current->broken_) {
      const int failure = begin("cuStreamEndCapture");
      return failure == cuda::kSuccess ? kBroken : failure;
    }
    const int result = give("cuStreamEndCapture", graph);
    if (result != cuda::kSuccess) return result;
    current->graphs_[*graph] = std::move(current->recorded_);
    return cuda::kSuccess;
  };
  d.graph_destroy.function = [](GraphHandle graph) {
    current->graphs_.erase(graph);
    return take("cuGraphDestroy", graph);
  };
  d.graph_instantiate.function = [](GraphExecHandle* made, GraphHandle graph, unsigned long long) {
    if (!current->graphs_.contains(graph)) return kInvalid;
    const int result = give("cuGraphInstantiateWithFlags", made);
    if (result == cuda::kSuccess) current->graphs_[*made] = current->graphs_.at(graph);
    return result;
  };
  d.graph_launch.function = [](GraphExecHandle graph, StreamHandle) {
    if (const int failure = begin("cuGraphLaunch"); failure != cuda::kSuccess) return failure;
    const auto at = current->graphs_.find(graph);
    if (at == current->graphs_.end()) return kInvalid;
    ++current->graph_launches_;
    for (const auto& work : at->second) work();
    return cuda::kSuccess;
  };
  d.graph_exec_destroy.function = [](GraphExecHandle graph) {
    current->graphs_.erase(graph);
    return take("cuGraphExecDestroy", graph);
  };
  d.event_elapsed.function = [](float* milliseconds, EventHandle, EventHandle) {
    *milliseconds = 0.25F;
    return begin("cuEventElapsedTime_v2");
  };
  d.memory_allocate.function = [](DevicePointer* pointer, std::size_t bytes) {
    void* data = nullptr;
    const int result = allocate("cuMemAlloc_v2", bytes, &data, true);
    *pointer = reinterpret_cast<DevicePointer>(data);
    return result;
  };
  d.memory_free.function = [](DevicePointer pointer) {
    return release("cuMemFree_v2", host(pointer));
  };
  d.memory_info.function = [](std::size_t* free, std::size_t* total) {
    *free = static_cast<std::size_t>(current->memory - current->allocated_);
    *total = static_cast<std::size_t>(current->memory);
    return begin("cuMemGetInfo_v2");
  };
  d.host_allocate.function = [](void** data, std::size_t bytes, unsigned) {
    return allocate("cuMemHostAlloc", bytes, data, false);
  };
  d.host_free.function = [](void* data) { return release("cuMemFreeHost", data); };
  d.to_device.function = [](DevicePointer to, const void* from, std::size_t bytes, StreamHandle) {
    const int result = check("cuMemcpyHtoDAsync_v2", host(to), bytes);
    if (result == cuda::kSuccess)
      current->do_or_record([=] { std::memcpy(host(to), from, bytes); });
    return result;
  };
  d.to_host.function = [](void* to, DevicePointer from, std::size_t bytes, StreamHandle) {
    const int result = check("cuMemcpyDtoHAsync_v2", host(from), bytes);
    if (result == cuda::kSuccess)
      current->do_or_record([=] { std::memcpy(to, host(from), bytes); });
    return result;
  };
  d.on_device.function = [](DevicePointer to, DevicePointer from, std::size_t bytes, StreamHandle) {
    const int result = check("cuMemcpyDtoDAsync_v2", host(to), bytes);
    if (result == cuda::kSuccess)
      current->do_or_record([=] { std::memmove(host(to), host(from), bytes); });
    return result;
  };
  d.set_bytes.function = [](DevicePointer to, unsigned char value, std::size_t bytes,
                            StreamHandle) {
    const int result = check("cuMemsetD8Async", host(to), bytes);
    if (result == cuda::kSuccess)
      current->do_or_record([=] { std::memset(host(to), value, bytes); });
    return result;
  };
}

void FakeDriver::Free::operator()(void* data) const {
  std::free(data);
}

FakeDriver::FakeDriver() : images_{kImages, 13000, 80} {
  EXPECT_EQ(current, nullptr);
  current = this;
  FakeFunctions::fill(driver_);
}

FakeDriver::~FakeDriver() {
  EXPECT_EQ(alive(), 0U);
  current = nullptr;
}

int FakeDriver::begin(const char* name) {
  if (++calls_ != fail_at) return cuda::kSuccess;
  failed_ = name;
  return kLaunchFailed;
}

bool FakeDriver::owns(const void* data, std::size_t bytes) const {
  auto block = blocks_.upper_bound(data);
  if (block == blocks_.begin()) return false;
  --block;
  const auto offset = static_cast<const char*>(data) - static_cast<const char*>(block->first);
  return offset + static_cast<std::int64_t>(bytes) <= block->second.bytes;
}

void FakeDriver::do_or_record(std::function<void()> work) {
  if (recording_)
    recorded_.push_back(std::move(work));
  else
    work();
}

std::size_t FakeDriver::alive() const {
  return handles_.size() + blocks_.size() + static_cast<std::size_t>(contexts_);
}

}  // namespace bascule::test
