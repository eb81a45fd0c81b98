#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/softmax.inc"

BASCULE_SOFTMAX_KERNELS(BASCULE_DEFINE_KERNEL)
