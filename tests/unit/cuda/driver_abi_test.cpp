// The types that driver.h declares against NVIDIA's header, where there is one to compare with.
#if __has_include(<cuda.h>)
#include <cuda.h>
#include <gtest/gtest.h>

#include "devices/cuda/driver.h"
#include "unit/cuda/same_call.h"

namespace bascule::cuda {
namespace {

// cuda.h renames functions to their versions by macros, as the names of the table are.
#define BASCULE_SAME(entry, theirs)                                          \
  static_assert(same_call(Driver().entry, decltype (&(theirs))()), #theirs); \
  EXPECT_STREQ(Driver().entry.name, BASCULE_TEXT(theirs))
#define BASCULE_TEXT(theirs) #theirs

TEST(CudaDriver, IsDeclaredAsNvidiaDeclaresIt) {
  static_assert(sizeof(CUdeviceptr) == sizeof(DevicePointer) && sizeof(CUdevice) == sizeof(int));
  static_assert(CUDA_SUCCESS == kSuccess && CUDA_ERROR_OUT_OF_MEMORY == kOutOfMemory);
  static_assert(CUDA_ERROR_NO_DEVICE == kNoGpu && CUDA_ERROR_NO_BINARY_FOR_GPU == kNoBinary);
  static_assert(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR == kComputeMajor);
  static_assert(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR == kComputeMinor);
  static_assert(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED == kFirstCaptureError);
  static_assert(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD == kLastCaptureError);
  static_assert(CUDA_ERROR_NOT_SUPPORTED == kNotSupported);
  static_assert(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL == kCaptureThreadLocal);
  static_assert(CU_STREAM_NON_BLOCKING == kStreamNonBlocking);
  static_assert(CU_EVENT_DEFAULT == kEventWithTiming);
  static_assert(CU_EVENT_DISABLE_TIMING == kEventWithoutTiming);
  BASCULE_SAME(init, cuInit);
  BASCULE_SAME(version, cuDriverGetVersion);
  BASCULE_SAME(error_name, cuGetErrorName);
  BASCULE_SAME(error_text, cuGetErrorString);
  BASCULE_SAME(device_count, cuDeviceGetCount);
  BASCULE_SAME(device_get, cuDeviceGet);
  BASCULE_SAME(device_name, cuDeviceGetName);
  BASCULE_SAME(device_memory, cuDeviceTotalMem);
  BASCULE_SAME(device_attribute, cuDeviceGetAttribute);
  BASCULE_SAME(context_retain, cuDevicePrimaryCtxRetain);
  BASCULE_SAME(context_release, cuDevicePrimaryCtxRelease);
  BASCULE_SAME(context_set, cuCtxSetCurrent);
  BASCULE_SAME(module_load, cuModuleLoadData);
  BASCULE_SAME(module_unload, cuModuleUnload);
  BASCULE_SAME(module_function, cuModuleGetFunction);
  BASCULE_SAME(launch, cuLaunchKernel);
  BASCULE_SAME(stream_create, cuStreamCreate);
  BASCULE_SAME(stream_destroy, cuStreamDestroy);
  BASCULE_SAME(stream_synchronize, cuStreamSynchronize);
  BASCULE_SAME(event_create, cuEventCreate);
  BASCULE_SAME(event_destroy, cuEventDestroy);
  BASCULE_SAME(event_record, cuEventRecord);
  BASCULE_SAME(event_synchronize, cuEventSynchronize);
  BASCULE_SAME(capture_begin, cuStreamBeginCapture);
  BASCULE_SAME(capture_end, cuStreamEndCapture);
  BASCULE_SAME(graph_destroy, cuGraphDestroy);
  BASCULE_SAME(graph_instantiate, cuGraphInstantiate);
  BASCULE_SAME(graph_launch, cuGraphLaunch);
  BASCULE_SAME(graph_exec_destroy, cuGraphExecDestroy);
  BASCULE_SAME(event_elapsed, cuEventElapsedTime);
  BASCULE_SAME(memory_allocate, cuMemAlloc);
  BASCULE_SAME(memory_free, cuMemFree);
  BASCULE_SAME(memory_info, cuMemGetInfo);
  BASCULE_SAME(host_allocate, cuMemHostAlloc);
  BASCULE_SAME(host_free, cuMemFreeHost);
  BASCULE_SAME(to_device, cuMemcpyHtoDAsync);
  BASCULE_SAME(to_host, cuMemcpyDtoHAsync);
  BASCULE_SAME(on_device, cuMemcpyDtoDAsync);
  BASCULE_SAME(set_bytes, cuMemsetD8Async);
}

}  // namespace
}  // namespace bascule::cuda
#undef BASCULE_SAME
#undef BASCULE_TEXT
#endif
