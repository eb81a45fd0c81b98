#include "devices/cuda/device/block.cuh"
#include "devices/cuda/kernels/factors.inc"

BASCULE_FACTOR_KERNELS(BASCULE_DEFINE_KERNEL)
