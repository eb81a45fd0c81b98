#pragma once
// The CUDA driver as one table of functions, filled from libcuda.so.1 when it is first asked for:
// nothing of CUDA is linked, a machine without it runs everything else, and tests put another table
// in its place. The few types are declared here, as the driver's binary interface has them, so that
// a build needs no CUDA headers; a test compares them with cuda.h where there is one.
#include <cstddef>
#include <string>

#include "devices/cuda/library.h"

namespace bascule::cuda {

using DevicePointer = unsigned long long;
using ContextHandle = struct ContextTag*;
using ModuleHandle = struct ModuleTag*;
using FunctionHandle = struct FunctionTag*;
using StreamHandle = struct StreamTag*;
using EventHandle = struct EventTag*;
using GraphHandle = struct GraphTag*;
using GraphExecHandle = struct GraphExecTag*;

inline constexpr int kSuccess = 0, kOutOfMemory = 2, kNoGpu = 100, kNoBinary = 209;
inline constexpr int kComputeMajor = 75, kComputeMinor = 76;  ///< attributes of a device
/// Errors of a stream that records: what was asked for cannot be recorded. And calls that a driver
/// does not have on this GPU.
inline constexpr int kFirstCaptureError = 900, kLastCaptureError = 908, kNotSupported = 801;
inline constexpr int kCaptureThreadLocal = 1;  ///< other threads may go on using the driver
inline constexpr unsigned kStreamNonBlocking = 1, kEventWithTiming = 0, kEventWithoutTiming = 2;

struct Driver {
  Entry<int(unsigned)> init{"cuInit"};
  Entry<int(int*)> version{"cuDriverGetVersion"};
  Entry<int(int, const char**)> error_name{"cuGetErrorName"};
  Entry<int(int, const char**)> error_text{"cuGetErrorString"};
  Entry<int(int*)> device_count{"cuDeviceGetCount"};
  Entry<int(int*, int)> device_get{"cuDeviceGet"};
  Entry<int(char*, int, int)> device_name{"cuDeviceGetName"};
  Entry<int(std::size_t*, int)> device_memory{"cuDeviceTotalMem_v2"};
  Entry<int(int*, int, int)> device_attribute{"cuDeviceGetAttribute"};
  Entry<int(ContextHandle*, int)> context_retain{"cuDevicePrimaryCtxRetain"};
  Entry<int(int)> context_release{"cuDevicePrimaryCtxRelease_v2"};
  Entry<int(ContextHandle)> context_set{"cuCtxSetCurrent"};
  Entry<int(ModuleHandle*, const void*)> module_load{"cuModuleLoadData"};
  Entry<int(ModuleHandle)> module_unload{"cuModuleUnload"};
  Entry<int(FunctionHandle*, ModuleHandle, const char*)> module_function{"cuModuleGetFunction"};
  Entry<int(FunctionHandle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
            StreamHandle, void**, void**)>
      launch{"cuLaunchKernel"};
  Entry<int(StreamHandle*, unsigned)> stream_create{"cuStreamCreate"};
  Entry<int(StreamHandle)> stream_destroy{"cuStreamDestroy_v2"};
  Entry<int(StreamHandle)> stream_synchronize{"cuStreamSynchronize"};
  Entry<int(EventHandle*, unsigned)> event_create{"cuEventCreate"};
  Entry<int(EventHandle)> event_destroy{"cuEventDestroy_v2"};
  Entry<int(EventHandle, StreamHandle)> event_record{"cuEventRecord"};
  Entry<int(EventHandle)> event_synchronize{"cuEventSynchronize"};
  Entry<int(StreamHandle, int)> capture_begin{"cuStreamBeginCapture_v2"};
  Entry<int(StreamHandle, GraphHandle*)> capture_end{"cuStreamEndCapture"};
  Entry<int(GraphHandle)> graph_destroy{"cuGraphDestroy"};
  Entry<int(GraphExecHandle*, GraphHandle, unsigned long long)> graph_instantiate{
      "cuGraphInstantiateWithFlags"};
  Entry<int(GraphExecHandle, StreamHandle)> graph_launch{"cuGraphLaunch"};
  Entry<int(GraphExecHandle)> graph_exec_destroy{"cuGraphExecDestroy"};
  Entry<int(float*, EventHandle, EventHandle)> event_elapsed{"cuEventElapsedTime_v2"};  ///< ms
  Entry<int(DevicePointer*, std::size_t)> memory_allocate{"cuMemAlloc_v2"};
  Entry<int(DevicePointer)> memory_free{"cuMemFree_v2"};
  Entry<int(std::size_t*, std::size_t*)> memory_info{"cuMemGetInfo_v2"};
  Entry<int(void**, std::size_t, unsigned)> host_allocate{"cuMemHostAlloc"};
  Entry<int(void*)> host_free{"cuMemFreeHost"};
  Entry<int(DevicePointer, const void*, std::size_t, StreamHandle)> to_device{
      "cuMemcpyHtoDAsync_v2"};
  Entry<int(void*, DevicePointer, std::size_t, StreamHandle)> to_host{"cuMemcpyDtoHAsync_v2"};
  Entry<int(DevicePointer, DevicePointer, std::size_t, StreamHandle)> on_device{
      "cuMemcpyDtoDAsync_v2"};
  Entry<int(DevicePointer, unsigned char, std::size_t, StreamHandle)> set_bytes{"cuMemsetD8Async"};
};

/// visit(entry) for every function of the table, in its order.
template <class Visit>
void for_each_entry(Driver& d, const Visit& visit) {
  const auto all = [&](auto&... entries) {
    static_assert(sizeof...(entries) * sizeof(d.init) == sizeof(Driver), "an entry is missing");
    (visit(entries), ...);
  };
  all(d.init, d.version, d.error_name, d.error_text, d.device_count, d.device_get, d.device_name,
      d.device_memory, d.device_attribute, d.context_retain, d.context_release, d.context_set,
      d.module_load, d.module_unload, d.module_function, d.launch, d.stream_create,
      d.stream_destroy, d.stream_synchronize, d.event_create, d.event_destroy, d.event_record,
      d.event_synchronize, d.event_elapsed, d.capture_begin, d.capture_end, d.graph_destroy,
      d.graph_instantiate, d.graph_launch, d.graph_exec_destroy, d.memory_allocate, d.memory_free,
      d.memory_info, d.host_allocate, d.host_free, d.to_device, d.to_host, d.on_device,
      d.set_bytes);
}

/// Opens the library once. kNoDevice, with the reason: there is none, or it lacks a function.
Result<const Driver*> system_driver();

/// "cuMemAlloc_v2: out of memory (CUDA_ERROR_OUT_OF_MEMORY)".
std::string describe(const Driver& driver, const char* call, int result);

/// Calls a function of the table; kNoDevice with its name and reason when it fails. What fails
/// after a device is up is turned into kFailed by the queue (queue.h).
template <class... Parameters, class... Arguments>
Status call(const Driver& driver, const Entry<int(Parameters...)>& entry, Arguments... arguments) {
  const int result = entry.function(arguments...);
  if (result == kSuccess) return {};
  return {Code::kNoDevice, describe(driver, entry.name, result)};
}

}  // namespace bascule::cuda
