#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/reduce.inc"

BASCULE_REDUCE_KERNELS(BASCULE_DEFINE_KERNEL)
